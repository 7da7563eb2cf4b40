"""What terminals send besides keys, while a secret is on screen."""

import random
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.conftest import Start
from tests.e2e.test_sessions import generate
from tests.terminal import Terminal
from tests.tui.terminal.junk import REPORTED, junk


def send(terminal: Terminal, data: bytes) -> None:
    terminal.send(data.decode(errors="surrogateescape"))


class TestSecretOnScreen:
    @pytest.fixture
    def terminal(self, start: Start) -> Iterator[Terminal]:
        """A portal that shows a secret. Its dialog counts what is typed into Check your copy."""
        terminal = start()
        self.secret = generate(terminal, "Payout gateway")
        terminal.wait_quiet()
        yield terminal
        assert self.secret in terminal.text
        terminal.press("escape")
        terminal.wait_for("Close without saving?")
        terminal.press("y")
        terminal.wait_gone(self.secret)
        terminal.press("q")
        assert terminal.wait_exit() == 0

    def check_typed(self, terminal: Terminal, count: int) -> None:
        terminal.wait_for(re.compile(rf"it has {count} characters?,"))

    def test_nothing_that_is_reported_counts(self, terminal: Terminal) -> None:
        shown = terminal.text
        for sent in REPORTED.values():
            send(terminal, sent)
            terminal.wait_quiet(0.1)
            assert terminal.text == shown

    def test_keys_between_it_count(self, terminal: Terminal) -> None:
        terminal.click_on("paste the secret")
        for count, sent in enumerate(REPORTED.values(), start=1):
            send(terminal, b"\xff" + sent + b"\xff")
            terminal.send("é漢x"[count % 3])
            if count != len(self.secret):
                self.check_typed(terminal, count)

    def test_anything_in_any_pieces(self, terminal: Terminal) -> None:
        terminal.click_on("paste the secret")

        @settings(max_examples=25)
        @given(
            units=st.lists(junk | st.sampled_from(["x", "é", "漢"]), max_size=40),
            cuts=st.lists(st.floats(0, 1), max_size=8),
        )
        def check(units: list[bytes | str], cuts: list[float]) -> None:
            data = b"".join(unit.encode() if isinstance(unit, str) else unit for unit in units)
            places = {int(cut * len(data)) for cut in cuts}
            # On a busy computer, the rest of a sequence may come too late after an ESC.
            places = {place for place in places if not data[:place].endswith(b"\x1b")}
            for begin, end in pairwise(sorted({0, *places, len(data)})):
                send(terminal, data[begin:end])
            terminal.send("x")
            self.check_typed(terminal, 1 + sum(isinstance(unit, str) for unit in units))
            assert self.secret in terminal.text
            terminal.press("ctrl+u")
            terminal.wait_gone("it has")

        check()

    def test_random_bytes_beyond_ascii(self, terminal: Terminal) -> None:
        shown = terminal.text
        for seed in range(20):
            noise = random.Random(seed).randbytes(500)
            send(terminal, bytes(byte | 0x80 for byte in noise))
            terminal.wait_quiet(0.1)
        assert terminal.text == shown

    def test_a_damaged_copy_never_matches(self, terminal: Terminal) -> None:
        terminal.click_on("paste the secret")
        for damaged in (
            self.secret[:20].encode() + b"\x00" + self.secret[20:].encode(),
            self.secret.encode() + b"\xc3",
            self.secret[:20].encode() + b"\x1b[I" + self.secret[20:].encode(),
            self.secret.encode() + b"\xc2\x85",
        ):
            send(terminal, b"\x1b[200~" + damaged + b"\x1b[201~")
            terminal.wait_for("does not match")
            terminal.press("ctrl+u")
            terminal.wait_gone("does not match")

    @pytest.mark.parametrize(
        ("keys", "title"),
        [("", "Save your secret now"), ("?", "Keys"), ("f", "New file"), ("\x10", "Theme")],
        ids=["alone", "help", "save", "palette"],
    )
    def test_any_size(self, terminal: Terminal, keys: str, title: str) -> None:
        terminal.send(keys)
        terminal.wait_for(title)
        terminal.wait_quiet()
        for size in [*((24, columns) for columns in range(1, 12)), (1, 1), (5, 20), (1, 80)]:
            terminal.mark()
            terminal.resize(*size)
            terminal.wait_until(lambda: bool(terminal.bytes_received), "smaller picture")
            terminal.resize(24, 80)
            terminal.wait_for(title)
        if keys:
            terminal.press("escape")
        terminal.wait_for(self.secret)


class TestPaste:
    def test_one_without_an_end_gives_the_keyboard_back(self, start: Start) -> None:
        terminal = start()
        terminal.wait_for("There are no API credentials yet.")
        terminal.send("\x1b[200~n")
        terminal.wait_for("The paste didn't end")
        terminal.press("n")
        terminal.wait_for("Credential name")
        terminal.wait_gone("The paste didn't end")
        terminal.send("\x1b[200~\x11\x03qn")
        terminal.wait_for("The paste didn't end")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0

    def test_one_that_is_far_too_long(self, start: Start) -> None:
        terminal = start()
        terminal.wait_for("There are no API credentials yet.")
        terminal.press("n")
        terminal.wait_for("Credential name")
        terminal.paste("n\r" * 4_000_000)
        terminal.wait_for("The paste was longer")
        terminal.paste("Payout gateway")
        terminal.press("enter")
        terminal.wait_for("Secret for Payout gateway")


class TestSize:
    def test_the_terminal_knows_better_than_the_environment(self, start: Start) -> None:
        terminal = start(env={"COLUMNS": "50", "LINES": "15"}, rows=40, cols=120)
        terminal.wait_for("There are no API credentials yet.")
        assert len(terminal.lines[0]) > 100
        terminal.resize(24, 80)
        terminal.wait_until(lambda: len(terminal.lines[0]) <= 80, "80 columns")
        assert "enlarge" not in terminal.text

    def test_no_report_of_it_is_asked_for(self, start: Start) -> None:
        terminal = start(answers={b"\x1b[?2048$p": b"\x1b[?2048;2$y"})
        terminal.wait_for("There are no API credentials yet.")
        send(terminal, b"\x1b[?2048;2$y\x1b[48;0;0;0;0t\x1b[<35;7;7M")
        terminal.wait_quiet()
        assert not terminal.private_modes & {1016, 2048}
        assert b"2048" not in terminal.bytes_received
        terminal.press("n")
        terminal.wait_for("Credential name")
