"""The commands, one module for each group: what may be said after a command, and what it does."""
