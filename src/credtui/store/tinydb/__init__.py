"""The embedded store: one small TinyDB file for each organization in an environment."""
