"""The token endpoint, which OAuth 2.0 clients reach over HTTP. It needs the extra `server`."""
