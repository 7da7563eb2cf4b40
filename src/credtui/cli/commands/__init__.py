"""One module for each group of commands: their arguments, and what they do."""
