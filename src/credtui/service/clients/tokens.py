"""Access tokens: signed, and good only while the credential's generation is what it was."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, NamedTuple

import jwt
from pydantic_core import to_json

from credtui.domain.secrets import RandomBytes
from credtui.service.clients.known import Client
from credtui.store.port import Store

SCOPE = "payments"
"""What an access token is good for: all that the API offers an organization."""

_ALGORITHM = "HS256"


class Claims(NamedTuple):
    """What a genuine access token says.

    Attributes:
        token: The token's own identity.
        environment: The environment of the credential.
        client_id: The credential.
        generation: Its generation when the token was issued.
        audience: What the token is for.
        issued_at: Seconds since 1970.
        expires_at: Likewise.
    """

    token: str
    environment: str
    client_id: str
    generation: int
    audience: str
    issued_at: int
    expires_at: int

    @property
    def expiry(self) -> datetime:
        """When it expires."""
        return datetime.fromtimestamp(self.expires_at, UTC)


class AccessTokens:
    """Issues access tokens and reads them again.

    They are JSON Web Tokens under a key that only token endpoints have, so that nobody can check
    one without asking, and so miss that its credential was rotated or deleted.
    """

    def __init__(self, store: Store, lifetime: int, random_bytes: RandomBytes) -> None:
        self.lifetime = lifetime
        self._store = store
        self._key = store.token_key(random_bytes)
        self._random_bytes = random_bytes
        self._hmac = hmac.new(self._key, digestmod="sha256")
        head = jwt.PyJWS().encode(b"", self._key, _ALGORITHM, {"typ": "at+jwt"})
        self._head = head.partition(".")[0].encode() + b"."

    def issue(self, client: Client, now: datetime) -> str:
        """Return a new access token."""
        issued_at = int(now.timestamp())
        said = {
            "aud": client.audience,
            "sub": client.client_id,
            "env": client.place.environment,
            "gen": client.credential.generation,
            "scope": SCOPE,
            "iat": issued_at,
            "exp": issued_at + self.lifetime,
            "jti": self._random_bytes(16).hex(),
        }
        # The compact form of RFC 7515. Its head is the same each time, and is made once.
        signed = self._head + urlsafe_b64encode(to_json(said)).rstrip(b"=")
        signature = self._hmac.copy()
        signature.update(signed)
        return (signed + b"." + urlsafe_b64encode(signature.digest()).rstrip(b"=")).decode()

    def read(self, token: str, now: datetime) -> Claims | None:
        """Return what an access token says, None if it is not genuine or has expired."""
        try:
            signed = jwt.PyJWS().decode(token, self._key, algorithms=[_ALGORITHM])
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        said: dict[str, Any] = json.loads(signed)
        claims = Claims(
            token=said["jti"],
            environment=said["env"],
            client_id=said["sub"],
            generation=said["gen"],
            audience=said["aud"],
            issued_at=said["iat"],
            expires_at=said["exp"],
        )
        return claims if claims.expires_at > now.timestamp() else None

    def counts(self, claims: Claims, client: Client | None) -> bool:
        """Tell whether an access token counts, given its client as it is on disk."""
        return (
            client is not None
            and client.credential.generation == claims.generation
            and not self._store.is_revoked(claims.environment, claims.token, claims.expiry)
        )

    def revoke(self, claims: Claims, now: datetime) -> None:
        """Make an access token invalid, to every token endpoint. Blocks on a disk."""
        self._store.revoke(claims.environment, claims.token, claims.expiry, now)
