"""The filter together with Textual's own parser: only a person's keys, clicks and pastes pass."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.message import Message

from credtui.tui.terminal.input import (
    ESCAPE_WITHIN,
    LONGEST_PASTE,
    LONGEST_SEQUENCE,
    PATIENCE,
    QUIET,
    InputFilter,
)
from tests.tui.terminal.junk import REPORTED, junk


class Line:
    """A line to the filter and the parser, with a clock that the test sets."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self._filter = InputFilter(self.lost.append)
        self._parser = XTermParser()
        self._now = 1000.0
        self.came: list[object] = []

    def send(self, *pieces: bytes | str, gap: float = 0.0) -> "Line":
        """Send bytes, with seconds between them."""
        for number, piece in enumerate(pieces):
            if number:
                self.wait(gap)
            data = piece.encode() if isinstance(piece, str) else piece
            self._take(self._filter.feed(data, self._now))
        return self

    def wait(self, seconds: float) -> "Line":
        """Let time pass. Like the driver, look at the clock again and again."""
        end = self._now + seconds
        while self._now < end:
            self._now = min(end, self._now + 0.05)
            self._take(self._filter.tick(self._now))
        return self

    @property
    def held(self) -> int:
        return len(self._filter._unit)

    def _take(self, texts: Sequence[str]) -> None:
        for text in texts:
            self.came += [name(message) for message in self._parser.feed(text)]
            # Each text is whole, so the parser waits for nothing more.
            assert self._parser._timeout_time is None


def name(message: Message) -> object:
    match message:
        case events.Key():
            return message.key
        case events.Paste():
            return ("paste", message.text)
        case events.MouseEvent():
            return (type(message).__name__, int(message.x), int(message.y))
        case _:
            return type(message).__name__


def keys(*pieces: bytes | str, gap: float = 0.0, after: float = 5.0) -> list[object]:
    return Line().send(*pieces, gap=gap).wait(after).came


KEYS: dict[str, object] = {
    "r": "r",
    "R": "R",
    "é": "é",
    "漢": "漢",
    "🏦": "bank",
    " ": "space",
    "]": "right_square_bracket",
    "\r": "enter",
    "\t": "tab",
    "\x7f": "backspace",
    "\x03": "ctrl+c",
    "\x11": "ctrl+q",
    "\x1c": "ctrl+backslash",
    "\x1b[A": "up",
    "\x1b[1;2B": "shift+down",
    "\x1bOC": "right",
    "\x1bOP": "f1",
    "\x1bOR": "f3",
    "\x1b[15~": "f5",
    "\x1b[[E": "f5",
    "\x1b[3~": "delete",
    "\x1b[3$": "shift+delete",
    "\x1b[3^": "ctrl+delete",
    "\x1b[Z": "shift+tab",
    "\x1b[a": "shift+up",
    "\x1b[13;2u": "shift+enter",
    "\x1b[27u": "escape",
    "\x1b[99;5u": "ctrl+c",
    "\x1b[97;;97u": "a",
    "\x1b[97;2;65u": "A",
    "\x1b[97;1:1;97u": "a",
    "\x1b[97:65;2:2;65u": "A",
    "\x1b[57399;129;48u": "0",
    "\x1b[27;5;105~": "ctrl+i",
    "\x1b[1;5A": "ctrl+up",
    "\x1b[1;1:1B": "down",
    "\x1b[0;;28450u": "漢",
    "\x1bx": "alt+x",
    "\x1bA": "alt+shift+a",
    "\x1b\x7f": "ctrl+w",
    "\x1b[<0;10;7M": ("MouseDown", 9, 6),
    "\x1b[<0;10;7m": ("MouseUp", 9, 6),
    "\x1b[<35;500;99999M": ("MouseMove", 499, 99998),
    "\x1b[<65;1;1M": ("MouseScrollDown", 0, 0),
    "\x1b[I": "AppFocus",
    "\x1b[O": "AppBlur",
    "\x1b[200~a\r\nb\x1b[201~": ("paste", "a\r\nb"),
    "\x1b[200~\x1b[201~": ("paste", ""),
}

# These are keys if nothing follows, and begin strings if something does.
BEGIN_STRINGS = {
    "alt+right_square_bracket": "]",
    "alt+shift+p": "P",
    "alt+underscore": "_",
    "alt+circumflex_accent": "^",
    "alt+shift+x": "X",
}


class TestKeys:
    @pytest.mark.parametrize("sent", KEYS)
    def test_one(self, sent: str) -> None:
        assert keys(sent, after=0) == [KEYS[sent]]

    @pytest.mark.parametrize("sent", [key for key in KEYS if len(key.encode()) > 1])
    def test_a_slow_line_cuts_it(self, sent: str) -> None:
        data = sent.encode()
        for cut in range(1, len(data)):
            # The first byte alone may be the key Escape.
            gap = 0.09 if data[:cut] == b"\x1b" else QUIET - 0.1
            assert keys(data[:cut], data[cut:], gap=gap) == [KEYS[sent]], cut

    def test_escape_waits_a_little(self) -> None:
        line = Line().send("\x1b").wait(ESCAPE_WITHIN / 2)
        assert line.came == []
        assert line.wait(ESCAPE_WITHIN).came == ["escape"]

    def test_escape_and_a_key_later(self) -> None:
        assert keys("\x1b", "r", gap=0.15) == ["escape", "r"]

    def test_escape_twice(self) -> None:
        assert keys("\x1b\x1b") == ["escape", "escape"]

    def test_escape_before_an_arrow(self) -> None:
        assert keys("\x1b\x1b[A") == ["escape", "up"]

    @pytest.mark.parametrize(("key", "sent"), BEGIN_STRINGS.items())
    def test_alt_and_what_begins_a_string(self, key: str, sent: str) -> None:
        assert keys(f"\x1b{sent}", after=0.15) == [key]
        assert keys(f"\x1b{sent}", "r", gap=QUIET + 0.1) == [key, "r"]

    def test_alt_and_what_begins_a_sequence(self) -> None:
        """The filter waits longer here: late bytes may be the rest of an arrow key."""
        assert keys("\x1b[", "r", gap=QUIET + 0.1) == ["alt+left_square_bracket", "r"]
        assert keys("\x1bO", "r", gap=QUIET + 0.1) == ["alt+shift+o", "r"]
        assert keys("\x1b[", "A", gap=QUIET - 0.1) == ["up"]

    def test_alt_types_nothing(self) -> None:
        [sent] = InputFilter().feed(b"\x1bx", 0.0)
        [key] = XTermParser().feed(sent)
        assert isinstance(key, events.Key)
        assert not key.is_printable

    @pytest.mark.parametrize("key", ["\x03", "\x11", "\r"])
    def test_a_control_key_right_behind_escape_counts(self, key: str) -> None:
        assert keys(f"\x1b{key}") == [KEYS[key]]
        assert keys(f"\x1b[1;{key}") == [KEYS[key]]

    def test_composed_text_of_any_length(self) -> None:
        sent = "\x1b[0;;" + ":".join("28450" for _ in range(50)) + "u"
        assert keys(sent) == ["漢"] * 50

    def test_no_key_of_textuals_tables_becomes_another(self) -> None:
        """The filter drops keys that the parser can't read or would take for others."""
        for sequence, listed in ANSI_SEQUENCES_KEYS.items():
            if isinstance(listed, tuple) and sequence != "\x1b\x1b":
                [*came] = map(str, keys(sequence))
                # The parser reads some as Kitty means them: Alt and Up, not Escape and then Up.
                assert came in ([], [key.value for key in listed]) or "+" in came[0], sequence

    def test_all_keys_of_kittys_protocol(self) -> None:
        for sequence, key in FUNCTIONAL_KEYS.items():
            if not sequence.endswith("R"):
                assert keys(f"\x1b[{sequence}") == [key]


class TestJunk:
    @pytest.mark.parametrize("sent", REPORTED.values(), ids=REPORTED)
    def test_one_counts_for_nothing(self, sent: bytes) -> None:
        assert keys(sent) == []
        assert keys(sent + b"\xff", "r", after=0) == ["r"]

    @pytest.mark.parametrize("sent", REPORTED.values(), ids=REPORTED)
    def test_nor_in_pieces(self, sent: bytes) -> None:
        for cut in range(1, len(sent)):
            gap = 0.09 if sent[:cut] == b"\x1b" else QUIET - 0.1
            line = Line().send(sent[:cut]).wait(gap).send(sent[cut:] + b"\xff", "r")
            told = ["alt+" + str(key) for key in ("shift+p", "shift+x")] + [
                "alt+right_square_bracket", "alt+underscore", "alt+circumflex_accent",
            ]  # fmt: skip
            assert [key for key in line.came if key not in told or cut > 2] == ["r"], cut

    @pytest.mark.parametrize("begin", [b"\x1b]52;c;", b"\x1bP1$r", b"\x1b_G", b"\x1b^", b"\x1bX"])
    def test_a_string_that_never_ends(self, begin: bytes) -> None:
        assert keys(begin + b"q" * 70_000, "r", gap=QUIET - 0.1) == []
        assert keys(begin + b"q" * 70_000, "r", gap=QUIET + 0.1) == ["r"]

    def test_a_long_string_in_pieces_is_dropped_as_a_whole(self) -> None:
        assert keys(b"\x1b]52;c;", *[b"q" * 4096] * 40, b"\x07r", gap=1.0) == ["r"]

    def test_nothing_is_held_of_a_string(self) -> None:
        line = Line().send(b"\x1b]52;c;" + b"q" * 1_000_000)
        assert line.held < 10

    @pytest.mark.parametrize("begin", ["\x1b]", "\x1b[200~"])
    def test_whoever_keeps_typing_is_heard_in_the_end(self, begin: str) -> None:
        line = Line().send(begin)
        for _ in range(int(PATIENCE) * 2 + 2):
            line.send("\x11").wait(0.5)
        assert line.came[-1] == "ctrl+q"

    @pytest.mark.parametrize("cut", [b"\x1b]11;rgb", b"\x1bP1", b"\x1b[1;5"])
    def test_a_cut_one_before_a_key(self, cut: bytes) -> None:
        assert keys(cut + b"\x1b[A") == ["up"]

    @pytest.mark.parametrize("cut", [b"\x1b[1;5", b"\x1b[<0;10", b"\x1b[?62;1", b"\x1b[M"])
    def test_a_cut_sequence_is_dropped(self, cut: bytes) -> None:
        assert keys(cut, "r", gap=QUIET + 0.1) == ["r"]

    def test_a_sequence_without_an_end(self) -> None:
        line = Line().send(b"\x1b[" + b"1;" * 1_000_000)
        assert line.held <= LONGEST_SEQUENCE
        assert line.send("u", "r").came == ["r"]

    def test_half_a_character(self) -> None:
        assert keys(b"\xe4", "r") == ["r"]
        assert keys(b"\xe6\xbc", b"\xa2", gap=QUIET + 0.1) == []
        assert keys(b"\xe6\xbc", "\x1b[A", b"\xa2") == ["up"]


class TestPaste:
    def paste(self, data: bytes) -> object:
        [came] = keys(b"\x1b[200~" + data + b"\x1b[201~")
        return came

    @pytest.mark.parametrize(
        ("pasted", "text"),
        [
            (b"a\x00b", "a\ufffdb"),
            (b"a\x1b[Ib", "a\ufffd[Ib"),
            (b"a\x1b]52;c;ZGVs\x07b", "a\ufffd]52;c;ZGVs\ufffdb"),
            (b"a\x1b[48;0;0;0;0tb", "a\ufffd[48;0;0;0;0tb"),
            (b"\x1b[200~a", "\ufffd[200~a"),
            ("a\x9bb\x7f".encode(), "a\ufffdb\ufffd"),
            (b"a\xe4b", "a\ufffdb"),
            (b"a\xe6\xbc", "a\ufffd"),
            ("é\t漢\n".encode(), "é\t漢\n"),
            (b"\x11\x03", "\ufffd\ufffd"),
        ],
    )
    def test_what_a_damaged_one_holds(self, pasted: bytes, text: str) -> None:
        assert self.paste(pasted) == ("paste", text)

    def test_a_slow_one(self) -> None:
        pieces = [b"\x1b[200~", *[b"q" * 1000] * 40, b"\x1b[201~"]
        assert keys(*pieces, gap=1.0) == [("paste", "q" * 40_000)]

    def test_one_that_never_ends(self) -> None:
        line = Line().send("\x1b[200~csk_").wait(QUIET + 0.1)
        assert line.lost == ["The paste didn't end, and was dropped."]
        assert line.held == 0
        assert line.send("\x03").came == ["ctrl+c"]

    def test_one_that_is_too_long(self) -> None:
        line = Line().send(b"\x1b[200~" + b"r" * (LONGEST_PASTE + 1))
        line.send(*[b"r" * 100_000] * 20)
        assert line.held <= LONGEST_PASTE
        line.send("\x1b[20", "1~q")
        assert line.came == ["q"]
        assert line.lost == ["The paste was longer than 64 KiB, and was dropped."]
        assert line.send("\x1b[200~short\x1b[201~").came == ["q", ("paste", "short")]

    def test_the_longest(self) -> None:
        assert self.paste(b"q" * LONGEST_PASTE) == ("paste", "q" * LONGEST_PASTE)


@st.composite
def cuts(draw: st.DrawFn, sent: bytes) -> list[tuple[bytes, float]]:
    """The pieces of one sequence or text, and the seconds after each."""
    places = sorted(draw(st.sets(st.integers(1, len(sent)), max_size=3)))
    pieces = [sent[a:b] for a, b in zip([0, *places], [*places, len(sent)], strict=True) if b > a]
    longest = [0.09 if piece.endswith(b"\x1b") else QUIET - 0.1 for piece in pieces]
    return [(piece, draw(st.floats(0, most))) for piece, most in zip(pieces, longest, strict=True)]


NO_HARM = {"TerminalSupportsSynchronizedOutput", *BEGIN_STRINGS}


class TestAnything:
    @given(st.data())
    def test_keys_arrive_and_nothing_else_does(self, data: st.DataObject) -> None:
        line = Line()
        expected: list[object] = []
        units = data.draw(st.lists(st.sampled_from([*KEYS, "\x1b"]) | junk))
        for unit in units:
            if unit == "\x1b":
                line.send(unit).wait(data.draw(st.floats(ESCAPE_WITHIN + 0.01, 5)))
                expected.append("escape")
                continue
            if isinstance(unit, str):
                expected.append(KEYS[unit])
            sent = unit.encode() if isinstance(unit, str) else unit
            for piece, seconds in data.draw(cuts(sent)):
                line.send(piece).wait(seconds)
            line.wait(data.draw(st.sampled_from([0.0, 0.0, 5.0])))
        # After a gap, the two bytes that begin a string are a key.
        assert [key for key in line.came if key not in NO_HARM] == expected
        assert line.lost == []

    @given(
        st.lists(
            st.tuples(
                st.binary(max_size=40)
                | st.sampled_from(
                    [b"\x1b[", b"\x1b]", b"\x1b[200~", b"\x1b[M", b"\x1b[<", b"\xc3"]
                ),
                st.floats(0, 3),
            )
        )
    )
    def test_after_any_bytes_and_a_while_a_key_arrives(
        self, pieces: list[tuple[bytes, float]]
    ) -> None:
        line = Line()
        for piece, seconds in pieces:
            line.send(piece).wait(seconds)
            assert line.held <= LONGEST_PASTE
        line.wait(QUIET)
        line.came.clear()
        assert line.send("r", "\x1b[A").came == ["r", "up"]

    @given(st.from_regex(rb"\A\x1b(\[[<=>?]?[0-9:;]{0,12}[ !]?[@-~]|O[0-9;]{0,3}[@-~])\Z"))
    def test_the_parser_types_out_no_sequence(self, sent: bytes) -> None:
        """The parser reads each text that passes as one thing, and is then ready for the next."""
        assume(sent not in {b"\x1b[[", b"\x1b[M", b"\x1b[200~"})  # which go on
        line = Line().send(sent)
        composed = sent.count(b";") == 2 and sent.endswith(b"u")
        assert len(line.came) <= 1 or composed
        line.came.clear()
        assert line.send("r").came == ["r"]
