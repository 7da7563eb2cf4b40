"""Secrets: their grammar, and how they are made, recognised, hashed and compared.

A secret is `csk_TAG_BODYCHECK`:

- `csk` says that it is a credtui secret;
- TAG is the environment's tag, 1 to 6 lower-case letters and digits;
- BODY is 256 random bits as 43 base-62 digits, most significant first;
- CHECK is the CRC-32 of everything before it as 6 base-62 digits.

A secret has at most 60 characters of `[A-Za-z0-9_]`. So bcrypt, which reads 72 bytes, reads it
whole; a double click, a shell, YAML and HTTP Basic take it as one word; and it is never wrapped at
80 columns. The check digits show a mistyped secret, and a leaked one, without asking the store.
"""

import hmac
import re
import string
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pydantic import SecretStr  # late, as bcrypt: sshd waits for a command that needs neither

RandomBytes: TypeAlias = Callable[[int], bytes]
"""A source of randomness: returns as many random bytes as it is asked for."""

SECRET_PATTERN = r"csk_(?P<tag>[a-z0-9]{1,6})_(?P<body>[A-Za-z0-9]{43})(?P<check>[A-Za-z0-9]{6})"  # noqa: S105
"""A regular expression for scanners. A match is a secret if `recognise` says so."""

CLIENT_ID_PATTERN = r"cid_[A-Za-z0-9]{16}"

HASH_PATTERN = r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}"

HIDDEN = "[secret]"
"""Replaces a secret that was taken out of a text."""

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
BODY_LENGTH = 43
CHECK_LENGTH = 6
_CLIENT_ID = re.compile(CLIENT_ID_PATTERN)
_SECRET = re.compile(SECRET_PATTERN)
_PART_OF_SECRET = re.compile(r"csk_[a-z0-9]{1,6}_[A-Za-z0-9]{16,}")


def generate_secret(tag: str, random_bytes: RandomBytes) -> "SecretStr":
    """Return a new secret for the environment with this tag."""
    from pydantic import SecretStr

    unchecked = f"csk_{tag}_{_base62(random_bytes(32), BODY_LENGTH)}"
    return SecretStr(unchecked + _check_digits(unchecked))


def generate_client_id(random_bytes: RandomBytes) -> str:
    """Return a new Client ID: 95 random bits that say nothing about the organization."""
    # 192 bits reduced to 16 digits: no digit is likelier than another by more than 2^-96.
    return f"cid_{_base62(random_bytes(24), 16)}"


def recognise(text: str) -> str | None:
    """Return the environment's tag if `text` is a well-formed secret, else None."""
    match = _SECRET.fullmatch(text)
    if match is None:
        return None
    unchecked, check = text[:-CHECK_LENGTH], match["check"]
    return match["tag"] if hmac.compare_digest(_check_digits(unchecked), check) else None


def is_client_id(text: str) -> bool:
    """Tell whether `text` looks like a Client ID."""
    return _CLIENT_ID.fullmatch(text) is not None


def redact(text: str) -> str:
    """Return a text of this program without secrets, whether whole, mistyped or cut.

    For a text that a person typed, use `credtui.domain.pasted.redact_pasted`, which finds more.
    """
    return _PART_OF_SECRET.sub(HIDDEN, text)


def hash_secret(secret: "SecretStr", cost: int) -> "SecretStr":
    """Return the bcrypt hash of a secret. Blocks for 2^cost rounds: 54 ms at cost 10."""
    import bcrypt
    from pydantic import SecretStr

    value = secret.get_secret_value().encode("ascii")
    return SecretStr(bcrypt.hashpw(value, bcrypt.gensalt(cost)).decode("ascii"))


def matches(secret: "SecretStr", secret_hash: "SecretStr") -> bool:
    """Tell whether a secret has this hash. Blocks as `hash_secret` does.

    A text that isn't a well-formed secret never reaches bcrypt, which raises an error for more than
    72 bytes.
    """
    value = secret.get_secret_value()
    if recognise(value) is None:
        return False
    import bcrypt

    return bcrypt.checkpw(value.encode("ascii"), secret_hash.get_secret_value().encode("ascii"))


def _check_digits(unchecked: str) -> str:
    return _base62(zlib.crc32(unchecked.encode("ascii")).to_bytes(4), CHECK_LENGTH)


def _base62(value: bytes, length: int) -> str:
    """Return the last `length` base-62 digits of a number."""
    number = int.from_bytes(value)
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))


def difference(copy: str, secret: str) -> str:
    """Return in a sentence how a copy differs from a secret; nothing if it doesn't."""
    if hmac.compare_digest(copy.encode(), secret.encode()):
        return ""
    if len(copy) == len(secret):
        return "Your copy does not match, though its length is right."
    return f"Your copy does not match: it has {len(copy)} characters, the secret has {len(secret)}."
