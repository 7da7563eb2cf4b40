"""Access tokens: who gets one, what it is, and whether it still counts. No HTTP server here."""
