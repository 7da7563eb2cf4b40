"""Checking a client's secret: with bcrypt the first time, from memory while nothing changes."""

import threading
from collections import OrderedDict
from hashlib import blake2b

from pydantic import SecretStr

from credtui.domain.secrets import RandomBytes, generate_secret, hash_secret, matches
from credtui.service.clients.known import Client

_REMEMBERED = 50_000


class VerifiedSecrets:
    """Secrets that bcrypt has verified, as digests under a key that never leaves this process.

    A digest covers the stored hash too. So what was verified before a rotation is not what is
    asked for after it, and nothing has to be forgotten in time.
    """

    def __init__(self, random_bytes: RandomBytes, bcrypt_cost: int) -> None:
        self._key = random_bytes(32)
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()
        self._nobodys_hash = hash_secret(generate_secret("none", random_bytes), bcrypt_cost)

    def remembers(self, client: Client, secret: SecretStr) -> bool:
        """Tell whether this was verified to be the client's present secret."""
        return self._digest(client.credential.secret_hash, secret) in self._digests

    def remembers_previous(self, client: Client, secret: SecretStr) -> bool:
        """Tell whether this was verified to be one of the client's previous secrets."""
        return any(
            self._digest(retired.secret_hash, secret) in self._digests
            for retired in client.credential.retired
        )

    def verify(self, client: Client | None, secret: SecretStr) -> bool:
        """Tell whether this is the client's present secret. Blocks for bcrypt, client or not.

        The client must be looked up again before this is believed: it may have been rotated.
        """
        return self._verify(client.credential.secret_hash if client else self._nobodys_hash, secret)

    def verify_previous(self, client: Client, secret: SecretStr) -> bool:
        """Tell whether this is one of the client's previous secrets. Blocks for bcrypt."""
        return any(
            self._verify(retired.secret_hash, secret)
            for retired in reversed(client.credential.retired)
        )

    def _verify(self, secret_hash: SecretStr, secret: SecretStr) -> bool:
        digest = self._digest(secret_hash, secret)
        # While this waited for its turn, the same secret may have been verified.
        if digest in self._digests:
            return True
        if not matches(secret, secret_hash):
            return False
        with self._lock:
            self._digests[digest] = None
            if len(self._digests) > _REMEMBERED:
                self._digests.popitem(last=False)
        return True

    def _digest(self, secret_hash: SecretStr, secret: SecretStr) -> bytes:
        text = f"{secret_hash.get_secret_value()} {secret.get_secret_value()}"
        return blake2b(text.encode(), key=self._key, digest_size=32).digest()
