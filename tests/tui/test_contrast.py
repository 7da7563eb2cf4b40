"""All text of every page and dialog stands out, in light and in 16 colours.

The pictures measure the same for the dark theme.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.color import Color
from textual.widgets import Static

from credtui.tui.dialogs.networks import NetworksDialog
from credtui.tui.dialogs.operator import OperatorDialog
from credtui.tui.dialogs.organization import OrganizationDialog
from credtui.tui.dialogs.save import SaveDialog
from credtui.tui.dialogs.secret_question import SecretQuestion
from credtui.tui.terminal.palette import SIXTEEN
from credtui.tui.theme import LIGHT
from tests.tui.apps import Session, Stage, fake_secrets, portal
from tests.tui.contrast import XTERM, ratio, shortfalls
from tests.tui.pages.test_pictures import at, opening, seeing, with_operators, writing
from tests.tui.test_pictures import Do, pressing, rotate

LOOKS: Mapping[str, dict[str, Any]] = {"light": {"colours": 256}, "sixteen": {"colours": 16}}


def pasting(text: str) -> Do:
    async def do(session: Session) -> None:
        await session.paste(text)

    return do


SCREENS: Mapping[str, list[Do]] = {
    "cards": [pressing("j")],
    "too many": [pressing("n")],
    "menu": [pressing("full_stop")],
    "new name": [pressing("e"), writing("Reporting batch"), seeing("already")],
    "rotate": [pressing("r")],
    "delete": [pressing("j", "d")],
    "delete refused": [pressing("d")],
    "secret": [rotate],
    "copy differs": [rotate, pasting("csk_uat_123"), seeing("does not match")],
    "save": [rotate, pressing("f"), at(SaveDialog)],
    "close gate": [rotate, pressing("escape"), seeing("Close without saving?")],
    "activity": [opening("Activity", "10 events", pressing("j"))],
    "event": [opening("Activity", "10 events", pressing("enter"))],
    "environment": [opening("Environment", "Token address", pressing("j", "j"))],
    "networks": [opening("Environment", "Token address", pressing("e"), at(NetworksDialog))],
    "API access": [opening("API access", "Copy Command", pressing("j"))],
    "try it": [opening("API access", "Copy Command", pressing("t"), at(SecretQuestion))],
    "operators": [opening("Operators", "dora", pressing("j"))],
    "operator": [opening("Operators", "dora", pressing("j", "e"), at(OperatorDialog))],
    "environments": [pressing("v")],
    "organizations": [pressing("o"), at(OrganizationDialog)],
    "help": [pressing("question_mark")],
    "palette": [pressing("ctrl+p"), seeing("Rotate Credential"), pressing("down")],
}


async def reach(session: Session, steps: list[Do]) -> None:
    for step in steps:
        await step(session)
    await session.settle()


def full(folder: Path) -> Stage:
    return with_operators(Stage(folder, demo=True, random_bytes=fake_secrets()))


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("look", LOOKS)
async def test_text_stands_out(store_folder: Path, name: str, look: str) -> None:
    async with portal(full(store_folder), **LOOKS[look]) as session:
        if look == "light":
            session.app.theme = LIGHT.name
        await reach(session, SCREENS[name])
        for palette in (SIXTEEN, XTERM) if look == "sixteen" else (SIXTEEN,):
            faint = shortfalls(session.app, palette)
            assert not faint, "\n".join(faint)


async def test_what_is_faint_is_named(demo: Stage) -> None:
    async with portal(demo) as session:
        session.one("#brand", Static).styles.color = Color.parse("#444444")
        await session.pilot.pause()
        assert shortfalls(session.app) == [
            "column 1, row 0: 'credtui' is #444444 on #3a3a3a, 1.17 to 1"
        ]


def test_ratio() -> None:
    assert ratio(SIXTEEN[0], SIXTEEN[15]) == pytest.approx(21)
    assert ratio(XTERM[1], XTERM[0]) == pytest.approx(3.6, abs=0.1)
