"""Fingerprints of SSH keys. sshd waits for a command that needs no more than this."""

import base64
import hashlib


def fingerprint(key: bytes) -> str:
    """Return a key's fingerprint as ssh and sshd show it: SHA-256, in Base64 without padding."""
    digest = hashlib.sha256(key).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
