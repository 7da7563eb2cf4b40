"""Environment variables that are switches of the framework: none has an effect in credtui."""

import re
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from credtui.service.credentials import CredentialService
from tests.e2e.conftest import Start
from tests.emulator import Cell
from tests.secrets_scan import assert_no_secret
from tests.terminal import Terminal

READ = re.compile(r"""(?:environ\w*|getenv)\b[^"'\n]*["']([A-Z][A-Z0-9_]*)["']""")
SECRET = re.compile(r"csk_uat_[A-Za-z0-9]{49}")

OF_THE_TERMINAL = {"TERM", "COLORTERM", "NO_COLOR", "TERM_PROGRAM", "LC_TERMINAL"}
"""Variables that describe the terminal, or how a person wants it. They keep their effect."""


def switches() -> set[str]:
    """Return the variables that the installed release of the framework reads."""
    names: set[str] = set()
    for package in ("textual", "rich"):
        spec = find_spec(package)
        assert spec
        assert spec.origin
        for file in Path(spec.origin).parent.rglob("*.py"):
            names.update(READ.findall(file.read_text()))
    return names - OF_THE_TERMINAL


def test_the_switches_are_found() -> None:
    known = {"TEXTUAL_SCREENSHOT", "TEXTUAL_DEBUG", "TEXTUAL_LOG", "TEXTUAL", "ESCDELAY"}
    assert known | {"TEXTUAL_ALLOW_SIGNALS", "COLUMNS", "FORCE_COLOR"} <= switches()


def page(terminal: Terminal) -> list[list[Cell]]:
    terminal.wait_for("Payout gateway")
    terminal.wait_quiet()
    return terminal.screen_cells()


@pytest.fixture
def plain(start: Start, service: CredentialService) -> list[list[Cell]]:
    """The page without any switch."""
    service.generate("Payout gateway")
    with start() as terminal:
        return page(terminal)


def of_all(home: Path, value: str) -> Mapping[str, str]:
    where = {"TEXTUAL_SCREENSHOT_LOCATION": str(home), "TEXTUAL_LOG": str(home / "log")}
    return {**dict.fromkeys(switches(), value), **where}


CASES: Mapping[str, Callable[[Path], Mapping[str, str]]] = {
    "screenshot": lambda home: {
        "TEXTUAL_SCREENSHOT": "1",
        "TEXTUAL_SCREENSHOT_LOCATION": str(home),
    },
    "debug": lambda _: {"TEXTUAL_DEBUG": "1"},
    "log": lambda home: {"TEXTUAL_LOG": str(home / "log"), "TEXTUAL": "debug,devtools"},
    "keys": lambda _: {"TEXTUAL_PRESS": "n"},
    "size": lambda _: {"COLUMNS": "50", "LINES": "10"},
    "all 1": lambda home: of_all(home, "1"),
    "all 0": lambda home: of_all(home, "0"),
    "all a file": lambda home: of_all(home, str(home / "file")),
}


@pytest.mark.parametrize("case", CASES)
def test_no_switch_has_an_effect(
    start: Start, home: Path, plain: list[list[Cell]], case: str
) -> None:
    with start(env=CASES[case](home)) as terminal:
        assert page(terminal) == plain
        terminal.press("r")
        terminal.wait_for("immediately invalidated")
        terminal.press("y")
        terminal.wait_for(SECRET)
        found = SECRET.search(terminal.text)
        assert found
        terminal.send("\t")
        # Wait for longer than the shortest delay of a screenshot.
        time.sleep(1.5)
        assert found[0] in terminal.text
        terminal.press("ctrl+q")
        terminal.wait_for("Close without saving?")
        terminal.press("y")
        assert terminal.wait_exit() == 0
    left = {path.name for path in home.iterdir()}
    assert left <= {"credtui.toml", "store", ".cache"}
    assert_no_secret(found[0], home)


def test_a_program_that_is_run_finds_them_all(
    start: Start, home: Path, service: CredentialService
) -> None:
    """A clipboard tool may need variables that credtui doesn't."""
    service.generate("Payout gateway")
    (home / "credtui.toml").write_text('clipboard = "native"\n')
    tools = home / "tools"
    tools.mkdir()
    (tools / "wl-copy").write_text(f"#!/bin/sh\ncat > /dev/null; env > {home}/environment\n")
    (tools / "wl-copy").chmod(0o700)
    given = {"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": str(home), "SOME_OTHER": "x"}
    with start(env={**given, "PATH": f"{tools}:/usr/bin:/bin"}) as terminal:
        terminal.wait_for("Payout gateway")
        terminal.press("c")
        terminal.wait_for("wl-copy")
    lines = (home / "environment").read_text().splitlines()
    assert {f"{name}={value}" for name, value in given.items()} <= set(lines)
