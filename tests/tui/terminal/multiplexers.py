"""Real tmux and GNU screen in a real pseudo-terminal, with servers and settings of their own."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.server.serving import wait_for
from tests.terminal import TIMEOUT, Terminal, need_program

SOURCES = Path(__file__).parents[3] / "src"


def python(script: Path) -> list[str]:
    """The words that run a script which imports credtui."""
    return ["env", f"PYTHONPATH={SOURCES}", sys.executable, str(script)]


class Tmux:
    """A tmux server that runs one program, and the terminal it is attached to."""

    def __init__(self, folder: Path, configuration: str = "") -> None:
        self._tmux = need_program("tmux")
        self._folder = folder
        self._configuration = folder / "tmux.conf"
        self._configuration.write_text(configuration)

    @contextmanager
    def run(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, rows: int = 24
    ) -> Iterator[Terminal]:
        """Start a session with the program."""
        words = ["-f", str(self._configuration), "new-session", "-s", "test", shlex.join(argv)]
        with self._terminal(words, env or {}, rows) as terminal:
            try:
                yield terminal
            finally:
                self("kill-server")

    @contextmanager
    def attach(self, *, env: Mapping[str, str] | None = None) -> Iterator[Terminal]:
        """Join the running session from another terminal."""
        with self._terminal(["attach-session", "-t", "test"], env or {}, 24) as terminal:
            yield terminal

    def _terminal(self, words: Sequence[str], env: Mapping[str, str], rows: int) -> Terminal:
        env = {"TMUX_TMPDIR": str(self._folder), "SHELL": "/bin/sh", **env}
        return Terminal([self._tmux, "-L", "test", *words], env=env, rows=rows)

    def __call__(self, *words: str) -> str:
        """Run one command of the server, and give its output."""
        return subprocess.run(
            [self._tmux, "-L", "test", *words],
            env={**os.environ, "TMUX_TMPDIR": str(self._folder)},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        ).stdout


class Screen:
    """A GNU screen that runs one program, and the terminal it is attached to."""

    def __init__(self, folder: Path, configuration: str = "") -> None:
        self._screen = need_program("screen")
        self._folder = folder
        self._configuration = folder / "screenrc"
        self._configuration.write_text("startup_message off\n" + configuration)
        self._sockets = folder / "sockets"
        self._sockets.mkdir(mode=0o700)

    @contextmanager
    def run(self, argv: Sequence[str], *, rows: int = 24) -> Iterator[Terminal]:
        """Start a session with the program."""
        env = {"SCREENDIR": str(self._sockets), "SHELL": "/bin/sh"}
        words = [self._screen, "-c", str(self._configuration), "-S", "test", *argv]
        with Terminal(words, env=env, rows=rows) as terminal:
            try:
                yield terminal
            finally:
                self("quit")

    def __call__(self, *words: str) -> None:
        """Run one command of the session."""
        subprocess.run(
            [self._screen, "-S", "test", "-p", "0", "-X", *words],
            env={**os.environ, "SCREENDIR": str(self._sockets)},
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
        )

    def everything(self) -> str:
        """All that the window holds, its scrollback first."""
        copies = [self._folder / "hardcopy", self._folder / "hardcopy-after"]
        for copy in copies:
            copy.unlink(missing_ok=True)
            self("hardcopy", "-h", str(copy))
        # Screen writes the second file when the first one is complete.
        wait_for(copies[1].exists, "the window's contents")
        return copies[0].read_text(errors="replace")
