"""The whole program in a real pseudo-terminal, on a home of the test's own."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from credtui.domain.permissions import Actor
from credtui.installation import open_installation
from credtui.service.credentials import CredentialService
from tests.stores import program_environ
from tests.terminal import Terminal

SOURCES = Path(__file__).parents[2] / "src"

Start = Callable[..., Terminal]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose configuration keeps secrets off real clipboards."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "credtui.toml").write_text('clipboard = "osc52"\n')
    return home


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts the program in a terminal. A program that still runs ends with the test."""
    with ExitStack() as terminals:

        def start(
            *words: str,
            before: Sequence[str] = (),
            env: dict[str, str] | None = None,
            **options: Any,
        ) -> Terminal:
            return terminals.enter_context(
                Terminal(
                    [*before, sys.executable, "-m", "credtui", *words],
                    env={
                        **program_environ(home),
                        "HOME": str(home),
                        "PYTHONPATH": str(SOURCES),
                        **(env or {}),
                    },
                    cwd=home,
                    **options,
                )
            )

        yield start


@pytest.fixture
def service(home: Path) -> CredentialService:
    """Another session on the same home, without a terminal."""
    installation = open_installation(environ=program_environ(home))
    return installation.service(Actor(operator="bob", channel="command line"))
