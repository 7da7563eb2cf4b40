"""Finds secrets, and parts of secrets, in text that people type.

People paste a secret into a field for something else. The secret may be cut, lack its first
characters, or be split by blanks. The text is shown and recorded, so secrets are taken out of it.

The rules here are for people's text only. A text that this program writes may hold other random
characters, such as the hash of an audit event. `credtui.domain.secrets.redact` is for such texts.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterator

from credtui.domain.secrets import (
    BODY_LENGTH,
    CHECK_LENGTH,
    DIGITS,
    HIDDEN,
    SECRET_PATTERN,
    redact,
)

# The check digits cover the environment's tag, which a secret without its prefix doesn't show.
# These are the tags of the environments that need no configuration.
_USUAL_TAGS = ("uat", "prod")

_VALUES = {digit: value for value, digit in enumerate(DIGITS)}

# The fingerprint of an SSH key is random characters too, but it is no secret.
_RUN = re.compile(r"SHA256:[A-Za-z0-9+/]{43}(?![A-Za-z0-9+/])|[A-Za-z0-9]{20,}")
# A Git commit's hash and a UUID without hyphens are no secrets: 32 random letters and digits are
# hexadecimal digits of one case only once in 10^18 times.
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-f]{40}|[0-9a-f]{64})")
_CHANGE = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")


def redact_pasted(text: str) -> str:
    """Return what a person typed, without secrets and without long parts of secrets.

    A whole secret is taken out, whatever stands between its characters. So is each run of at least
    20 letters and digits that changes between upper case, lower case and digit at four of ten steps
    or more: random runs change at six of ten, words at two. Client IDs, fingerprints of SSH keys
    and hashes in hexadecimal stay.
    """
    # Full-width letters count as letters.
    plain = unicodedata.normalize("NFKC", text)
    redacted = re.sub(SECRET_PATTERN, HIDDEN, plain)
    for start, end in reversed(list(_whole_secrets(redacted))):
        redacted = redacted[:start] + HIDDEN + redacted[end:]
    redacted = _RUN.sub(lambda run: HIDDEN if _is_random(run[0]) else run[0], redact(redacted))
    return text if redacted == plain else redacted


def holds_secret(text: str) -> bool:
    """Tell whether there is a secret, or a long part of one, in what a person typed."""
    return redact_pasted(text) != text


def _is_random(run: str) -> bool:
    if ":" in run or _HASH.fullmatch(run):
        return False
    return 10 * len(_CHANGE.findall(run)) >= 4 * (len(run) - 1)


def _whole_secrets(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each secret begins, after its prefix, and where it ends."""
    places = [place for place, character in enumerate(text) if character in _VALUES]
    letters = "".join(text[place] for place in places)
    length = BODY_LENGTH + CHECK_LENGTH
    free = 0
    for start in range(len(letters) - length + 1):
        if start >= free and _has_check_digits(letters, start):
            free = start + length
            yield places[start], places[free - 1] + 1


def _has_check_digits(letters: str, start: int) -> bool:
    """Tell whether the letters after a body that begins at `start` are its check digits."""
    end = start + BODY_LENGTH
    check = 0
    for digit in letters[end : end + CHECK_LENGTH]:
        check = check * 62 + _VALUES[digit]
    if check >> 32:  # no CRC-32
        return False
    before = letters[max(0, start - 6) : start]
    tags = (*_USUAL_TAGS, *(before[first:] for first in range(len(before))))
    body = letters[start:end].encode()
    return any(zlib.crc32(body, zlib.crc32(f"csk_{tag}_".encode())) == check for tag in tags)
