"""What a credential is, and the rules. No input, no output."""
