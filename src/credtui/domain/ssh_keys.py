"""SSH public keys and their fingerprints, as OpenSSH writes and reads them."""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import NamedTuple

from credtui.domain.fingerprint import fingerprint
from credtui.domain.names import quotable
from credtui.domain.refusals import InvalidKeyError

MINIMUM_RSA_BITS = 2048

# The types of keys that are accepted, each with the fields that follow the type in a key's data.
_FIELDS = {
    "ssh-ed25519": ("key",),
    "ssh-rsa": ("exponent", "modulus"),
    "ecdsa-sha2-nistp256": ("curve", "key"),
    "ecdsa-sha2-nistp384": ("curve", "key"),
    "ecdsa-sha2-nistp521": ("curve", "key"),
    "sk-ssh-ed25519@openssh.com": ("key", "application"),
    "sk-ecdsa-sha2-nistp256@openssh.com": ("curve", "key", "application"),
}

_KEY_LENGTHS = {
    "ssh-ed25519": 32,
    "ecdsa-sha2-nistp256": 65,
    "ecdsa-sha2-nistp384": 97,
    "ecdsa-sha2-nistp521": 133,
    "sk-ssh-ed25519@openssh.com": 32,
    "sk-ecdsa-sha2-nistp256@openssh.com": 65,
}


_PRIVATE = re.compile(
    "(?:BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY|PRIVATE KEY FILE FORMAT|PuTTY-User-Key-File-"
    # A key of age, and the beginning of OpenSSH's own format in Base64, without its first line.
    "|AGE-SECRET-KEY-|b3BlbnNzaC1rZXktdjE"
)

_CONVERTERS = {
    "BEGIN SSH2 PUBLIC KEY": "ssh-keygen -i -f FILE",
    "BEGIN RSA PUBLIC KEY": "ssh-keygen -i -m PEM -f FILE",
    "BEGIN PUBLIC KEY": "ssh-keygen -i -m PKCS8 -f FILE",
}
"""Commands that turn the formats of other programs, such as PuTTY, into that of OpenSSH."""


class PublicKey(NamedTuple):
    """A public key, as one line of a `.pub` file.

    Attributes:
        type: Such as `ssh-ed25519`.
        data: The key itself, in Base64.
        comment: The text after the key. Anybody may have written it.
    """

    type: str
    data: str
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """The fingerprint that ssh and sshd show."""
        return fingerprint(base64.b64decode(self.data))

    @property
    def line(self) -> str:
        """The key as it is kept."""
        return " ".join(part for part in self if part)


def refuse_private_key(text: str) -> None:
    """Refuse a text with a private key in it. The error doesn't quote the key.

    Raises:
        InvalidKeyError: There is a private key.
    """
    if _PRIVATE.search(text):
        raise InvalidKeyError(
            "That is a private key, which must never leave its owner: give the public one, "
            "the file that ends with .pub, and replace the pair if others saw it."
        )


def key_lines(text: str) -> list[str]:
    """Return the lines of a `.pub` or authorized_keys file, without comments and blank lines.

    Raises:
        InvalidKeyError: The text is a private key, or a public key in another format.
    """
    _ensure_lines(text)
    lines = re.split(r"[\r\n]+", text.removeprefix("\ufeff"))
    return [line for line in lines if line.strip() and not line.startswith("#")]


def parse_public_key(text: str) -> PublicKey:
    """Parse a public key.

    Raises:
        InvalidKeyError: The text isn't one key without options, of a type that sshd accepts.
    """
    _ensure_lines(text)
    text = text.removeprefix("\ufeff").strip(" \t\r\n")
    if not text or re.search(r"[\r\n]", text):
        raise InvalidKeyError(
            "Give one public key: one line, as in a file whose name ends with .pub."
        )
    words = re.split(r"[ \t]+", text)
    if words[0] not in _FIELDS:
        if "-cert-v01@" in words[0]:
            raise InvalidKeyError(
                "That is a certificate: give the public key that it certifies, the file that ends "
                "with .pub, without -cert."
            )
        if any(word in _FIELDS for word in words):
            raise InvalidKeyError(
                "Give the key without options: from its type, such as ssh-ed25519, on."
            )
        raise InvalidKeyError(f"A public key begins with its type, one of {', '.join(_FIELDS)}.")
    if len(words) < 2 or not _is_sound(words[0], words[1]):
        raise InvalidKeyError(f"What follows {words[0]} is not such a key: copy it again, whole.")
    return PublicKey(words[0], words[1], quotable(" ".join(words[2:])))


def parse_public_keys(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the lines of public keys as they are kept, each key once.

    Raises:
        InvalidKeyError: A text isn't exactly one public key.
    """
    parsed = {key.data: key.line for key in map(parse_public_key, texts)}
    return tuple(parsed.values())


def _ensure_lines(text: str) -> None:
    refuse_private_key(text)
    for header, command in _CONVERTERS.items():
        if header in text:
            raise InvalidKeyError(
                f"That public key is not as OpenSSH writes it: convert it with {command}."
            )


def _is_sound(type_: str, data: str) -> bool:
    try:
        type_field, *values = _fields(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return False
    names = _FIELDS[type_]
    if type_field != type_.encode() or len(values) != len(names):
        return False
    fields = dict(zip(names, values, strict=True))
    curve = type_.removesuffix("@openssh.com").rpartition("-")[2]
    if fields.get("curve", curve.encode()) != curve.encode():
        return False
    if "modulus" in fields:
        return int.from_bytes(fields["modulus"]).bit_length() >= MINIMUM_RSA_BITS
    return len(fields["key"]) == _KEY_LENGTHS[type_]


def _fields(data: bytes) -> list[bytes]:
    """Return the fields of a key's data. Each stands after its length, in four bytes."""
    fields = []
    while data:
        length = int.from_bytes(data[:4])
        if len(data) < 4 + length or len(data) < 4:
            raise ValueError
        fields.append(data[4 : 4 + length])
        data = data[4 + length :]
    if not fields:
        raise ValueError
    return fields
