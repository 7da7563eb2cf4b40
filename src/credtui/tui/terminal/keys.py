"""The sequences that a terminal sends for keys, the mouse and focus.

Textual's XTermParser takes a sequence that it doesn't know for so many typed characters, and fails
on numbers that it doesn't expect. So only the sequences that this module knows reach the parser, in
a form that it reads correctly.
"""

import re

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS, IGNORE_SEQUENCE
from textual._keyboard_protocol import FUNCTIONAL_KEYS

ESCAPE = "\x1b[27u"
"""The key Escape, in a form for which the parser needs no second look at what follows."""

_FOCUS = {"\x1b[I", "\x1b[O"}
# Textual asks for this mode, and for the SGR form of mouse reports. It knows no other form.
_SYNCHRONIZED = re.compile(r"\x1b\[\?2026;[0-4]\$y")
_MOUSE = re.compile(r"\x1b\[<(\d{1,3});(\d{1,5});(\d{1,5})[Mm]")
_BUTTONS = 128  # Textual takes the buttons from here on for the first three.
_MODIFY_OTHER_KEYS = re.compile(r"\x1b\[27;(\d{1,3});(\d{1,7})~")
# Kitty's protocol, and the keys that xterm reports in the same form: code, modifiers, kind of
# event, text.
_KEY = re.compile(
    r"\x1b\[(\d{0,7})(?::[\d:]*)?(?:;(\d{0,3})(?::(\d))?)?(?:;(\d{1,7}(?::\d{1,7})*))?"
    r"([u~A-FHPQRS])"
)
_RELEASED = "3"


def known(sequence: str) -> str:
    """Return a sequence in the form that XTermParser reads correctly.

    Args:
        sequence: A whole CSI or SS3 sequence.

    Returns:
        A sequence or a composed text; nothing if the sequence isn't for a key, the mouse or focus.
    """
    if sequence in _FOCUS or _SYNCHRONIZED.fullmatch(sequence):
        return sequence
    if match := _MOUSE.fullmatch(sequence):
        button, column, row = map(int, match.groups())
        return sequence if button < _BUTTONS and column and row else ""
    if match := _MODIFY_OTHER_KEYS.fullmatch(sequence):
        modifiers, code = match.groups()
        return _key(code, modifiers, "", "", "u")
    if match := _KEY.fullmatch(sequence):
        return _key(*match.groups(default=""))
    return sequence if is_listed(sequence) else ""


def is_listed(sequence: str) -> bool:
    """Return whether Textual's table of keys has the sequence."""
    return ANSI_SEQUENCES_KEYS.get(sequence, IGNORE_SEQUENCE) is not IGNORE_SEQUENCE


def alt(character: str) -> str:
    """Return the sequence for Alt and a character of ASCII."""
    if is_listed(f"\x1b{character}"):
        return f"\x1b{character}"
    # Textual reads Alt and a sign, such as ], as the sign alone, except in kitty's form.
    modifiers = 4 if character.isupper() else 3
    return f"\x1b[{ord(character.lower())};{modifiers}u"


def _key(code: str, modifiers: str, kind: str, text: str, last: str) -> str:
    number = int(code or 1)
    if kind == _RELEASED or (modifiers and not 1 <= int(modifiers) <= 256):
        return ""
    functional = f"{number}{last}" in FUNCTIONAL_KEYS
    if last != "u":
        # XTermParser takes R with two numbers for an answer, where the cursor is.
        if not functional or text or last == "R" or (last == "~" and not code):
            return ""
        return f"\x1b[{number if code or modifiers else ''}{modifiers and ';' + modifiers}{last}"
    characters = [int(part) for part in text.split(":")] if text else []
    if not all(map(_is_character, characters)):
        return ""
    if len(characters) > 1 or (characters and not number):
        return "".join(map(chr, characters))  # Composed by an input method, or several at once.
    if not code or not (functional or (_is_character(number) and not 0xE000 <= number <= 0xF8FF)):
        return ""
    rest = f";{modifiers};{text}" if text else modifiers and f";{modifiers}"
    return f"\x1b[{number}{rest}u"


def _is_character(code: int) -> bool:
    return 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF
