"""The token endpoint: what OAuth 2.0 clients talk to. Needs the extra `server`."""
