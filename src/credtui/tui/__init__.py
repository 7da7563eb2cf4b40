"""The portal: what a person sees and presses. It talks to the service only."""
