import base64
import os
import time
from collections.abc import Mapping, Sequence

import pytest

from credtui.tui.terminal.clipboard import Clipboard, Route, Sent, Setting
from credtui.tui.terminal.questions import Multiplexer
from credtui.tui.terminal.tools import run_tool

SECRET = "csk_uat_9fK2mQ8xVb7RtLpW3nYs6HjDz0AcEgUiTo4BqXvMy1N5k"
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}


class Tools:
    """The programs on a host. It knows which of them work, and keeps what they were given."""

    def __init__(self, *working: str, installed: Sequence[str] = ()) -> None:
        self.working = working
        self.installed = {*working, *installed}
        self.calls: list[tuple[str, str]] = []
        self.seen_by_all: list[object] = []

    def which(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name in self.installed else None

    def __call__(
        self, argv: Sequence[str], *, env: Mapping[str, str], text: str = "", output: bool = False
    ) -> str | None:
        self.calls.append((argv[0], text))
        self.seen_by_all += [argv, env, output]
        return "" if argv[0] in self.working else None


def send(
    env: Mapping[str, str],
    tools: Tools | None = None,
    setting: Setting = "auto",
    multiplexer: Multiplexer | None = None,
) -> tuple[Sent, list[str]]:
    tools = tools or Tools()
    written: list[str] = []
    clipboard = Clipboard(setting, env, written.append, multiplexer, which=tools.which, run=tools)
    sent = clipboard.send(SECRET, "Secret")
    assert "copied" not in f"{sent.message}{sent.fix}".lower()
    assert SECRET not in f"{sent!r}{vars(clipboard)!r}{tools.seen_by_all!r}"
    return sent, written


class TestChoice:
    @pytest.mark.parametrize(
        ("env", "installed", "used"),
        [
            ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, ["wl-copy", "xclip"], "wl-copy"),
            ({"DISPLAY": ":0"}, ["wl-copy", "xclip", "xsel"], "xclip"),
            ({"DISPLAY": ":0"}, ["xsel"], "xsel"),
            ({}, ["pbcopy"], "pbcopy"),
        ],
    )
    def test_a_tool_of_the_desktop(
        self, env: dict[str, str], installed: list[str], used: str
    ) -> None:
        tools = Tools(*installed)
        sent, written = send(env, tools)
        assert sent == Sent(Route.NATIVE, f"Secret sent to the clipboard ({used}), not confirmed.")
        assert not sent.doubtful
        assert tools.calls == [(used, SECRET)]
        assert written == []

    def test_the_next_tool_where_one_fails(self) -> None:
        sent, _ = send({"DISPLAY": ":0"}, Tools("xsel", installed=["xclip"]))
        assert "xsel" in sent.message

    @pytest.mark.parametrize("elsewhere", ["SSH_CONNECTION", "SSH_TTY", "STY"])
    def test_no_tool_where_the_person_may_be_elsewhere(self, elsewhere: str) -> None:
        tools = Tools("xclip")
        sent, written = send({"DISPLAY": ":0", elsewhere: "x", "TERM": "xterm"}, tools)
        assert sent.route is Route.OSC52
        assert tools.calls == []
        assert len(written) == 1

    @pytest.mark.parametrize("installed", [[], ["xclip"]])
    def test_osc_52_where_no_tool_works(self, installed: list[str]) -> None:
        sent, written = send({"DISPLAY": ":0", "TERM": "xterm"}, Tools(installed=installed))
        assert sent == Sent(Route.OSC52, "Secret sent to your terminal (OSC 52), not confirmed.")
        assert written == [f"\x1b]52;c;{base64.b64encode(SECRET.encode()).decode()}\a"]

    def test_osc_52_with_its_doubt_where_tmux_does_not_answer(self) -> None:
        """As under sudo, where another user may not talk to the tmux server."""
        env = {"TMUX": "/tmp/x,1,0", "TERM": "tmux-256color"}  # noqa: S108 - nothing is opened
        sent, written = send(env, multiplexer=Multiplexer.TMUX)
        assert sent.route is Route.OSC52
        assert sent.doubtful
        assert "set -s set-clipboard on" in str(sent.fix)
        assert len(written) == 1

    @pytest.mark.parametrize("term", ["linux", "vt100"])
    def test_a_terminal_without_clipboard(self, term: str) -> None:
        sent, written = send({"TERM": term, **SSH})
        assert sent.route is Route.NONE
        assert sent.doubtful
        assert "Plain View" in sent.message
        assert "Save to File" in sent.message
        assert written == []

    @pytest.mark.parametrize("setting", ["none", "native", "tmux"])
    def test_a_setting_that_cannot_work(self, setting: Setting) -> None:
        sent, written = send({"TERM": "xterm"}, setting=setting)
        assert sent.route is Route.NONE
        assert "Plain View" in sent.message
        assert written == []

    def test_a_setting_is_obeyed(self) -> None:
        tools = Tools("xclip")
        assert send({"DISPLAY": ":0"}, tools, "osc52")[0].route is Route.OSC52
        assert send({"DISPLAY": ":0", **SSH}, tools, "native")[0].route is Route.NATIVE

    def test_clear_removes_the_buffer_that_an_interrupted_tmux_may_have_kept(self) -> None:
        env = {"TMUX": "x"}
        calls: list[Sequence[str]] = []

        def run(argv: Sequence[str], **_: object) -> str:
            calls.append(argv)
            return "external\nxterm\n/dev/pts/1\n"

        clipboard = Clipboard("auto", env, print, which=lambda _: None, run=run)
        clipboard.clear()
        assert calls == []
        assert clipboard.send(SECRET, "Secret").route is Route.TMUX
        clipboard.clear()
        assert calls[-1][:2] == ["tmux", "delete-buffer"]
        assert calls[-1][-1] == calls[-2][-1]

    def test_a_terminal_that_is_gone(self) -> None:
        def write(text: str) -> None:
            raise OSError

        assert Clipboard("osc52", {}, write).send(SECRET, "Secret").route is Route.NONE


class TestRunTool:
    def test_the_text_goes_in_by_standard_input(self) -> None:
        assert run_tool(["cat"], env=os.environ, text=SECRET, output=True) == SECRET

    def test_a_tool_that_stays_behind_holds_nothing_up(self) -> None:
        began = time.monotonic()
        assert run_tool(["sh", "-c", "sleep 10 & cat > /dev/null"], env=os.environ, text="x") == ""
        assert time.monotonic() - began < 2

    @pytest.mark.parametrize(
        "argv", [["false"], ["no-such-program"], ["sleep", "60"]], ids=["fails", "missing", "hangs"]
    )
    def test_a_tool_that_does_not_work(self, argv: list[str]) -> None:
        assert run_tool(argv, env=os.environ, text=SECRET) is None
