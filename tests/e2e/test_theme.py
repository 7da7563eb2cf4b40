"""The colours follow the terminal's background, and no key is lost while it is asked."""

import math
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.theme import Theme

from credtui.domain.audit import Action
from credtui.domain.operators import Operators
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.ssh_keys import parse_public_key
from credtui.installation import open_installation
from credtui.service.credentials import CredentialService
from credtui.tui.theme import DARK, LIGHT, SIXTEEN
from tests.e2e.conftest import SOURCES, Start
from tests.stores import program_environ
from tests.terminal import Terminal, restrained, seal
from tests.tui.terminal.multiplexers import Screen, Tmux

ASKED = b"\x1b]11;?\x07"
ON_LIGHT = {ASKED: b"\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\"}
ON_DARK = {ASKED: b"\x1b]11;rgb:0000/2b2b/3636\x1b\\"}


def background(terminal: Terminal) -> str:
    """The colour of the page, once it is drawn."""
    terminal.wait_for("New Credential")
    terminal.wait_quiet(0.2)
    return commonest(terminal)


def commonest(terminal: Terminal) -> str:
    """The colour of most cells."""
    cells = Counter(cell.bg for row in terminal.screen_cells() for cell in row)
    colour = cells.most_common(1)[0][0]
    return {"black": "#000000"}.get(colour, f"#{colour}")


def leave(terminal: Terminal) -> None:
    terminal.press("q")
    assert terminal.wait_exit() == 0


class TestTheBackground:
    @pytest.mark.parametrize(
        ("answers", "lag", "expected"),
        [
            (ON_LIGHT, 0, LIGHT.background),
            (ON_DARK, 0, DARK.background),
            ({}, 0, DARK.background),
            (ON_LIGHT, 0.3, LIGHT.background),
            (ON_LIGHT, math.inf, DARK.background),
        ],
        ids=["light", "dark", "not told", "slow", "mute"],
    )
    def test_it_decides(
        self, start: Start, answers: dict[bytes, bytes], lag: float, expected: str
    ) -> None:
        terminal = start(answers=answers, lag=lag)
        assert background(terminal) == expected
        leave(terminal)

    def test_an_answer_that_comes_too_late_is_no_key(self, start: Start) -> None:
        """The portal is open when the answers come, and so are they in pieces."""
        terminal = start(answers=ON_LIGHT, lag=math.inf)
        assert background(terminal) == DARK.background
        terminal.press("n")
        terminal.wait_for("Credential name")
        for piece in (
            "\x1b]11;rgb:ff",
            "ff/ffff/ffff",
            "\x1b\\\x1b[?6",
            "2;4c",
            "\x1b]11;rgb:0/0/0\a",
        ):
            terminal.send(piece)
        terminal.send("Late")
        terminal.press("enter")
        terminal.wait_for("Secret for Late")

    def test_after_the_portal_the_terminal_is_as_before(self, start: Start) -> None:
        terminal = start(
            before=["sh", "-c", 'stty -a >a; "$@"; stty -a >b; cmp a b && echo same', "x"],
            answers=ON_LIGHT,
        )
        background(terminal)
        terminal.press("q")
        terminal.wait_for("same")


class TestWhatDecidesInstead:
    @pytest.mark.parametrize("by", ["file", "variable"])
    @pytest.mark.parametrize(
        ("word", "expected"),
        [
            ("dark", DARK.background),
            ("light", LIGHT.background),
            ("credtui-light", LIGHT.background),
            ("credtui-16", SIXTEEN.background),
        ],
    )
    def test_the_configuration(
        self, start: Start, home: Path, word: str, by: str, expected: str
    ) -> None:
        if by == "file":
            (home / "credtui.toml").write_text(f'theme = "{word}"\n')
        answers = ON_DARK if expected == LIGHT.background else ON_LIGHT
        env = {"CREDTUI_THEME": word} if by == "variable" else {}
        terminal = start(answers=answers, env=env)
        assert background(terminal) == expected
        assert ASKED not in terminal.bytes_received
        leave(terminal)

    def test_no_color(self, start: Start) -> None:
        terminal = start(answers=ON_LIGHT, env={"NO_COLOR": "1"})
        terminal.wait_for("New Credential")
        assert ASKED not in terminal.bytes_received
        leave(terminal)

    def test_a_wrong_name_is_told(self, start: Start) -> None:
        terminal = start(env={"CREDTUI_THEME": "sepia"}, cols=200)
        assert terminal.wait_exit() == 2
        assert "environment variable CREDTUI_THEME: theme must be" in terminal.text
        assert "'sepia'." in terminal.text
        assert ASKED not in terminal.bytes_received


class TestTypedAhead:
    @pytest.mark.parametrize("lag", [0, 0.3, math.inf], ids=["fast", "slow", "mute"])
    def test_before_and_while_the_terminal_is_asked(self, start: Start, lag: float) -> None:
        terminal = start(answers=ON_LIGHT, lag=lag)
        terminal.send("n")
        terminal.wait_until(lambda: ASKED in terminal.bytes_received, "the question")
        terminal.send("Typed ")
        terminal.wait_quiet(0.1)
        terminal.send("ahead")
        terminal.wait_for("Typed ahead")
        terminal.press("enter")
        terminal.wait_for("Secret for Typed ahead")

    def test_between_the_answers(self, start: Start) -> None:
        terminal = start(lag=math.inf)
        terminal.wait_until(lambda: ASKED in terminal.bytes_received, "the question")
        terminal.send("n\x1b]11;rgb:ffff/ffff/ffff\x1b\\Am")
        terminal.send("ong\x1b[?62;4c answers")
        terminal.wait_for("Among answers")
        assert commonest(terminal) == LIGHT.background

    def test_interrupting_while_it_starts(self, start: Start) -> None:
        """The terminal is left as it was."""
        terminal = start(
            before=[
                "sh",
                "-c",
                'trap : INT; stty -a >a; "$@"; echo "ended $?"; stty -a >b; cmp a b && echo same',
                "x",
            ],
            lag=math.inf,
        )
        terminal.wait_until(lambda: ASKED in terminal.bytes_received, "the question")
        terminal.press("ctrl+c")
        terminal.wait_for("ended 130")
        terminal.wait_for("same")


class TestMultiplexers:
    def words(self, home: Path) -> list[str]:
        settings = {**program_environ(home), "HOME": str(home), "PYTHONPATH": str(SOURCES)}
        return [
            "env",
            *(f"{name}={value}" for name, value in settings.items()),
            sys.executable,
            "-m",
            "credtui",
        ]

    @pytest.mark.parametrize("known", [True, False], ids=["local", "over ssh"])
    @pytest.mark.parametrize(
        ("style", "expected"),
        [("set -g window-style bg=colour255\n", LIGHT), ("", DARK)],
        ids=["light", "not told"],
    )
    def test_tmux(
        self, home: Path, tmp_path: Path, style: str, expected: Theme, *, known: bool
    ) -> None:
        """tmux 3.3 answers if it has a background of its own. Typed keys arrive."""
        words = self.words(home)
        if not known:
            words[1:1] = ["--unset=TMUX", "--unset=TERM_PROGRAM"]
        settings = "set -g default-terminal tmux-256color\n"
        with Tmux(tmp_path, settings + style).run(words) as terminal:
            terminal.send("n")
            terminal.wait_for("Credential name")
            assert commonest(terminal) in (expected.background, expected.surface)
            terminal.send("In tmux")
            terminal.wait_for("In tmux")
            terminal.press("enter")
            terminal.wait_for("Secret for In tmux")

    def test_screen(self, home: Path, tmp_path: Path) -> None:
        with Screen(tmp_path).run(["env", "--unset=STY", *self.words(home)[1:]]) as terminal:
            terminal.send("n")
            terminal.wait_for("Credential name")
            terminal.send("In screen")
            terminal.press("enter")
            terminal.wait_for("Secret for In screen")


KEYS = {
    "alice": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHYjv2uVkBPFkcXVwQqKp3nSXp8DRDk8p6VsB6x6bXvG x@y",
    "bob": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f x@y",
}


def choose(terminal: Terminal, label: str) -> None:
    """Choose a theme in the palette."""
    terminal.wait_for("New Credential")
    terminal.press("ctrl+p")
    terminal.wait_for("Search for commands")
    terminal.send("theme")
    terminal.wait_gone("Copy Client ID")
    terminal.press("enter")
    terminal.wait_for("Follow the terminal")
    terminal.send(label)
    terminal.wait_gone("credtui-16")
    terminal.press("enter")


class TestRemembered:
    def test_for_the_operator_and_not_for_the_account(self, start: Start, home: Path) -> None:
        """Two operators come in over SSH, as sshd's forced command starts them."""
        with open_installation(
            environ=program_environ(home)
        ).store.operators_transaction() as change:
            change.operators = Operators(
                members=(
                    Operator(name="alice", representative=True, keys=(KEYS["alice"],)),
                    Operator(
                        name="bob",
                        permissions={"acme": Permission.CAN_EDIT},
                        keys=(KEYS["bob"],),
                    ),
                )
            )
            change.record(
                datetime.now(UTC), Actor(operator="alice", channel="ssh"), Action.SET_OPERATOR
            )

        def enter(operator: str) -> Terminal:
            words = ["--home", str(home), "ssh-session", "--operator", operator, "--fingerprint"]
            return start(*words, parse_public_key(KEYS[operator]).fingerprint)

        first = enter("alice")
        assert background(first) == DARK.background
        choose(first, "Light")
        first.wait_until(lambda: commonest(first) == LIGHT.background, "the light theme")
        leave(first)
        for operator, expected in (("bob", DARK), ("alice", LIGHT)):
            later = enter(operator)
            assert background(later) == expected.background
            assert (ASKED in later.bytes_received) is (operator == "bob")
            leave(later)

    @pytest.mark.files
    def test_a_store_that_can_t_be_written(
        self, start: Start, service: CredentialService, home: Path
    ) -> None:
        service.generate("Payout")
        seal(home / "store")
        terminal = start(before=restrained())
        choose(terminal, "Light")
        terminal.wait_for("can't be remembered")
        assert commonest(terminal) == LIGHT.background
        leave(terminal)
