"""What people and clients do with credentials: one method for each."""
