"""Forged access tokens: none counts, wherever it is presented."""

import base64
import hmac
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
from benchmarks.load import HOST, PATH

from tests.server.serving import Account
from tests.soak.attacked import LENGTH, attacked


def part(value: Any) -> str:
    """A part of a JSON Web Token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(head: Any, claims: Any, key: bytes) -> str:
    text = f"{part(head)}.{part(claims)}"
    return f"{text}.{part(hmac.digest(key, text.encode(), 'sha256'))}"


def forgeries(genuine: str, other: str, account: Account) -> Iterator[str]:
    """Tokens that were not issued, made from one that was and another that doesn't count."""
    head, said, signature = genuine.split(".")
    claims = jwt.decode(genuine, options={"verify_signature": False})
    header = jwt.get_unverified_header(genuine)
    for algorithm in ("none", "None", "HS384", "HS512", "RS256", "ES256", "EdDSA", "", None, 1):
        changed = part({**header, "alg": algorithm})
        yield from (f"{changed}.{said}.", f"{changed}.{said}.{signature}")
    for key in (b"", b"\0" * 32, b"x", account.secret.encode(), account.client_id.encode()):
        yield signed(header, claims, key)
    for extra in (
        {"kid": "../../../../dev/null"},
        {"jwk": {"kty": "oct", "k": ""}},
        {"jku": f"http://{HOST}/keys"},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
    ):
        yield signed({**header, **extra}, claims, b"")
        yield f"{part({**header, **extra})}.{said}.{signature}"
    for change in (
        {"exp": claims["exp"] + 86400},
        {"exp": 1e300},
        {"exp": None},
        {"sub": "cid_" + "x" * 16},
        {"env": "production"},
        {"env": "../uat"},
        {"aud": "urn:example"},
        {"bind": "0" * 32},
        {"jti": "../../token.key"},
    ):
        yield f"{head}.{part({**claims, **change})}.{signature}"
    _, other_said, other_signature = other.split(".")
    yield from (other, f"{head}.{other_said}.{signature}", f"{head}.{said}.{other_signature}")
    yield from (
        head,
        f"{head}.{said}",
        f"{head}.{said}.",
        f"..{signature}",
        "..",
        "...",
        "x" * 8000,
    )
    yield from (f"{genuine}.{signature}", f"{head}.{said}.{signature}.x.y", signature, said)
    yield from (f"{head}.{said}.{signature[:-2]}", f"{genuine}AAAA", f"{head}.{genuine}")


def with_changed_bytes(genuine: str, source: random.Random) -> str:
    """The token with another byte in one of its parts."""
    parts = [bytearray(base64.urlsafe_b64decode(each + "==")) for each in genuine.split(".")]
    changed = source.choice(parts)
    changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    return ".".join(part(bytes(each)) for each in parts)


def test_forged_tokens(tmp_path: Path) -> None:
    gateway = Account(tmp_path / "store", "gateway")
    settings = f'introspection_clients = ["{gateway.client_id}"]'
    source = random.Random(1)
    with attacked(tmp_path, settings=settings) as target, target.server.client() as http:
        account = target.account

        def token() -> str:
            return str(http.post(PATH, data=account.form()).json()["access_token"])

        def counts(presented: str) -> bool:
            test = http.get(f"{PATH}/test", headers={"Authorization": f"Bearer {presented}"})
            said = http.post(
                "/oauth/introspect",
                data={"token": presented},
                auth=(gateway.client_id, gateway.secret),
            )
            assert test.status_code in (200, 401)
            assert said.status_code in (200, 400, 413)
            active = said.status_code == 200 and said.json()["active"]
            assert active == (test.status_code == 200)
            return bool(active)

        rotated = token()
        account.rotate()
        genuine = token()
        for forged in forgeries(genuine, rotated, account):
            assert not counts(forged), forged
            http.post(
                "/oauth/revoke",
                data={"token": forged},
                auth=(account.client_id, account.secret),
            )
            assert counts(genuine), forged
        end = time.monotonic() + LENGTH
        while time.monotonic() < end:
            forged = with_changed_bytes(genuine, source)
            assert not counts(forged), forged
        assert counts(genuine)
