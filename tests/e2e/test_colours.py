"""The colours that reach a terminal, over every page and some dialogs."""

import re
from collections.abc import Iterator

import pytest

from credtui.service.credentials import CredentialService
from tests.e2e.conftest import Start
from tests.emulator import Cell
from tests.terminal import Terminal
from tests.tui.terminal.test_wire import assert_same, seen

PAGES = {
    "2 Operators": "There are no operators",
    "3 Activity": "Generate: Treasury sync",
    "4 Environment": "Token address",
    "API access": "Copy Command",
    "1 Credentials": "API credentials",
}
DIALOGS = {
    ".": "Rotate Credential",
    "r": "immediately invalidated",
    "ctrl+p": "Search for commands",
    "?": "Quit",
}
GROUND = frozenset({"38", "48"})


@pytest.fixture(autouse=True)
def credentials(service: CredentialService) -> None:
    for name in ("Payout gateway", "Reporting batch", "Treasury sync"):
        service.generate(name).lease.close()


def walk(terminal: Terminal) -> list[list[list[Cell]]]:
    """Look at every page and some dialogs. Return what was shown."""
    shown: list[list[list[Cell]]] = []

    def look(awaited: str) -> None:
        terminal.wait_for(awaited)
        terminal.wait_quiet()
        shown.append(seen(terminal.screen_cells()))

    look("Treasury sync")
    for key, awaited in DIALOGS.items():
        terminal.press(key)
        look(awaited)
        terminal.press("escape")
        terminal.wait_quiet()
    for title, awaited in PAGES.items():
        terminal.click_on(title)
        look(awaited)
    return shown


def colours(data: bytes) -> Iterator[str]:
    """Yield each colour that is asked for: "31", "38;5;75", "48;2;1;2;3"."""
    for sequence in re.findall(rb"\x1b\[([\d;]*)m", data):
        codes = iter(sequence.decode().split(";"))
        for code in codes:
            if code in GROUND:
                kind = next(codes)
                count = {"5": 1, "2": 3}[kind]
                yield ";".join([code, kind, *(next(codes) for _ in range(count))])
            elif code and (30 <= int(code) <= 49 or 90 <= int(code) <= 107):
                yield code


def test_over_ssh_it_looks_as_in_true_colour(start: Start) -> None:
    with start() as over_ssh, start(env={"COLORTERM": "truecolor"}) as here:
        for one, other in zip(walk(over_ssh), walk(here), strict=True):
            assert_same(one, other, "a walk")
        sent = {frozenset(colours(terminal.bytes_received)) for terminal in (over_ssh, here)}
        assert len(sent) == 1, "the same colours"
        (every,) = sent
        assert len(every) > 10
        assert all(re.match("[34]8;5;", colour) for colour in every), sorted(every)


def test_sixteen_colours(start: Start) -> None:
    with start(env={"TERM": "linux"}) as terminal:
        walk(terminal)
        sent = {int(colour) for colour in colours(terminal.bytes_received)}
        assert sent & {*range(30, 38)}
        assert sent <= {*range(30, 38), *range(40, 48), *range(90, 98)}
        for sequence in re.findall(rb"\x1b\[([\d;]*)m", terminal.bytes_received):
            codes = set(sequence.split(b";"))
            assert not codes & {b"7", b"2"}, "the Linux console draws these in other colours"


@pytest.mark.parametrize(
    "env",
    [{"NO_COLOR": "1"}, {"NO_COLOR": "1", "COLORTERM": "truecolor"}, {"TERM": "vt220"}],
    ids=["256", "truecolor", "vt220"],
)
@pytest.mark.parametrize("frugal", [True, False], ids=["frugal", "whole"])
def test_no_colours(start: Start, env: dict[str, str], frugal: bool) -> None:
    with start(env={**env, "CREDTUI_FRUGAL_OUTPUT": str(frugal).lower()}) as terminal:
        walk(terminal)
        assert list(colours(terminal.bytes_received)) == []
