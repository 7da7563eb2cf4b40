"""Running the programs that reach a clipboard."""

import subprocess
from collections.abc import Mapping, Sequence
from typing import Protocol

_TOOL_SECONDS = 2.0


class Runner(Protocol):
    """Runs a program with a text on its standard input."""

    def __call__(
        self, argv: Sequence[str], *, env: Mapping[str, str], text: str = "", output: bool = False
    ) -> str | None:
        """Return the output, if asked for; None if the program failed or took too long."""


def run_tool(
    argv: Sequence[str], *, env: Mapping[str, str], text: str = "", output: bool = False
) -> str | None:
    """Run a program as `Runner` says. No exception holds the text."""
    try:
        # Clipboard tools go on running to serve the text, and would hold a pipe open.
        done = subprocess.run(
            argv,
            env=dict(env),
            input=text.encode(errors="replace"),
            stdout=subprocess.PIPE if output else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TOOL_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout or b"").decode(errors="replace")
