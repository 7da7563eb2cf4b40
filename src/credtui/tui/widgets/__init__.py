"""Parts of the screen that a person sees as one thing."""
