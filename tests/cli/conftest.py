"""Fixtures for the command line: it runs in this process, on a real store in the test's folder."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest

from credtui.cli.run import run
from tests.stores import program_environ

PROGRAM = (sys.executable, "-m", "credtui")


class Ran(NamedTuple):
    """The outcome of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """All of standard output, as JSON."""
        return json.loads(self.out)


Credtui: TypeAlias = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the test's installation."""
    home = tmp_path / "home"
    for name, value in program_environ(home).items():
        monkeypatch.setenv(name, value)
    for name in ("CREDTUI_ORGANIZATION", "CREDTUI_ENVIRONMENT", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def credtui(home: Path, capsys: pytest.CaptureFixture[str]) -> Credtui:
    """Runs a command line, and returns the outcome."""

    def call(*words: str) -> Ran:
        capsys.readouterr()
        status = run(words)
        return Ran(status, *capsys.readouterr())

    return call


@pytest.fixture
def environ(home: Path) -> Mapping[str, str]:
    """The environment variables of a process that works on the test's installation."""
    return {**program_environ(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def in_process(argv: Sequence[str], env: Mapping[str, str], typed: str = "") -> Ran:
    """Run a program, and return the outcome."""
    done = subprocess.run(
        argv, env=env, input=typed, capture_output=True, text=True, check=False, timeout=60
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def process(environ: Mapping[str, str]) -> Credtui:
    """Runs a command line in a process of its own."""

    def call(*words: str, typed: str = "", env: Mapping[str, str] | None = None) -> Ran:
        return in_process([*PROGRAM, *words], {**environ, **(env or {})}, typed)

    return call
