"""Keys that work in every part of the portal, and what footer, help and buttons call them."""

import re

import pytest
from textual.containers import VerticalScroll
from textual.widgets import Button, Input, OptionList, Static

from credtui.domain.permissions import Operator, Permission
from credtui.tui.dialogs.confirm import ConfirmCredentialDialog
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.dialogs.help import HelpDialog
from credtui.tui.dialogs.menu import CardMenu
from credtui.tui.dialogs.name import NameDialog
from credtui.tui.dialogs.operator import OperatorDialog
from credtui.tui.terminal.framework import bindings_of
from credtui.tui.widgets.footer import Footer
from tests.tui.apps import Session, Stage, portal

PAGES = ("Credentials", "Operators", "Activity", "Environment", "API access")
TITLES = (
    "API credentials",
    "Operators",
    "Activity",
    "Environment",
    "Request an access token",
)


def open_page(session: Session) -> str:
    """The name of the page that is open."""
    return session.app.portal.current.id or ""


def footer(session: Session) -> str:
    return session.app.screen.query_one(Footer).render().plain


class TestNumbers:
    @pytest.mark.parametrize("start", ["1", "3", "5"])
    async def test_each_opens_its_page_from_every_page(self, demo: Stage, start: str) -> None:
        async with portal(demo) as session:
            await session.press(start)
            for number, title in enumerate(TITLES, 1):
                await session.press(str(number))
                assert title in session.lines[2][18:]

    @pytest.mark.parametrize("size", [(60, 20), (80, 24)])
    async def test_the_navigation_shows_them(self, demo: Stage, size: tuple[int, int]) -> None:
        async with portal(demo, size=size) as session:
            for number, title in enumerate(PAGES, 1):
                assert session.find(f"{number} {title}")[0] == session.find("Settings")[0] - 2
            assert "1 Credentials ◂" in session.text

    async def test_they_work_while_the_navigation_has_the_focus(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.press("slash", "4")
            assert open_page(session) == "environment"

    async def test_a_number_keeps_the_chosen_card(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.press("j", "3", "1")
            assert session.focused == "Reporting batch"

    async def test_typed_numbers_are_a_text(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("n", "3", "4")
            dialog = await session.at(NameDialog)
            assert dialog.query_one(Input).value == "34"
            assert open_page(session) == "credentials"

    async def test_a_dialog_keeps_its_page(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r", "3")
            await session.at(ConfirmCredentialDialog)
            assert open_page(session) == "credentials"

    async def test_a_page_for_others_is_refused_with_the_reason(self, demo: Stage) -> None:
        demo.set_operators(
            Operator(name="carol", representative=True),
            Operator(name="alice", permissions={"acme": Permission.CAN_EDIT}),
        )
        async with portal(demo) as session:
            await session.see_no("2 Operators")
            await session.press("2")
            assert session.messages == ["Only a representative may manage operators."]
            assert open_page(session) == "credentials"


class TestNavigationFocused:
    async def test_new_credential(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("slash", "n")
            await session.at(NameDialog)

    async def test_a_verb_is_about_the_last_card(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", "slash", "r")
            await session.at(ConfirmCredentialDialog)
            await session.see("Credential Reporting batch")

    async def test_the_last_card_keeps_a_mark(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", "slash")
            assert "┏━ Reporting batch" in session.text
            assert "╭─ Payout gateway" in session.text

    async def test_a_verb_asks_for_a_choice_when_the_last_card_is_gone(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.press("j", "slash")
            demo.service().delete(demo.id_of("Reporting batch"), seen=1)
            await session.see("2 of 3")
            await session.press("r")
            assert session.messages == ["Choose a credential first."]

    async def test_its_own_keys_stay(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("slash", "j", "h", "left")
            assert session.focused == "Navigation"
            await session.press("enter")
            assert open_page(session) == "operators"

    @pytest.mark.parametrize(
        ("number", "key", "dialog"), [("2", "n", OperatorDialog), ("4", "e", Dialog)]
    )
    async def test_on_the_other_pages(
        self, demo: Stage, number: str, key: str, dialog: type
    ) -> None:
        async with portal(demo) as session:
            await session.press(number, "shift+tab", "shift+tab")
            session.app.portal.action_focus_navigation()
            await session.press(key)
            assert isinstance(session.app.screen, dialog)

    async def test_the_footer_shows_the_pages_keys(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("slash")
            assert "n New" in footer(session)
            assert "r Rotate" in footer(session)


class TestMenu:
    async def test_the_cursor_reaches_everything_and_one_reason_is_shown(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("enter")
            menu = await session.at(CardMenu)
            size = menu.query_one(".menu").outer_size
            for label, reason in (
                ("Rotate Credential", ""),
                ("Edit", ""),
                ("Make Primary", "This is the primary credential already."),
                ("Delete", "Make another credential primary first"),
            ):
                option = menu.query_one(OptionList).highlighted_option
                assert option
                assert label in str(option.prompt)
                shown = str(menu.query_one(".reason", Static).content)
                assert bool(reason) == bool(shown)
                assert reason in shown
                assert menu.query_one(".menu").outer_size == size
                await session.press("down")

    async def test_what_cant_be_used_says_so_without_colour(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("enter")
            await session.at(CardMenu)
            assert re.search(r"Delete +d  not now", session.text)
            assert re.search(r"Edit +e +│", session.text)

    async def test_enter_on_it_says_why_and_stays(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("enter", "down", "down", "enter")
            assert session.messages == ["This is the primary credential already."]
            assert isinstance(session.app.screen, CardMenu)

    @pytest.mark.parametrize("key", ["enter", "v"])
    @pytest.mark.parametrize("size", [(60, 20), (80, 24)])
    async def test_it_has_its_own_footer(self, two: Stage, key: str, size: tuple[int, int]) -> None:
        async with portal(two, size=size) as session:
            await session.press(key)
            await session.see("esc Close")
            assert session.lines[-1].split() == ["enter", "Choose", "esc", "Close"]


class TestHelp:
    @pytest.mark.parametrize("number", "12345")
    async def test_all_of_it_is_seen_in_two_columns(self, demo: Stage, number: str) -> None:
        async with portal(demo) as session:
            await session.press(number, "question_mark")
            await session.at(HelpDialog)
            row = session.lines[session.find("Everywhere")[1]]
            assert "This page" in row or "Credential" in row or "Operator" in row
            assert session.one(".dialog", VerticalScroll).max_scroll_y == 0
            for line in (
                "1 2 3 4 5    Open a page",
                "/            Navigation",
                "q ^q ^c      Quit",
            ):
                assert line in session.text

    async def test_the_keys_of_the_page_and_of_a_credential(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.press("question_mark")
            await session.at(HelpDialog)
            rows = [line[38:-4].strip() for line in session.lines]
            heading = rows.index("Credential")
            assert "n        New Credential" in rows[:heading]
            assert ". enter  Menu" in rows[:heading]
            for line in ("r  Rotate Credential", "d  Delete", "c  Copy Client ID"):
                assert line in rows[heading:]

    @pytest.mark.parametrize("number", "12345")
    async def test_no_cursor_key_of_a_widget_is_listed(self, demo: Stage, number: str) -> None:
        async with portal(demo) as session:
            await session.press(number, "question_mark")
            await session.at(HelpDialog)
            help_text = "\n".join(session.lines[4:20])
            for key in ("↑", "↓", "←", "→", "home", "pgup", "shift+", "ctrl+home"):
                assert key not in help_text
            assert help_text.count("arrows hjkl") == 1

    async def test_it_is_the_same_from_the_navigation(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.press("question_mark")
            await session.at(HelpDialog)
            before = session.lines[5:20]
            await session.press("escape", "slash", "question_mark")
            await session.at(HelpDialog)
            assert [line[22:76] for line in before] == [line[22:76] for line in session.lines[5:20]]

    async def test_one_column_where_there_is_little_room(self, demo: Stage) -> None:
        async with portal(demo, size=(60, 20)) as session:
            await session.press("question_mark")
            await session.at(HelpDialog)
            await session.see("Everywhere")
            assert "r  Rotate Credential" not in session.text
            await session.press("pagedown")
            await session.see("r  Rotate Credential")

    async def test_the_keys_of_a_dialog(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r", "question_mark")
            await session.at(HelpDialog)
            for line in ("This dialog", "y    Rotate Credential", "esc  Cancel"):
                await session.see(line)
            assert "Open a page" not in session.text


class TestPalette:
    async def test_a_line_for_each_command_with_its_key(self, demo: Stage) -> None:
        async with portal(demo, size=(80, 50)) as session:
            await session.press("ctrl+p")
            await session.see("Quit")
            listed = [line.strip() for line in session.lines if line.strip()]
            first = next(at for at, line in enumerate(listed) if "Search for commands" in line)
            commands = listed[first + 1 : first + 20]
            for command in (
                "r  Rotate Credential: Payout gateway",
                "c  Copy Client ID: Payout gateway",
                "w  Which credential is this?",
                "3  Activity",
                "v  Switch environment",
                "?  Help",
                "^q  Quit",
            ):
                assert command in commands

    @pytest.mark.parametrize("number", "12345")
    async def test_the_key_does_the_same(self, two: Stage, number: str) -> None:
        async with portal(two) as session:
            await session.press(number)
            screen = session.app.portal
            bound = {
                session.app.get_key_display(active.binding): active.binding.description.casefold()
                for active in screen.active_bindings.values()
            }
            for command in session.app.commands(screen):
                if command.key and not command.key.isdecimal():
                    assert bound[command.key].split()[-1] in command.title.casefold()

    async def test_the_marks_of_a_search_are_on_the_title(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.press("ctrl+p")
            await session.write("Activity")
            await session.see("3  Activity")
            await session.press("enter")
            assert open_page(session) == "activity"


# How to open each dialog that has buttons.
DIALOGS = {
    "new credential": ("d", "y", "n"),
    "rename": ("e",),
    "rotate": ("r",),
    "delete": ("d",),
    "secret": ("r", "y"),
    "close gate": ("r", "y", "escape"),
    "save": ("r", "y", "f"),
    "try it": ("t",),
    "identify": ("w",),
    "organization": ("o",),
    "networks": ("4", "e"),
    "add operator": ("2", "n"),
}


class TestOneWord:
    @pytest.mark.parametrize("keys", DIALOGS.values(), ids=DIALOGS.keys())
    async def test_a_dialogs_footer_and_buttons(self, demo: Stage, keys: tuple[str, ...]) -> None:
        async with portal(demo) as session:
            await session.press("j", *keys)
            dialog = session.app.screen
            assert isinstance(dialog, Dialog)
            buttons = {
                (button.id or "").replace("-", "_"): str(button.label).removesuffix(" (y)")
                for button in dialog.query(Button)
            }
            words = {
                binding.action: binding.description
                for binding in bindings_of(dialog)
                if binding.action in buttons and binding.description
            }
            assert words == {action: buttons[action] for action in words}
            assert set(words) & {"cancel", "close"}
            assert footer(session).count(words.get("cancel") or words["close"]) == 1

    @pytest.mark.parametrize("number", "12345")
    async def test_a_pages_footer_and_buttons(self, demo: Stage, number: str) -> None:
        """The footer may use a part of the button's words."""
        async with portal(demo) as session:
            await session.press(number)
            page = session.app.portal.current
            words = {
                binding.action.removeprefix("verb('").removesuffix("')"): binding.description
                for binding in bindings_of(page)
            }
            buttons = {button.id or "": str(button.label) for button in page.query(Button)}
            for name, label in buttons.items():
                assert words[name] in label
