"""What opens above the portal, asks one thing, and returns the answer."""
