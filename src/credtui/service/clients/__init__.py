"""What clients do: present a secret, and get, show and revoke access tokens."""
