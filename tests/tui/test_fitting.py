"""Every terminal: too small, resized at any moment, without colour, without Unicode."""

import pytest
from textual.widgets import Input

from credtui.tui.dialogs.confirm import ConfirmDialog
from credtui.tui.dialogs.name import NameDialog
from credtui.tui.dialogs.secret import SecretDialog
from tests.tui.apps import Session, Stage, portal
from tests.tui.contrast import runs

NEEDS = "credtui needs 60 columns and 20 rows"


async def open_dialog(session: Session, name: str) -> None:
    """Open one of the portal's dialogs."""
    match name:
        case "menu":
            await session.press("full_stop")
        case "name":
            await session.press("e")
        case "rotate":
            await session.press("r")
        case "secret":
            await session.press("r")
            await session.see("immediately invalidated")
            await session.press("y")
        case "gate":
            await open_dialog(session, "secret")
            await session.at(SecretDialog)
            await session.press("escape")
        case "help":
            await session.press("question_mark")
        case "environment":
            await session.press("v")
        case "palette":
            await session.press("ctrl+p")
        case "nothing":
            return
    depth = 3 if name == "gate" else 2
    kind = {"secret": SecretDialog, "gate": ConfirmDialog}.get(name)
    await session.until(
        lambda: (
            len(session.app.screen_stack) == depth
            and (kind is None or isinstance(session.app.screen, kind))
        ),
        name,
    )


DIALOGS = ["nothing", "menu", "name", "rotate", "secret", "gate", "help", "environment"]


class TestTooSmall:
    @pytest.mark.parametrize("size", [(59, 24), (80, 19), (1, 1), (20, 5)])
    async def test_it_says_what_it_needs_and_comes_back(
        self, two: Stage, size: tuple[int, int]
    ) -> None:
        async with portal(two) as session:
            await session.press("j")
            before = session.lines
            await session.resize(*size)
            if size[0] >= 20:
                await session.see("credtui needs")
            assert "Client ID" not in session.text
            await session.resize(80, 24)
            await session.until(lambda: session.lines == before)
            assert session.focused == "Reporting batch"

    async def test_it_may_begin_too_small(self, two: Stage) -> None:
        async with portal(two, size=(59, 19)) as session:
            await session.see(f"{NEEDS}; this terminal has 59 and 19. Enlarge it to go on.")
            await session.press("n", "r", "enter")
            assert len(session.app.screen_stack) == 1
            await session.resize(80, 24)
            await session.until(lambda: session.focused == "Payout gateway")

    @pytest.mark.parametrize("dialog", DIALOGS)
    async def test_a_dialog_is_covered_and_loses_nothing(self, two: Stage, dialog: str) -> None:
        async with portal(two) as session:
            await open_dialog(session, dialog)
            await session.pilot.pause()
            before, focused = session.lines, session.focused
            screens = list(session.app.screen_stack)
            await session.resize(59, 19)
            await session.see(NEEDS)
            assert "csk_" not in session.text
            await session.resize(80, 24)
            await session.until(lambda: session.lines == before)
            assert session.app.screen_stack == screens
            assert session.focused == focused

    @pytest.mark.parametrize("dialog", DIALOGS)
    async def test_no_key_does_anything_meanwhile(self, two: Stage, dialog: str) -> None:
        async with portal(two) as session:
            await open_dialog(session, dialog)
            screens = list(session.app.screen_stack)
            await session.resize(59, 19)
            await session.see(NEEDS)
            events = two.actions()
            await session.press(
                "n", "r", "d", "y", "s", "v", "full_stop", "enter", "down", "tab",
                "question_mark", "ctrl+p",
            )  # fmt: skip
            assert session.app.screen_stack == screens
            assert two.actions() == events
            assert session.app.written == []
            assert session.messages == []

    async def test_what_was_typed_stays(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("n")
            dialog = await session.at(NameDialog)
            await session.write("Treas")
            await session.resize(59, 19)
            await session.see(NEEDS)
            await session.write("xyz")
            await session.resize(80, 24)
            await session.see_no("credtui needs")
            await session.write("ury")
            assert dialog.query_one("#name", Input).value == "Treasury"

    async def test_quitting_works(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.resize(59, 19)
            await session.see(NEEDS)
            await session.press("ctrl+q")
            await session.until(lambda: session.ended)


class TestResizing:
    @pytest.mark.parametrize("dialog", [*DIALOGS, "palette"])
    async def test_at_any_moment_loses_nothing(self, two: Stage, dialog: str) -> None:
        async with portal(two) as session:
            await open_dialog(session, dialog)
            await session.pilot.pause()
            focused, screens = session.focused, list(session.app.screen_stack)
            for size in ((120, 40), (60, 20), (80, 24)):
                await session.resize(*size)
            await session.pilot.pause()
            assert session.app.screen_stack == screens
            assert session.focused == focused
            assert len(session.lines) == 24

    @pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
    @pytest.mark.parametrize("dialog", ["name", "rotate", "secret", "gate"])
    async def test_every_button_is_whole(
        self, two: Stage, dialog: str, size: tuple[int, int]
    ) -> None:
        labels = {
            "name": ("Save", "Cancel"),
            "rotate": ("Rotate Credential (y)", "Cancel"),
            "secret": ("Copy Client ID", "Copy Secret", "Save to File", "Plain View", "Close"),
            "gate": ("Close (y)", "Back"),
        }
        async with portal(two, size=size) as session:
            await open_dialog(session, dialog)
            for label in labels[dialog]:
                await session.see(label)


class TestAsciiOnly:
    @pytest.mark.parametrize("dialog", [*DIALOGS, "palette"])
    async def test_nothing_else_is_on_screen(self, demo: Stage, dialog: str) -> None:
        async with portal(demo, ascii_only=True) as session:
            await open_dialog(session, dialog)
            await session.pilot.pause()
            others = sorted({letter for letter in session.text if letter > "~"})
            assert others == [], session.text
            assert "??" not in session.text

    async def test_nor_with_badges_messages_and_long_names(self, empty: Stage) -> None:
        empty.add("A" * 60, confirmed=False)
        async with portal(empty, ascii_only=True) as session:
            await session.press("d")
            await session.see("The primary credential can't be deleted.")
            await session.press("n")
            await session.write("x")
            others = sorted({letter for letter in session.text if letter > "~"})
            assert others == [], session.text


class TestWithoutColour:
    @pytest.mark.parametrize("dialog", ["nothing", "rotate", "secret"])
    async def test_no_colour_is_drawn(self, demo: Stage, dialog: str) -> None:
        async with portal(demo, colours=0) as session:
            await open_dialog(session, dialog)
            for _, _, text, style in runs(session.app):
                assert style.color is style.bgcolor is None, text

    async def test_focus_is_seen_all_the_same(self, demo: Stage) -> None:
        async with portal(demo, colours=0) as session:
            row = session.find("Payout gateway")[1]
            assert "┏" in session.lines[row], "the focused card has a frame of its own"
            assert "╭" in session.lines[row + 5]
