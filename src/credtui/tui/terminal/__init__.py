"""All that touches the terminal or the inside of Textual's input."""
