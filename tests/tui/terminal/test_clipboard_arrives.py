import base64
import os
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from credtui.tui.terminal.clipboard import Setting
from credtui.tui.terminal.tools import run_tool
from tests.terminal import Terminal
from tests.tui.terminal.multiplexers import Screen, Tmux, python

SECRET = "csk_uat_9fK2mQ8xVb7RtLpW3nYs6HjDz0AcEgUiTo4BqXvMy1N5k"
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}

SCRIPT = """
import os, sys
from credtui.tui.terminal.clipboard import Clipboard
from credtui.tui.terminal.questions import Questions

with Questions(os.environ, background=False) as questions:
    multiplexer = questions.answers().multiplexer
clipboard = Clipboard(
    {setting!r}, os.environ, lambda text: print(end=text, flush=True), multiplexer
)
print("ready", multiplexer, flush=True)
for _ in sys.stdin:
    sent = clipboard.send({text!r}, 'Secret')
    print(sent.fix, "route", sent.route, "doubtful", sent.doubtful, sep="\\n")
    print("done", flush=True)
"""


@pytest.fixture
def sender(tmp_path: Path) -> Callable[..., list[str]]:
    """The words that run a program which sends a text whenever Enter is pressed."""

    def words(
        setting: Setting = "auto", text: str = SECRET, without: Sequence[str] = ()
    ) -> list[str]:
        script = tmp_path / "sender.py"
        script.write_text(SCRIPT.format(setting=setting, text=text))
        command = python(script)
        return [command[0], *(f"--unset={name}" for name in without), *command[1:]]

    return words


def arrived(terminal: Terminal) -> list[str]:
    """The texts that reached the terminal's clipboard."""
    found = re.findall(
        rb"\x1b\]52;[a-z0-9]*;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)", terminal.bytes_received
    )
    return [base64.b64decode(payload).decode() for payload in found]


def press_and_send(terminal: Terminal) -> None:
    terminal.wait_for("ready")
    terminal.press("enter")
    terminal.wait_for("done")


class TestRealTmux:
    @pytest.mark.parametrize("setting", ["", "external", "on", "off"])
    def test_arrives_and_leaves_no_buffer(
        self, tmp_path: Path, sender: Callable[..., list[str]], setting: str
    ) -> None:
        tmux = Tmux(tmp_path, f"set -s set-clipboard {setting}" if setting else "")
        with tmux.run(sender()) as terminal:
            press_and_send(terminal)
            terminal.wait_for("route\ntmux")
            terminal.wait_until(lambda: arrived(terminal) == [SECRET], "text in the clipboard")
            assert tmux("list-buffers") == ""
            assert ("\nset -s set-clipboard external\n" in terminal.text) == (setting == "off")

    @pytest.mark.parametrize(("setting", "arrives"), [("external", False), ("on", True)])
    def test_from_the_other_end_of_ssh(
        self, tmp_path: Path, sender: Callable[..., list[str]], setting: str, *, arrives: bool
    ) -> None:
        """ssh doesn't pass TMUX on. Only the person can make their own tmux pass the text on."""
        tmux = Tmux(tmp_path, f"set -s set-clipboard {setting}\nset -g default-terminal screen")
        with tmux.run(sender(without=["TMUX", "TMUX_PANE"]), env=SSH) as terminal:
            terminal.wait_for("ready tmux")
            press_and_send(terminal)
            terminal.wait_for("route\nosc52\ndoubtful\nTrue")
            terminal.wait_for("\nset -s set-clipboard on\n")
            if arrives:
                terminal.wait_until(lambda: bool(arrived(terminal)), "text in the clipboard")
            terminal.wait_quiet()
            assert arrived(terminal) == ([SECRET] if arrives else [])
            assert bool(tmux("list-buffers")) == arrives, "the caveat that the message tells"

    @pytest.mark.parametrize(("setting", "arrives"), [("external", False), ("on", True)])
    def test_in_a_tmux_within_a_tmux(
        self, tmp_path: Path, sender: Callable[..., list[str]], setting: str, *, arrives: bool
    ) -> None:
        """As on a host that the person reached by ssh from inside a local tmux."""
        outer = Tmux(tmp_path, f"set -s set-clipboard {setting}")
        socket = tmp_path / "inner"
        words = ["tmux", "-S", str(socket), "-f", "/dev/null", "new-session", shlex.join(sender())]
        with outer.run(["env", "--unset=TMUX", *words]) as terminal:
            press_and_send(terminal)
            terminal.wait_for("\nset -s set-clipboard on\n")
            terminal.wait_for("route\ntmux\ndoubtful\nTrue")
            if arrives:
                terminal.wait_until(lambda: bool(arrived(terminal)), "text in the clipboard")
            terminal.wait_quiet()
            assert arrived(terminal) == ([SECRET] if arrives else [])
            run_tool(["tmux", "-S", str(socket), "kill-server"], env=os.environ)

    def test_a_terminal_that_tmux_has_no_clipboard_for(
        self, tmp_path: Path, sender: Callable[..., list[str]]
    ) -> None:
        tmux = Tmux(tmp_path)
        with tmux.run(sender(), env={"TERM": "linux"}) as terminal:
            press_and_send(terminal)
            terminal.wait_for("route\nnone\ndoubtful\nTrue")
            terminal.wait_for("\nset -as terminal-features ',linux:clipboard'\n")
            assert arrived(terminal) == []
            assert tmux("list-buffers") == ""

    def test_the_line_that_fixes_a_terminal_without_clipboard(
        self, tmp_path: Path, sender: Callable[..., list[str]]
    ) -> None:
        tmux = Tmux(tmp_path, "set -as terminal-features ',linux:clipboard'")
        with tmux.run(sender(), env={"TERM": "linux"}) as terminal:
            press_and_send(terminal)
            terminal.wait_for("route\ntmux\ndoubtful\nFalse")
            terminal.wait_until(lambda: arrived(terminal) == [SECRET], "text in the clipboard")

    def test_a_desktop_is_not_used_by_whoever_attached_over_ssh(
        self, tmp_path: Path, sender: Callable[..., list[str]]
    ) -> None:
        """The program's environment says that the person is here; the tmux session knows better."""
        tools = tmp_path / "bin"
        tools.mkdir()
        taken = tmp_path / "taken"
        xclip = tools / "xclip"
        xclip.write_text(f"#!/bin/sh\ncat > {taken}\n")
        xclip.chmod(0o755)
        desktop = {"PATH": f"{tools}:{os.environ['PATH']}", "DISPLAY": ":0"}
        tmux = Tmux(tmp_path)
        with tmux.run(sender(), env=desktop) as here:
            press_and_send(here)
            here.wait_for("route\nnative")
            assert taken.read_text() == SECRET
            taken.unlink()
            with tmux.attach(env=SSH) as there:
                there.wait_for("route\nnative")
                there.press("enter")
                there.wait_for("route\ntmux")
                there.wait_until(lambda: arrived(there) == [SECRET], "text in the clipboard")
                assert arrived(here) == []
        assert not taken.exists()

    def test_blank_overwrites_what_was_sent(self, tmp_path: Path) -> None:
        script = tmp_path / "blank.py"
        script.write_text(
            "import os\nfrom credtui.tui.terminal.clipboard import Clipboard\n"
            "clipboard = Clipboard('auto', os.environ, print)\n"
            f"clipboard.send({SECRET!r}, 'Secret')\nclipboard.blank()\nprint('blanked')\ninput()\n"
        )
        tmux = Tmux(tmp_path)
        with tmux.run(python(script)) as terminal:
            terminal.wait_for("blanked")
            terminal.wait_until(lambda: arrived(terminal) == [SECRET, " "], "blank clipboard")
            assert tmux("list-buffers") == ""


class TestRealScreen:
    @pytest.mark.parametrize("text", [SECRET, "A long command. " * 200], ids=["secret", "long"])
    def test_arrives(self, tmp_path: Path, sender: Callable[..., list[str]], text: str) -> None:
        with Screen(tmp_path).run(sender(text=text)) as terminal:
            terminal.wait_for("ready GNU screen")
            press_and_send(terminal)
            terminal.wait_for("route\nosc52\ndoubtful\nFalse")
            terminal.wait_until(lambda: arrived(terminal) == [text], "text in the clipboard")

    def test_from_the_other_end_of_ssh(
        self, tmp_path: Path, sender: Callable[..., list[str]]
    ) -> None:
        with Screen(tmp_path).run(sender(without=["STY"])) as terminal:
            terminal.wait_for("ready GNU screen")
            press_and_send(terminal)
            terminal.wait_until(lambda: arrived(terminal) == [SECRET], "text in the clipboard")


class TestPlainTerminal:
    def test_arrives(self, sender: Callable[..., list[str]]) -> None:
        with Terminal(sender(), env=SSH) as terminal:
            terminal.wait_for("ready None")
            press_and_send(terminal)
            terminal.wait_for("route\nosc52\ndoubtful\nFalse")
            terminal.wait_until(lambda: arrived(terminal) == [SECRET], "text in the clipboard")
