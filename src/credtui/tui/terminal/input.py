"""What a terminal sends, reduced to what a person does.

A terminal also answers questions that nobody asked, and a line may lose bytes or cut a sequence
into pieces. The filter parses the bytes as a terminal does (its states are those of ECMA-48). It
passes keys, the mouse, focus and pastes on, and drops every other sequence as a whole.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable

from credtui.tui.terminal.keys import ESCAPE, alt, is_listed, known

ESCAPE_WITHIN = 0.1
"""Seconds without a byte after which an ESC is taken for the key Escape."""

QUIET = 2.0
"""Seconds without a byte after which a sequence or a paste is dropped."""

PATIENCE = 10.0
"""Seconds after which a sequence or a paste is dropped though bytes keep coming."""

SLOWEST = 1000
"""Bytes in a second that give a long paste more time. Nobody types as fast."""

LONGEST_SEQUENCE = 1024
"""Bytes of a sequence; a longer one is dropped."""

LONGEST_PASTE = 64 * 1024
"""Bytes of a paste; a longer one is dropped."""

_ESC, _BEL = 0x1B, 0x07
_PASTE, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_X10_MOUSE = b"\x1b[M"
_STRING_ENDS = re.compile(b"[\x07\x1b\x9c]")  # BEL, ESC and ST
_C1 = re.compile("[\x80-\x9f]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_State = Callable[[bytes, int], int]


class InputFilter:
    """Takes the bytes of a terminal, in any pieces, and returns what Textual should read.

    Args:
        on_lost: Called with a sentence for the person when a paste is dropped.
    """

    def __init__(self, on_lost: Callable[[str], None] = lambda _: None) -> None:
        self._on_lost = on_lost
        self._decoder = getincrementaldecoder("utf-8")("ignore")
        self._found: list[str] = []
        # A state takes the bytes and a position in them, and returns the position to go on from.
        self._state: _State = self._ground
        self._unit = bytearray()
        self._overlong = False
        self._told = False
        self._began = self._heard = 0.0
        self._count = 0

    @property
    def waits(self) -> bool:
        """Whether a sequence or paste has begun. Then call `tick` if no more bytes come."""
        return self._state != self._ground

    def feed(self, data: bytes, now: float) -> list[str]:
        """Return the characters, the whole sequences and the pastes that end in these bytes.

        Args:
            data: What was read from the terminal.
            now: Seconds on a clock that never steps back.
        """
        self._heard = now
        at = 0
        while at < len(data):
            at = self._state(data, at)
        self._count += len(data)
        return self._take()

    def tick(self, now: float) -> list[str]:
        """Return what is certain because no more bytes came.

        Call this only when nothing can be read: a byte that waits in a queue is not late.

        Args:
            now: Seconds on the clock of `feed`.
        """
        quiet = now - self._heard
        overdue = now - self._began >= PATIENCE + self._count / SLOWEST
        if self._state == self._ground:
            if quiet >= QUIET:
                self._decoder.reset()
        elif self._state == self._escape:
            if quiet >= ESCAPE_WITHIN:
                self._found.append(ESCAPE)
                self._state = self._ground
        elif quiet >= QUIET or overdue:
            self._give_up()
        elif self._state == self._string and quiet >= ESCAPE_WITHIN:
            self._tell_alt()
        return self._take()

    def _take(self) -> list[str]:
        found, self._found = [text for text in self._found if text], []
        return found

    def _give_up(self) -> None:
        if self._state == self._paste:
            self._on_lost("The paste didn't end, and was dropped.")
        elif self._state != self._mouse:
            self._tell_alt()
        self._unit.clear()
        self._state = self._ground

    def _tell_alt(self) -> None:
        # Nothing came after the two bytes that begin a sequence, so they were a key with Alt. A CSI
        # is given more time than a string, because its rest may come late and make an arrow key.
        if len(self._unit) == 2 and not self._told:
            self._found.append(alt(chr(self._unit[1])))
            self._told = True

    def _begin(self) -> None:
        self._state = self._escape
        self._began = self._heard
        self._count = 0
        self._told = False

    # The states

    def _ground(self, data: bytes, at: int) -> int:
        end = data.find(_ESC, at)
        text = self._decoder.decode(data[at : end if end >= 0 else None])
        self._found.extend(_C1.sub("", text))
        if end < 0:
            return len(data)
        self._decoder.reset()
        self._begin()
        return end + 1

    def _escape(self, data: bytes, at: int) -> int:
        byte = data[at]
        if byte == _ESC:
            self._found.append(ESCAPE)
            return at + 1
        self._unit[:] = (_ESC, byte)
        if byte in b"[O":
            self._state = self._sequence
        elif byte in b"]P_^X":
            self._state = self._string
        else:
            self._state = self._ground
            if not (0x20 <= byte < 0x7F or is_listed(f"\x1b{chr(byte)}")):
                return at  # A control key or a character beyond ASCII is a key by itself.
            self._found.append(alt(chr(byte)))
        return at + 1

    def _sequence(self, data: bytes, at: int) -> int:
        byte, unit = data[at], self._unit
        if not 0x20 <= byte < 0x7F:
            self._state = self._ground  # It was cut, and something else begins here.
            return at
        if len(unit) < LONGEST_SEQUENCE:
            unit.append(byte)
        # The Linux console's function keys begin with two brackets; keys of rxvt end in a $.
        ends = byte >= 0x40 and unit != b"\x1b[["
        if ends or (byte == ord("$") and is_listed(unit.decode("ascii"))):
            self._end_sequence()
        return at + 1

    def _end_sequence(self) -> None:
        if self._unit == _PASTE:
            self._unit.clear()
            self._overlong = False
            self._state = self._paste
        elif self._unit == _X10_MOUSE:
            self._state = self._mouse
        else:
            self._state = self._ground
            if len(self._unit) < LONGEST_SEQUENCE:
                self._found.append(known(self._unit.decode("ascii")))

    def _mouse(self, data: bytes, at: int) -> int:
        # A report in the form of X10: a button, a column and a row, of any value.
        self._unit.append(data[at])
        if len(self._unit) == len(_X10_MOUSE) + 3:
            self._state = self._ground
        return at + 1

    def _string(self, data: bytes, at: int) -> int:
        # OSC, DCS, APC, PM or SOS. Nobody needs its text, so only the last byte is kept.
        match = _STRING_ENDS.search(data, at)
        end = match.start() if match else len(data)
        if end > at:
            self._unit[2:] = data[end - 1 : end]
        if match is None:
            return end
        byte, before = data[end], self._unit[-1]
        self._unit[2:] = match[0]
        if byte == _ESC:
            self._state = self._string_escape
        elif byte == _BEL:
            if self._unit[1] == ord("]"):
                self._state = self._ground
        # Within a character of UTF-8 the byte of ST means nothing, unless that character is ST.
        elif before < 0x80 or before == 0xC2:
            self._state = self._ground
        return end + 1

    def _string_escape(self, data: bytes, at: int) -> int:
        if data[at] == _ESC:
            return at + 1
        if data[at] == ord("\\"):
            self._state = self._ground
            return at + 1
        self._begin()  # The string was cut, and something else begins here.
        return at

    def _paste(self, data: bytes, at: int) -> int:
        unit, before = self._unit, len(self._unit)
        unit += data[at:]
        end = unit.find(_PASTE_END, max(0, before - len(_PASTE_END) + 1))
        if end < 0:
            if len(unit) > LONGEST_PASTE:
                self._overlong = True
                del unit[: -len(_PASTE_END) + 1]
            return len(data)
        if self._overlong or end > LONGEST_PASTE:
            self._on_lost("The paste was longer than 64 KiB, and was dropped.")
        else:
            # A sign stands for each unreadable byte, so that a damaged copy doesn't look whole.
            text = _CONTROLS.sub("\ufffd", unit[:end].decode(errors="replace"))
            self._found.append(f"{_PASTE.decode()}{text}{_PASTE_END.decode()}")
        unit.clear()
        self._state = self._ground
        return at + end + len(_PASTE_END) - before
