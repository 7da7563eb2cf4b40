"""Dialogs: each asks one thing above the portal, and returns the answer."""
