"""Asking the person at the terminal."""

import sys

from credtui.cli.errors import NotConfirmedError
from credtui.domain.names import printable


def can_ask() -> bool:
    """Tell whether standard input is a terminal, where a person can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> str:
    """Return the person's answer. At the end of the input, the answer is empty."""
    if sys.stderr is not None:
        sys.stderr.write(f"{printable(question)} ")
        sys.stderr.flush()
    return sys.stdin.readline().strip()


def ensure_yes(question: str) -> None:
    """Ask a question to which the answer must be yes.

    Raises:
        NotConfirmedError: The person gave another answer.
    """
    if ask(f"{question} [y/N]").lower() not in ("y", "yes"):
        raise NotConfirmedError("Nothing was changed.")
