"""Fingerprints of SSH keys. sshd waits for a command that needs no more of keys than this."""

import base64
import hashlib


def fingerprint(data: str) -> str:
    """Return a public key's fingerprint as ssh and sshd show it: SHA-256, in Base64 unpadded.

    Args:
        data: The key itself, in Base64.

    Raises:
        ValueError: The text isn't Base64.
    """
    digest = hashlib.sha256(base64.b64decode(data, validate=True)).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
