"""Checks clients' secrets: with bcrypt the first time, from memory after that."""

import threading
import time
from functools import cached_property
from hashlib import blake2b

from cachetools import LRUCache
from pydantic import SecretStr

from credtui.domain.client import Client
from credtui.domain.organization import MAX_RETIRED
from credtui.domain.secrets import RandomBytes, generate_secret, hash_secret, matches

_REMEMBERED = 50_000


class VerifiedSecrets:
    """Remembers secrets that bcrypt has verified, as digests.

    The key of the digests never leaves this process. A digest covers the stored hash too, which a
    rotation changes. So a digest of a previous secret is never found, and nothing has to be
    forgotten in time.
    """

    def __init__(self, random_bytes: RandomBytes, bcrypt_cost: int) -> None:
        self._random_bytes = random_bytes
        self._bcrypt_cost = bcrypt_cost
        self._key = random_bytes(32)
        self._digests: LRUCache[bytes, bool] = LRUCache(_REMEMBERED)
        # The cache changes its order when it is read, which threads must not do at once.
        self._lock = threading.Lock()

    def remembers(self, client: Client, secret: SecretStr) -> bool:
        """Tell whether this secret was verified as the client's present one."""
        return self._has(self._digest(client.credential.secret_hash, secret))

    def verify(self, client: Client | None, secret: SecretStr) -> bool:
        """Tell whether this is the client's present secret. Blocks for bcrypt, client or not.

        Look the client up again before you trust the result: there may have been a rotation.
        """
        return self._verify(client.credential.secret_hash if client else self._nobodys_hash, secret)

    def verify_previous(self, client: Client | None, secret: SecretStr) -> bool:
        """Tell whether this is one of the client's previous secrets.

        Blocks for bcrypt, as often whether or not there is a client that has previous secrets.
        """
        hashes = [retired.secret_hash for retired in client.credential.retired] if client else []
        hashes = [*hashes, *[self._nobodys_hash] * MAX_RETIRED][:MAX_RETIRED]
        # Check all of them. To stop at the first that matches would show in the time.
        return True in [matches(secret, secret_hash) for secret_hash in hashes]

    def identify(
        self, client_id: str, client: Client | None, secret: SecretStr, address: str
    ) -> bytes:
        """Return what distinguishes an attempt from all that could have another outcome.

        Attempts from other addresses are distinguished too. So nobody learns from an answer what
        others have presented.
        """
        secret_hash = client.credential.secret_hash if client else self._nobodys_hash
        return self._digest(secret_hash, secret, client_id, address)

    def measure(self) -> float:
        """Return the seconds that bcrypt takes. Blocks for bcrypt."""
        secret, _ = generate_secret("none", self._random_bytes), self._nobodys_hash
        started = time.perf_counter()
        self.verify(None, secret)
        return time.perf_counter() - started

    @cached_property
    def _nobodys_hash(self) -> SecretStr:
        return hash_secret(generate_secret("none", self._random_bytes), self._bcrypt_cost)

    def _verify(self, secret_hash: SecretStr, secret: SecretStr) -> bool:
        digest = self._digest(secret_hash, secret)
        # The same secret may have been verified while this call waited for a thread.
        if self._has(digest):
            return True
        if not matches(secret, secret_hash):
            return False
        with self._lock:
            self._digests[digest] = True
        return True

    def _has(self, digest: bytes) -> bool:
        with self._lock:
            return self._digests.get(digest, False)

    def _digest(self, secret_hash: SecretStr, secret: SecretStr, *others: str) -> bytes:
        text = " ".join([secret_hash.get_secret_value(), secret.get_secret_value(), *others])
        return blake2b(text.encode(), key=self._key, digest_size=32).digest()
