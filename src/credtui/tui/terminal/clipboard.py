"""Sending texts to the person's clipboard, by the best route.

No library does this. pyperclip runs local tools only. oscclip and Textual's `copy_to_clipboard`
write OSC 52 only, which tmux drops by default. None of them says by which route a text was sent.
No route confirms that a text has arrived, so no message here says "copied".
"""

import base64
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from credtui.domain.names import quotable
from credtui.tui.terminal.questions import Multiplexer
from credtui.tui.terminal.session import VIDEO_TERMINALS
from credtui.tui.terminal.tmux import ask_tmux
from credtui.tui.terminal.tools import Runner, run_tool

Setting = Literal["auto", "osc52", "tmux", "native", "none"]

OTHERWISE = "Use Plain View or Save to File."

_OUTER_TMUX = (
    "The tmux at your end drops it by default. If nothing arrives, put this into ~/.tmux.conf "
    "there; what is sent then also stays in a tmux buffer:\nset -s set-clipboard on"
)

# GNU screen refuses strings of more than 768 bytes.
_SCREEN_CHUNK = 512
# These terminals have no clipboard, and some of them would print the text.
_WITHOUT_CLIPBOARD = ("linux", *VIDEO_TERMINALS, "cons", "dumb")


class Route(StrEnum):
    """How a text was sent."""

    NATIVE = "native"
    TMUX = "tmux"
    OSC52 = "osc52"
    NONE = "none"


@dataclass(frozen=True)
class Sent:
    """What became of a text that was to reach the clipboard.

    Attributes:
        route: The route by which the text was sent; NONE if it wasn't.
        message: One sentence for the person.
        fix: What to do if the text may not have arrived; None if nothing is known to be wrong. Its
            last line is the exact line to put into a configuration file.
    """

    route: Route
    message: str
    fix: str | None = None

    @property
    def doubtful(self) -> bool:
        """Whether the text may not have arrived."""
        return self.route is Route.NONE or self.fix is not None


class Clipboard:
    """Sends texts to the person's clipboard, and keeps none of them.

    The methods run programs, each for two seconds at most, so call them from a worker thread. Pass
    the text in a closure or a partial. Textual's `@work` would put the repr of an argument into the
    worker's description.

    Args:
        setting: The configured route.
        env: The environment of the process.
        write: Writes to the terminal in one piece, normally the driver's `write`.
        multiplexer: The multiplexer between the program and the terminal, if any.
        which: Finds a program, as `shutil.which`.
        run: Runs a program.
    """

    def __init__(
        self,
        setting: Setting,
        env: Mapping[str, str],
        write: Callable[[str], None],
        multiplexer: Multiplexer | None = None,
        *,
        which: Callable[[str], str | None] = shutil.which,
        run: Runner = run_tool,
    ) -> None:
        self._setting = setting
        self._env = env
        self._write = write
        self._multiplexer = multiplexer
        self._which = which
        self._run = run
        self._buffer = f"credtui-{os.getpid()}"
        self._sent_by = Route.NONE

    def send(self, text: str, what: str, *, proof: str = "", otherwise: str = OTHERWISE) -> Sent:
        """Send a text by the configured route, and return what is known about it.

        Args:
            text: The text.
            what: What the text is, as the message begins: "Client ID".
            proof: How the person can find out whether it has arrived, in a sentence.
            otherwise: What to do if nothing can be sent, in a sentence.
        """
        sent = self._send(text)
        self._sent_by = sent.route
        if sent.route is Route.NONE:
            return replace(sent, message=f"{sent.message} {otherwise}")
        end = f". {proof}" if proof else ", not confirmed."
        return replace(sent, message=f"{what} {sent.message}{end}")

    def clear(self) -> None:
        """Remove what the last text may have left on this computer."""
        if self._sent_by is Route.TMUX:
            self._run(["tmux", "delete-buffer", "-b", self._buffer], env=self._env)

    def blank(self) -> None:
        """Overwrite the clipboard by the route that the last text took.

        This also overwrites what was copied elsewhere since. It sends a space, because an empty
        text is ignored, by tmux for one.
        """
        if self._sent_by is not Route.NONE:
            self._send(" ")

    def _send(self, text: str) -> Sent:
        match self._setting:
            case "none":
                return Sent(Route.NONE, "The clipboard is switched off in the settings.")
            case "native":
                return self._native(text) or Sent(
                    Route.NONE, "No clipboard tool (wl-copy, xclip, xsel, pbcopy) works here."
                )
            case "tmux":
                return self._tmux(text) or Sent(Route.NONE, "No tmux answers here.")
            case "osc52":
                return self._osc52(text)
            case "auto":
                sent = self._native(text) if self._is_local() else None
                return sent or self._tmux(text) or self._terminal(text)

    # The person's own desktop

    def _is_local(self) -> bool:
        # A session of GNU screen may have been started here and be shown elsewhere, and GNU screen
        # can't be asked. A secret must not go to a desktop at which nobody sits.
        if any(self._env.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "STY")):
            return False
        if not self._tools() or not self._env.get("TMUX"):
            return True
        tmux = ask_tmux(self._run, self._env)
        return tmux is not None and not tmux.over_ssh

    def _tools(self) -> list[list[str]]:
        wayland, x11 = bool(self._env.get("WAYLAND_DISPLAY")), bool(self._env.get("DISPLAY"))
        known: list[tuple[bool, list[str]]] = [
            (wayland, ["wl-copy"]),
            (x11, ["xclip", "-in", "-selection", "clipboard"]),
            (x11, ["xsel", "--input", "--clipboard"]),
            (True, ["pbcopy"]),
        ]
        return [argv for usable, argv in known if usable and self._which(argv[0])]

    def _native(self, text: str) -> Sent | None:
        # wl-copy writes its input to a file for a moment; this file must be in memory.
        memory = self._env.get("XDG_RUNTIME_DIR")
        env = {**self._env, **({"TMPDIR": memory} if memory else {})}
        for argv in self._tools():
            if self._run(argv, env=env, text=text) is not None:
                return Sent(Route.NATIVE, f"sent to the clipboard ({argv[0]})")
        return None

    # The tmux on this host

    def _tmux(self, text: str) -> Sent | None:
        tmux = ask_tmux(self._run, self._env) if self._env.get("TMUX") else None
        if tmux is None:
            return None
        if not tmux.has_clipboard:
            return Sent(
                Route.NONE,
                f"tmux knows of no clipboard in your terminal ({tmux.term}).",
                "If it has one, put this into ~/.tmux.conf, start tmux again and try again:\n"
                f"set -as terminal-features ',{tmux.term}:clipboard'",
            )
        # One command, so that the buffer is deleted even if this process is killed.
        load = ["tmux", "load-buffer", "-w", "-b", self._buffer, "-"]
        delete = ["delete-buffer", "-b", self._buffer]
        if self._run([*load, ";", *delete], env=self._env, text=text) is None:
            return None
        fix = None
        if tmux.term.startswith(("tmux", "screen")):
            fix = _OUTER_TMUX
        elif tmux.set_clipboard == "off":
            fix = (
                "Newer versions of tmux send nothing while set-clipboard is off. If nothing "
                "arrives, put this into ~/.tmux.conf:\nset -s set-clipboard external"
            )
        return Sent(Route.TMUX, "sent to your terminal (tmux)", fix)

    # The terminal itself

    def _terminal(self, text: str) -> Sent:
        term = self._env.get("TERM", "")
        if term.startswith(_WITHOUT_CLIPBOARD):
            return Sent(Route.NONE, f"This terminal ({quotable(term, 40)}) has no clipboard.")
        return self._osc52(text)

    def _osc52(self, text: str) -> Sent:
        payload = base64.b64encode(text.encode(errors="replace")).decode()
        sequence = f"\x1b]52;c;{payload}\a"
        through = "OSC 52"
        if self._multiplexer is Multiplexer.SCREEN:
            through = "OSC 52 through GNU screen"
            sequence = "".join(
                f"\x1bP{sequence[start : start + _SCREEN_CHUNK]}\x1b\\"
                for start in range(0, len(sequence), _SCREEN_CHUNK)
            )
        try:
            self._write(sequence)
        except OSError:
            return Sent(Route.NONE, "The terminal can't be written to.")
        fix = _OUTER_TMUX if self._multiplexer is Multiplexer.TMUX else None
        return Sent(Route.OSC52, f"sent to your terminal ({through})", fix)
