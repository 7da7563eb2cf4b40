"""Where credentials are kept."""
