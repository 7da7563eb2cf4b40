"""The way into the portal."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from credtui.cli.exit_codes import ExitCode
from tests.cli.conftest import PROGRAM, Credtui
from tests.stores import program_environ
from tests.terminal import Terminal


def test_the_demo_is_thrown_away(tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    environ = {**program_environ(tmp_path / "home"), "TMPDIR": str(folder)}
    with Terminal([*PROGRAM, "demo"], env=environ) as terminal:
        for name in ("Payout gateway", "Reporting batch", "Treasury sync"):
            terminal.wait_for(name)
        assert list(folder.iterdir())
        terminal.press("q")
        assert terminal.wait_exit() == 0
    assert not list(folder.iterdir())
    assert not (tmp_path / "home").exists()


def test_the_portal_opens_where_the_flags_say(environ: Mapping[str, str]) -> None:
    words = [*PROGRAM, "--organization", "globex", "--environment", "production"]
    with Terminal(words, env=environ) as terminal:
        terminal.wait_for(re.compile(r"globex .* PRODUCTION"))
        terminal.press("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_show_it(environ: Mapping[str, str], term: str) -> None:
    with Terminal(PROGRAM, env={**environ, "TERM": term}, cols=200) as terminal:
        assert terminal.wait_exit() == ExitCode.USAGE
        assert len([line for line in terminal.lines if line]) == 1
        assert "such as list and rotate" in terminal.text
        assert b"\x1b" not in terminal.bytes_received


def test_no_terminal_at_all(process: Credtui) -> None:
    for words in ((), ("demo",), ("--environment", "production")):
        ran = process(*words)
        assert (ran.status, ran.out) == (ExitCode.USAGE, "")
        assert ran.err.count("\n") == 1


def test_a_wrong_configuration_is_said_before_the_portal(
    environ: Mapping[str, str], home: Path
) -> None:
    home.mkdir()
    (home / "credtui.toml").write_text("colour = true\n")
    with Terminal(PROGRAM, env=environ, cols=200) as terminal:
        assert terminal.wait_exit() == ExitCode.USAGE
        assert "unknown key colour" in terminal.text


@pytest.mark.files
def test_a_damaged_store_is_said_before_the_portal(environ: Mapping[str, str], home: Path) -> None:
    folder = home / "store" / "uat"
    folder.mkdir(parents=True)
    (folder / "acme.json").write_text("{")
    with Terminal(PROGRAM, env=environ, cols=200) as terminal:
        assert terminal.wait_exit() == ExitCode.DAMAGED
        assert "is damaged" in terminal.text
        assert b"\x1b[?1049h" not in terminal.bytes_received
