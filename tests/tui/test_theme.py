"""Choosing a theme, which is remembered for the operator."""

import os
import shutil
from pathlib import Path

import pytest

from credtui.configuration import THEMES
from credtui.domain.permissions import Actor
from credtui.tui.terminal.questions import Answers
from credtui.tui.theme import DARK, LIGHT, SIXTEEN
from credtui.tui.themed import LATER, NOT_REMEMBERED
from tests.support import ALICE
from tests.tui.apps import BOB, Session, Stage, portal

ON_LIGHT = Answers(light=True)


async def open_list(session: Session) -> None:
    """List the themes, by way of the palette."""
    await session.press("ctrl+p")
    await session.see("Search for commands")
    await session.write("theme")
    await session.see_no("Copy Client ID")
    await session.press("enter")
    await session.see("Follow the terminal")


async def choose(session: Session, label: str) -> None:
    """Choose a theme in the list."""
    await open_list(session)
    await session.write(label)
    await session.see_no("credtui-16")
    await session.press("enter")
    await session.see("Payout gateway")


def remembered(stage: Stage, actor: Actor = ALICE) -> str | None:
    return stage.installation.preference_service(actor).theme


def test_the_configuration_names_the_themes_that_there_are(empty: Stage) -> None:
    assert sorted(THEMES) == sorted({"auto", "dark", "light", *empty.app().available_themes})


@pytest.mark.parametrize(
    ("word", "answers", "colours", "name"),
    [
        ("auto", Answers(), 256, DARK.name),
        ("auto", ON_LIGHT, 256, LIGHT.name),
        ("dark", ON_LIGHT, 256, DARK.name),
        ("light", Answers(), 256, LIGHT.name),
        ("nord", ON_LIGHT, 256, "nord"),
        ("auto", ON_LIGHT, 16, SIXTEEN.name),
        ("light", Answers(), 0, SIXTEEN.name),
    ],
)
async def test_the_first_theme(
    empty: Stage, word: str, answers: Answers, colours: int, name: str
) -> None:
    async with portal(empty, theme=word, answers=answers, colours=colours) as session:
        assert session.app.theme == name


async def test_a_choice_is_applied_and_remembered_for_the_operator(demo: Stage) -> None:
    before = demo.actions()
    async with portal(demo) as session:
        assert session.app.theme == DARK.name
        await choose(session, "Light")
        await session.until(lambda: session.app.theme == LIGHT.name, "light")
        await session.until(lambda: remembered(demo) == "light", "memory")
        assert session.messages == []
        await open_list(session)
        await session.see("Light (chosen)")
    assert remembered(demo, BOB) is None
    assert demo.installation.theme_for(ALICE) == "light"
    assert demo.installation.theme_for(BOB) == "auto"
    assert demo.actions() == before


async def test_a_choice_can_be_undone(demo: Stage) -> None:
    demo.installation.preference_service(ALICE).keep_theme("dark")
    async with portal(demo, theme="dark") as session:
        await choose(session, "Follow")
        await session.see(LATER)
    assert demo.installation.theme_for(ALICE) == "auto"


async def test_back_to_the_terminal_s_background(demo: Stage) -> None:
    async with portal(demo, answers=ON_LIGHT) as session:
        await choose(session, "Dark")
        await session.until(lambda: session.app.theme == DARK.name, "dark")
        await choose(session, "Follow")
        await session.until(lambda: session.app.theme == LIGHT.name, "light")
        await session.until(lambda: remembered(demo) == "auto", "memory")
        assert session.messages == []


async def test_looking_through_the_list_changes_nothing(demo: Stage) -> None:
    async with portal(demo) as session:
        await open_list(session)
        await session.press("down", "down", "down", "down", "up")
        await session.press("escape")
        await session.see("Payout gateway")
        assert session.app.theme == DARK.name
    assert remembered(demo) is None


@pytest.mark.parametrize("gone", ["sepia", "", "AUTO", "credtui", "\x1b[31m"])
def test_a_remembered_theme_that_no_longer_exists(store_folder: Path, gone: str) -> None:
    stage = Stage(store_folder, theme="light")
    stage.installation.store.keep_theme("alice", gone)
    assert stage.installation.theme_for(ALICE) == "light"


@pytest.mark.files
class TestFiles:
    async def test_a_store_that_can_t_be_written(self, demo: Stage) -> None:
        """The theme applies, and one sentence says that it isn't remembered."""
        (demo.folder / "preferences.json").mkdir()
        async with portal(demo) as session:
            await choose(session, "Light")
            await session.see(NOT_REMEMBERED)
            assert session.app.theme == LIGHT.name
            assert len(session.messages) == 1

    def test_what_can_t_be_read_keeps_no_portal_from_opening(self, demo: Stage) -> None:
        path = demo.folder / "preferences.json"
        for content in (
            b"",
            b"{",
            b"[]",
            b'{"alice": 1}',
            b'{"alice": {"theme": []}}',
            b"\xff",
            b"[" * 100_000,
        ):
            path.write_bytes(content)
            assert demo.installation.theme_for(ALICE) == "auto"
        path.unlink()
        os.mkfifo(path)
        assert demo.installation.theme_for(ALICE) == "auto"
        path.unlink()
        path.mkdir()
        assert demo.installation.theme_for(ALICE) == "auto"

    def test_without_a_store_there_is_no_choice(self, demo: Stage) -> None:
        shutil.rmtree(demo.folder)
        assert demo.installation.theme_for(ALICE) == "auto"
