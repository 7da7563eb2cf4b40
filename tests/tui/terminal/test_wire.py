"""With frugal output a terminal shows the same as without it, and the line carries less."""

import os
import random
import re
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from credtui.tui.terminal.patch import Abilities
from credtui.tui.terminal.wire import Frame
from tests.emulator import Cell, Emulator
from tests.terminal import Terminal
from tests.tui.terminal.wire_sample import PLAIN_NAMES, WIDE_NAMES, Sample

ROOT = Path(__file__).parents[3]
ALL = Abilities(erases_in_colour=True, erases_cells=True, takes_away=True)
TRUECOLOR = {"COLORTERM": "truecolor"}
SETTLE = "\x1b[15~"

KEYS = (
    *(
        "tab",
        "tab",
        "tab",
        "shift+tab",
        "up",
        "down",
        "left",
        "right",
        "enter",
        "space",
        "backspace",
    ),
    *("n", "n", "escape", "escape", "r", "e", "p", "d", "?", ".", "home", "end", "pagedown"),
    *("x", "é", "漢", "字", "🏦", "e\u0301"),
)


class Session:
    """The sample app in a terminal."""

    def __init__(self, env: Mapping[str, str], **options: Any) -> None:
        self.terminal = Terminal(
            [sys.executable, "-m", "tests.tui.terminal.wire_sample"],
            env={"TEXTUAL_ANIMATIONS": "none", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **env},
            cwd=ROOT,
            **options,
        )
        self.settled = 0

    def begin_to_settle(self) -> None:
        self.settled += 1
        self.terminal.send(SETTLE)

    def settle(self) -> int:
        """Wait until the program is idle; return how many bytes it wrote since the mark."""
        done = f"\x1b]2;settled {self.settled}\x07".encode()
        terminal = self.terminal
        terminal.wait_until(lambda: done in terminal.bytes_received, f"answer {self.settled}")
        return len(terminal.bytes_received) - len(done)

    def do(self, *keys: str) -> int:
        """Press keys one after the other, and return how many bytes the program wrote."""
        self.terminal.mark()
        for key in keys:
            self.terminal.send(key) if len(key) == 2 else self.terminal.press(key)
            self.begin_to_settle()
            size = self.settle()
        return size

    def is_back(self) -> bool:
        """Whether another program has written to the terminal, and the sample has come back."""
        received = self.terminal.bytes_received
        return b"another program" in received.rpartition(b"\x1b[?1049h")[0]


class Pair:
    """The same session twice, without and with the frugal output."""

    def __init__(self, env: Mapping[str, str], **options: Any) -> None:
        self.sessions = [
            Session({**env, "SAMPLE_FRUGAL": frugal}, **options) for frugal in ("0", "1")
        ]
        for session in self.sessions:
            session.terminal.wait_for("Quit")
        self.compare("the first paint")

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_: object) -> None:
        for session in self.sessions:
            session.terminal.close()

    def press(self, key: str) -> None:
        for session in self.sessions:
            session.terminal.mark()
            session.terminal.send(key) if len(key) == 2 else session.terminal.press(key)

    def compare(self, after: str) -> None:
        """Check that both terminals show the same once both programs are idle."""
        for session in self.sessions:
            session.begin_to_settle()
        for session in self.sessions:
            session.settle()
        theirs, ours = (seen(session.terminal.screen_cells()) for session in self.sessions)
        assert_same(theirs, ours, after)


def seen(cells: list[list[Cell]]) -> list[list[Cell]]:
    """The cells without what nobody can see: the colour and weight of a blank."""
    return [
        [
            cell
            if cell.char not in {" ", ""} or cell.reverse or cell.underline or cell.strike
            else cell._replace(char=" ", fg="default", bold=False, italic=False, blink=False)
            for cell in row
        ]
        for row in cells
    ]


def assert_same(theirs: list[list[Cell]], ours: list[list[Cell]], after: str) -> None:
    if theirs == ours:
        return
    for y, (their_row, our_row) in enumerate(zip(theirs, ours, strict=True)):
        for x, (their, our) in enumerate(zip(their_row, our_row, strict=True)):
            assert our == their, f"column {x} of row {y} after {after}"


@pytest.mark.parametrize(
    "env",
    [
        pytest.param(TRUECOLOR, id="truecolor"),
        pytest.param({}, id="256-colours"),
        pytest.param({"TERM": "tmux-256color", **TRUECOLOR, "SAMPLE_NAMES": "wide"}, id="wide"),
        pytest.param({"TERM": "vt100", "SAMPLE_NAMES": "wide"}, id="vt100"),
        pytest.param({"TERM": "linux", "SAMPLE_NAMES": "wide"}, id="linux"),
        pytest.param({"NO_COLOR": "1"}, id="no-colour"),
    ],
)
def test_terminals_show_the_same(env: Mapping[str, str]) -> None:
    keys = random.Random(repr(env))
    with Pair(env) as pair:
        for number in range(36):
            if number == 12:
                for session in pair.sessions:
                    session.terminal.resize(30, 100)
                pair.compare("growing")
            if number == 24:
                for session in pair.sessions:
                    session.terminal.resize(20, 61)
                pair.compare("shrinking")
            key = keys.choice(KEYS)
            pair.press(key)
            pair.compare(f"key {number}, {key}")


def test_a_suspended_program_paints_everything_again() -> None:
    synchronized = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
    with Pair(TRUECOLOR, answers=synchronized) as pair:
        pair.press("ctrl+x")
        for session in pair.sessions:
            # Keys that come before the program is back are lost.
            session.terminal.wait_until(session.is_back, "return")
        pair.compare("a program that wrote on the screen")
        pair.press("tab")
        pair.compare("tab")
        for session in pair.sessions:
            assert b"\x1b[?2026h" in session.terminal.bytes_received


def test_a_stopped_program_paints_everything_again() -> None:
    session = Session(TRUECOLOR)
    with session.terminal as terminal:
        terminal.wait_for("Quit")
        session.do("tab")
        before = seen(terminal.screen_cells())
        os.kill(terminal.process.pid, signal.SIGTSTP)
        terminal.wait_until(lambda: 1049 not in terminal.private_modes, "main screen")
        while "\nState:\tT" not in Path(f"/proc/{terminal.process.pid}/status").read_text():
            time.sleep(0.01)  # Otherwise the program would stop after SIGCONT had come.
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.wait_for("Quit")
        session.begin_to_settle()
        session.settle()
        assert_same(before, seen(terminal.screen_cells()), "a stop")


def test_the_line_carries_little() -> None:
    session = Session(TRUECOLOR)
    with session.terminal as terminal:
        terminal.wait_for("Quit")
        session.begin_to_settle()
        assert session.settle() <= 10_000, "first paint"
        for _ in range(6):
            assert session.do("tab") <= 1_500, "focus move"
        assert session.do("n") <= 10_000, "dialog"
        for key in "Payout 2":
            assert session.do(key) <= 300, "key"
        assert session.do("escape") <= 10_000, "end of the dialog"
        assert session.do("ctrl+l") >= 2_000, "repaint"
        assert session.do("ctrl+l", "ctrl+l") <= 10_000


def test_idle_is_silent() -> None:
    session = Session(TRUECOLOR)
    with session.terminal as terminal:
        terminal.wait_for("Quit")
        session.do("tab")
        terminal.wait_quiet()
        terminal.mark()
        before = cpu_seconds(terminal.process.pid)
        time.sleep(2)  # Give the program time to do something wrong.
        assert terminal.bytes_received == b""
        assert cpu_seconds(terminal.process.pid) - before <= 0.06


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_error_leads_back_to_textual() -> None:
    with Pair({**TRUECOLOR, "SAMPLE_BROKEN": "1"}) as pair:
        for key in ("tab", "n", "x", "y", "escape", "tab"):
            pair.press(key)
            pair.compare(key)
        assert len(pair.sessions[1].terminal.bytes_received) > 10_000


def test_switched_off_it_is_textual() -> None:
    session = Session({**TRUECOLOR, "SAMPLE_FRUGAL": "0"})
    with session.terminal as terminal:
        terminal.wait_for("Quit")
        assert session.do("tab") > 10_000


class Mirror(Sample):
    """Feeds each update to two terminals: to one as Textual writes it, to the other as we do."""

    def __init__(self, names: tuple[str, ...], abilities: Abilities) -> None:
        super().__init__(names)
        self.abilities = abilities
        self.resized(Size(80, 24))

    def resized(self, size: Size) -> None:
        self.wanted_size = size
        system = COLOR_SYSTEMS[self.console.color_system or "truecolor"]
        self.frame = Frame(size, system, self.abilities)
        self.theirs, self.ours = (
            Emulator(size.height, size.width, reply=lambda _: None, answers={}) for _ in range(2)
        )
        for emulator in (self.theirs, self.ours):
            emulator.feed(b"\x1b[?7l")

    def _display(self, *args: Any) -> None:
        update = args[1]
        if update is not None and self.size == self.wanted_size:
            text, rows = self.frame.patch(update)
            self.frame.rows |= rows
            self.ours.feed(text.encode())
            self.theirs.feed(update.render_segments(self.console).encode())
            assert_same(seen(self.theirs.cells), seen(self.ours.cells), f"update {self.shown}")
        super()._display(*args)


@pytest.mark.parametrize(
    ("names", "abilities"), [(WIDE_NAMES, ALL), (PLAIN_NAMES, Abilities())], ids=["wide", "plain"]
)
async def test_every_update_shows_the_same(names: tuple[str, ...], abilities: Abilities) -> None:
    keys = random.Random(4)
    app = Mirror(names, abilities)
    names_of_keys = {"?": "question_mark", ".": "full_stop"}
    async with app.run_test(size=(80, 24)) as pilot:
        for number in range(80):
            if number in {30, 55}:
                size = Size(100, 30) if number == 30 else Size(70, 20)
                app.resized(size)
                await pilot.resize_terminal(*size)
                app.refresh()
                await pilot.pause()
            key = keys.choice(KEYS)
            await pilot.press(*([key] if len(key) > 2 else (names_of_keys.get(k, k) for k in key)))
    assert app.shown > 60


class Update:
    """The shape of Textual's full update, one row high."""

    def __init__(self, *segments: Segment) -> None:
        self.region = Region(0, 0, sum(segment.cell_length for segment in segments), 1)
        self.strips = [[Strip(segments)]]


def written(frame: Frame, *segments: Segment) -> str:
    text, rows = frame.patch(Update(*segments))
    frame.rows |= rows
    return text


@pytest.fixture(params=[ALL, Abilities()], ids=["able", "unable"])
def frame(request: pytest.FixtureRequest) -> Frame:
    return Frame((20, 1), ColorSystem.TRUECOLOR, request.param)


def test_what_is_shown_already_is_not_written(frame: Frame) -> None:
    assert "Payout" in written(frame, Segment("Payout gateway"))
    assert written(frame, Segment("Payout gateway")) == ""
    assert written(frame, Segment("Payout getaway")) == "\x1b[1;9He\x1b[Ca"


def test_a_terminal_may_draw_a_wide_character_as_it_likes(frame: Frame) -> None:
    written(frame, Segment("a 東 b"))
    assert written(frame, Segment("a 京 b")) == "\x1b[1;3H\x1b[K京\x1b[1;5H b"


def test_half_of_a_wide_character_is_written_with_the_other(frame: Frame) -> None:
    written(frame, Segment("東京"))
    frame.rows[0][1] = ("b", frame.rows[0][1][1])
    assert written(frame, Segment("東京")) == "\x1b[1H\x1b[K東\x1b[1;3H京"


def test_an_accent_in_a_style_of_its_own_stays_on_its_letter(frame: Frame) -> None:
    assert "e\u0301!" in written(
        frame, Segment("e"), Segment("\u0301", Style(bold=True)), Segment("!")
    ).replace("\x1b[1;2H", "")


def test_text_carries_no_control_characters(frame: Frame) -> None:
    assert written(frame, Segment("a\x1b]52;c;\x07\x9bb\x7f")) == "\x1b[1Ha]52;c;b"


def test_a_link_opens_and_closes(frame: Frame) -> None:
    text = written(frame, Segment("docs", Style(link="https://example.org/")), Segment("!"))
    wanted = r"\x1b\[1H\x1b]8;id=\d+;https://example.org/\x1b\\docs\x1b]8;;\x1b\\!"
    assert re.fullmatch(wanted, text)


def test_a_terminal_gets_only_what_it_knows() -> None:
    bold, red = Style(bold=True, color="#ff0000"), Style(color="#ff0000")
    segments = [Segment("a", bold), Segment("b", red), Segment(" " * 18, Style(bgcolor="#0000ff"))]
    able = written(Frame((20, 1), ColorSystem.TRUECOLOR, ALL), *segments)
    assert able == "\x1b[1H\x1b[1;38;2;255;0;0ma\x1b[22mb\x1b[48;2;0;0;255m\x1b[K\x1b[m"
    unable = written(Frame((20, 1), ColorSystem.TRUECOLOR, Abilities()), *segments)
    assert unable == (
        f"\x1b[1H\x1b[1;38;2;255;0;0ma\x1b[0;38;2;255;0;0mb\x1b[48;2;0;0;255m{' ' * 18}\x1b[m"
    )


def test_an_unknown_update_goes_out_as_it_is() -> None:
    app = Sample()
    app._frame = Frame((20, 1), ColorSystem.TRUECOLOR, ALL)
    update = object()
    assert app._thin(update) is update
    assert app._frame is None
