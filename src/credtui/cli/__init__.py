"""The command line: the portal's verbs for scripts, and the way into the portal."""
