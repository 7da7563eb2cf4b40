"""The rules for names of credentials and of organizations."""

import re
import unicodedata

from credtui.domain.errors import InvalidOrganizationError
from credtui.domain.pasted import holds_secret, redact_pasted
from credtui.domain.refusals import InvalidNameError

MAX_NAME_LENGTH = 60
"""Characters in a credential's name, after trimming and composing."""

# A Client ID as `name_key` returns it, perhaps with punctuation around it.
_CLIENT_ID_KEY = re.compile(r"[\W_]*cid_[a-z0-9]{16}[\W_]*")

ORGANIZATION_PATTERN = r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
_ORGANIZATION = re.compile(ORGANIZATION_PATTERN)

# Letters and symbols that draw nothing. Unicode gives them categories of visible characters, so
# the categories below let them through: Hangul and Khmer fillers, the blank Braille pattern, the
# combining grapheme joiner and the variation selectors (which terminals draw at differing widths).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

_REFUSED_CATEGORIES = {
    "Cc": "control characters",
    "Cf": "invisible or direction-changing characters",
    "Cs": "broken characters",
    "Co": "private-use characters",
    "Cn": "unassigned characters",
    "Zl": "line separators",
    "Zp": "line separators",
}


def parse_name(text: str) -> str:
    """Return `text` as a credential's name: trimmed, and composed (Unicode NFC).

    Raises:
        InvalidNameError: The name is empty or too long, looks like a Client ID, or holds a secret
            or characters that are not shown as typed.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise InvalidNameError("Enter a name.")
    for character in name:
        if refused := _REFUSED_CATEGORIES.get(unicodedata.category(character)):
            raise InvalidNameError(f"A name can't have {refused} ({_code_point(character)}).")
        if _INVISIBLE.match(character):
            raise InvalidNameError(
                f"A name can't have invisible characters ({_code_point(character)})."
            )
    if unicodedata.category(name[0]).startswith("M"):
        raise InvalidNameError("A name can't begin with a combining mark.")
    if holds_secret(name):
        raise InvalidNameError(
            "A name can't have a secret in it: names are shown and recorded. If this is none, put "
            "blanks between its words."
        )
    if resembles_client_id(name):
        raise InvalidNameError("A name can't look like a Client ID: it could be taken for one.")
    if (excess := len(name) - MAX_NAME_LENGTH) > 0:
        raise InvalidNameError(
            f"A name has at most {MAX_NAME_LENGTH} characters: {excess} too many."
        )
    return name


def name_key(name: str) -> str:
    """Return a key that is the same for names that differ only in case or compatible forms.

    This is the Unicode Standard's compatibility caseless matching (definition D146).
    """
    folded = unicodedata.normalize("NFD", name).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKD", folded)


def resembles_client_id(text: str) -> bool:
    """Tell whether a text could be taken for a Client ID, whatever its case and form."""
    return _CLIENT_ID_KEY.fullmatch(name_key(text)) is not None


def parse_organization(text: str) -> str:
    """Return `text` as an organization's name.

    The name becomes part of an audience, which is a URN, and of a file's name. So it has few kinds
    of characters.

    Raises:
        InvalidOrganizationError: The name has other characters, or is empty or too long.
    """
    if not _ORGANIZATION.fullmatch(text):
        raise InvalidOrganizationError(
            "An organization's name has 1 to 40 lower-case letters, digits and hyphens, "
            "and begins and ends with a letter or digit."
        )
    return text


def is_organization(text: str) -> bool:
    """Tell whether `text` can be an organization's name."""
    return _ORGANIZATION.fullmatch(text) is not None


def printable(text: str) -> str:
    """Return stored text safe to show: U+FFFD replaces what a terminal could act on."""
    return "".join(
        "\ufffd" if unicodedata.category(character) in _REFUSED_CATEGORIES else character
        for character in text
    )


def quotable(text: str, limit: int = MAX_NAME_LENGTH) -> str:
    """Return a text of a person or another program, safe to show and to record.

    The text may be anything. Secrets, and characters that a terminal could act on, are taken out.

    Args:
        text: The text.
        limit: How many characters of it are kept.
    """
    return redact_pasted(printable(text))[:limit]


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
