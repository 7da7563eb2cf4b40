"""The questions that the portal asks the terminal when it starts.

The questions are sent before Textual is imported, so that the answers travel meanwhile. This module
imports no Textual.
"""

import atexit
import contextlib
import os
import re
import select
import sys
import termios
import time
from collections.abc import Mapping
from enum import StrEnum
from types import TracebackType
from typing import Any, NamedTuple, Self

from credtui.tui.terminal.session import VIDEO_TERMINALS

ANSWER_WITHIN = 1.0
"""Seconds from the questions in which answers count. A terminal that never answers costs them."""

_LONGEST = 64 * 1024
"""Bytes to read at most. Only a paste is as long."""

_BACKGROUND = b"\x1b]11;?\x07"
_SECONDARY_ATTRIBUTES = b"\x1b[>c"
_PRIMARY_ATTRIBUTES = b"\x1b[c"
"""Nearly every terminal answers this, and answers in order. So it is asked last: once its answer is
there, no other answer will come."""

_COLOUR = re.compile(
    rb"\x1b\]11;rgba?:([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})/([0-9A-Fa-f]{1,4})[^\x07\x1b\x9c]*"
    rb"(?:\x07|\x1b\\|\x9c)"
)
_SECONDARY = re.compile(rb"\x1b\[>(\d*)[\d;]*c")
_PRIMARY = re.compile(rb"\x1b\[\?[\d;]*c")

_NO_BACKGROUND = ("linux", *VIDEO_TERMINALS)
"""How the names of terminals begin that don't tell their background, and might print the question.
"""


class Multiplexer(StrEnum):
    """A multiplexer between the program and the person's terminal."""

    TMUX = "tmux"
    SCREEN = "GNU screen"


_NUMBERS = {b"83": Multiplexer.SCREEN, b"84": Multiplexer.TMUX}
"""The number of each multiplexer in its secondary attributes."""


class Answers(NamedTuple):
    """What the terminal said.

    Attributes:
        multiplexer: The multiplexer that shows the program, on this computer or at the person's
            end; None if there is none.
        light: Whether the terminal's background is light. False if it didn't tell.
        received: Everything that was read: the answers, and keys that were typed meanwhile.
    """

    multiplexer: Multiplexer | None = None
    light: bool = False
    received: bytes = b""


NOTHING_SAID = Answers()


class Questions:
    """Asks the terminal, and lets the program go on until it needs the answers.

    Meanwhile the terminal shows no typed keys, so that the answers leave no trace on it. Use this
    as a context, which restores the terminal at its end.

    Args:
        env: The environment that the program was started with.
        background: Whether to ask for the background. It isn't asked for where NO_COLOR is set.
        input_fd: Where the terminal's answers are read; by default, standard input.
        output_fd: Where the questions are written; by default, standard error, as Textual does.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        background: bool,
        input_fd: int | None = None,
        output_fd: int | None = None,
    ) -> None:
        self._multiplexer, asked = _multiplexer_of(env), b""
        term = env.get("TERM", "")
        if background and not env.get("NO_COLOR") and not term.startswith(_NO_BACKGROUND):
            asked += _BACKGROUND
        # ssh, sudo and su remove the variables that would tell which multiplexer it is.
        if self._multiplexer is None and term.startswith(("screen", "tmux")):
            asked += _SECONDARY_ATTRIBUTES
            # This is what it is if the terminal doesn't answer.
            tmux = term.startswith("tmux")
            self._multiplexer = Multiplexer.TMUX if tmux else Multiplexer.SCREEN
        self.input_fd = _descriptor(sys.__stdin__, 0) if input_fd is None else input_fd
        self.output_fd = _descriptor(sys.__stderr__, 2) if output_fd is None else output_fd
        self._before: list[Any] | None = None
        self._sent_at = time.monotonic()
        if asked:
            with contextlib.suppress(OSError, termios.error):
                # An interrupt may come before the context has begun.
                atexit.register(self.close)
                self._before = termios.tcgetattr(self.input_fd)
                _keep_quiet(self.input_fd)
                os.write(self.output_fd, asked + _PRIMARY_ATTRIBUTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def answers(self, within: float = ANSWER_WITHIN) -> Answers:
        """Wait for the answers, and return what is known.

        Args:
            within: Seconds from the questions after which not to wait any more.
        """
        received = self._receive(self._sent_at + within) if self._before else b""
        secondary = _SECONDARY.search(received)
        multiplexer = _NUMBERS.get(secondary[1]) if secondary else self._multiplexer
        return Answers(multiplexer, _is_light(received), received)

    def close(self) -> None:
        """Restore the terminal's modes."""
        atexit.unregister(self.close)
        if self._before:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.input_fd, termios.TCSANOW, self._before)
            self._before = None

    def _receive(self, deadline: float) -> bytes:
        received = b""
        with contextlib.suppress(OSError):
            while not _PRIMARY.search(received) and len(received) < _LONGEST:
                left = max(0.0, deadline - time.monotonic())
                if not select.select([self.input_fd], [], [], left)[0]:
                    break
                chunk = os.read(self.input_fd, 4096)
                if not chunk:
                    break
                received += chunk
        return received


def _multiplexer_of(env: Mapping[str, str]) -> Multiplexer | None:
    """Return the multiplexer on this computer."""
    if env.get("TMUX"):
        return Multiplexer.TMUX
    return Multiplexer.SCREEN if env.get("STY") else None


def _descriptor(stream: Any, otherwise: int) -> int:
    return stream.fileno() if stream else otherwise


def _keep_quiet(fd: int) -> None:
    """Let typed keys and answers be read at once, as they are, and don't show them.

    Keys that interrupt go on doing so: importing takes a moment, and may hang on a bad disk.
    """
    modes = termios.tcgetattr(fd)
    modes[0] &= ~termios.ICRNL
    modes[3] &= ~(termios.ECHO | termios.ICANON)
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, modes)


def _is_light(received: bytes) -> bool:
    colour = _COLOUR.search(received)
    if colour is None:
        return False
    red, green, blue = (int(part, 16) / int(b"f" * len(part), 16) for part in colour.groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5
