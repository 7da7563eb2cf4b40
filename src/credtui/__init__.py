"""The API credentials page of a payments portal, as a terminal program."""

__version__ = "0.1.0"
