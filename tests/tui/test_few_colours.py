"""Without colours, attributes and borders tell what colours would."""

from pathlib import Path

import pytest

from credtui.tui.theme import DARK, LIGHT, SIXTEEN, THEMES, fitting
from credtui.tui.widgets.event_table import EventTable
from tests.tui.apps import Session, Stage, portal
from tests.tui.contrast import runs

Attributes = set[str]


def attributes(session: Session, text: str) -> Attributes:
    """The attributes of a text on the screen, the first there is."""
    column, row = session.find(text)
    for x, y, run, style in runs(session.app):
        if y == row and x <= column < x + len(run):
            return {
                name for name in ("bold", "dim", "reverse", "underline") if getattr(style, name)
            }
    raise AssertionError(session.text)


async def test_a_disabled_button_is_dim(demo: Stage) -> None:
    async with portal(demo, colours=0) as session:
        assert attributes(session, "New Credential") == {"dim"}


async def test_an_enabled_button_is_underlined(two: Stage) -> None:
    async with portal(two, colours=0) as session:
        assert attributes(session, "New Credential") == {"bold", "underline"}


async def test_what_a_menu_does_not_offer_is_dim(demo: Stage) -> None:
    async with portal(demo, colours=0) as session:
        await session.press("full_stop")
        assert "reverse" in attributes(session, "Rotate Credential")
        assert attributes(session, "Edit  ") == {"bold"}
        assert "dim" in attributes(session, "Make Primary")


async def test_danger_is_bold_in_a_heavy_frame(demo: Stage) -> None:
    async with portal(demo, colours=0) as session:
        await session.press("j", "d")
        assert "bold" in attributes(session, "lose access")
        assert attributes(session, "Delete (y)") == {"bold", "underline"}
        assert attributes(session, "Cancel ") == {"reverse"}, "the focus"
        assert "┏" in session.lines[session.find("Delete")[1]]
        await session.press("escape", "e")
        assert "╭" in session.lines[session.find("Edit")[1]], "no danger"


async def test_a_selection_is_reversed(demo: Stage) -> None:
    async with portal(demo, colours=0) as session:
        await session.click_on("Activity")
        await session.see("10 events")
        assert "reverse" in attributes(session, "Delete")
        assert "reverse" not in attributes(session, "Generate")
        await session.press("4", "slash")
        assert "reverse" in attributes(session, "Environment ◂")


async def test_production_stands_out(store_folder: Path) -> None:
    async with portal(Stage(store_folder, environment="production"), colours=0) as session:
        assert "bold" in attributes(session, "PRODUCTION")


async def test_the_table_follows_the_theme(demo: Stage) -> None:
    async with portal(demo) as session:
        await session.click_on("Activity")
        await session.see("10 events")
        await session.press("j", "j")
        for theme in (LIGHT, DARK):
            session.app.theme = theme.name
            await session.pilot.pause()
            (muted,) = {
                style.color.get_truecolor().hex
                for _, _, text, style in runs(session.app)
                if "was Nightly reports" in text and style.color
            }
            assert muted == theme.variables["text-muted"]
        assert session.one("EventTable", EventTable).cursor_row == 4


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_theme_fits_the_terminal(theme: object) -> None:
    name = getattr(theme, "name", "")
    assert fitting(name, 256) == name
    assert fitting(name, 16) == fitting(name, 0) == SIXTEEN.name


def test_another_theme_stays() -> None:
    assert fitting("nord", 16) == "nord"
