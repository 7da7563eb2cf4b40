"""The models and the rules. Nothing here does input or output."""
