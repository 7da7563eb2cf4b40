"""Everything that deals with the terminal itself, or with what is private to Textual."""
