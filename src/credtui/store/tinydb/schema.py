"""The number of the layout of the files."""

SCHEMA = 2
"""credtui refuses to use a file with a higher number."""
