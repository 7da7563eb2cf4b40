"""Keys typed ahead: they keep their order, and answer no question that isn't on screen yet."""

import pytest
from textual.events import Key
from textual.message import Message
from textual.widgets import Input

from credtui.domain.place import Place
from credtui.tui.app import CredtuiApp
from credtui.tui.dialogs.confirm import ConfirmCredentialDialog, ConfirmDialog
from credtui.tui.dialogs.menu import CardMenu
from credtui.tui.dialogs.name import NameDialog
from credtui.tui.dialogs.secret import SecretDialog
from credtui.tui.widgets.card import Card
from tests.tui.apps import Session, Stage, portal

GATE = "Close without saving?"


async def quiet(session: Session) -> None:
    """Wait until the app has acted on every key."""
    await session.until(lambda: not session.app._ahead and session.app._asked is None, "quiet")


class TestOrder:
    async def test_a_name_is_typed_right_behind_its_key(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.burst("n", *"Treasury", "enter")
            await session.see("Secret for Treasury")
        assert two.names == ["Payout gateway", "Reporting batch", "Treasury"]

    async def test_two_renames_in_one_go(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.burst("e", *"First", "enter", "j", "e", *"Second", "enter")
            await session.see("━ Second ━")
        assert two.names == ["First", "Second"]

    async def test_a_verb_waits_for_the_one_before(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.burst("j", "p", "e")
            dialog = await session.at(NameDialog)
            assert two.page.primary == two.id_of("Reporting batch")
            assert dialog.query_one("#name", Input).value == "Reporting batch"

    async def test_a_menu_opens_and_closes(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.burst("full_stop", "full_stop", "e")
            await session.at(NameDialog)

    async def test_the_filter_takes_what_is_typed_behind_its_key(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.click_on("Activity")
            await session.see("10 events")
            await session.burst("slash", *"alice")
            await session.see("6 of 10 events")

    async def test_the_palette_takes_what_is_typed_behind_its_key(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.burst("ctrl+p", *"quit", "enter")
            await session.until(lambda: session.ended, "end")

    async def test_the_next_key_after_a_dialog_is_taken_at_once(self, two: Stage) -> None:
        """The message that follows Escape may go with the dialog that it closes."""
        async with portal(two) as session:
            for _ in range(5):
                await session.burst("e")
                await session.at(NameDialog)
                await session.burst("escape", "down", "up")
                await session.until(lambda: len(session.app.screen_stack) == 1)
                await quiet(session)
            assert session.focused == "Payout gateway"

    async def test_a_widget_that_goes_takes_no_key_with_it(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j")
            two.service().delete(two.id_of("Reporting batch"))
            for _ in range(20):
                await session.burst("e", "escape")
            await session.see_no("Reporting batch")
            await session.press("e")
            await session.at(NameDialog)

    async def test_keys_wait_while_the_store_is_held(self, two: Stage) -> None:
        place = Place("uat", "acme")
        async with portal(two) as session:
            with two.installation.store.transaction(place):
                await session.burst("j", "p", "e")
                await session.until(lambda: session.app.engaged, "a change under way")
                await session.see("The store is busy. Wait a moment.")
                assert not isinstance(session.app.screen, NameDialog)
            await session.at(NameDialog)

    async def test_a_paste_waits_for_its_field(self, two: Stage) -> None:
        async with portal(two) as session:
            session.app.post_message(Key("n", "n"))
            await session.paste("Treasury sync")
            await session.until(
                lambda: session.app.screen.query_one("#name", Input).value == "Treasury sync",
                "the pasted name",
            )


class TestQuestions:
    async def test_nothing_is_confirmed_before_it_is_asked(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.burst("r", "y", "enter")
            await session.at(ConfirmCredentialDialog)
            await quiet(session)
            assert isinstance(session.app.screen, ConfirmCredentialDialog)
            await session.press("y")
            await session.at(SecretDialog)

    async def test_a_secret_isnt_closed_or_copied_before_it_is_seen(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.at(ConfirmCredentialDialog)
            await session.burst("y", "s", "enter", "q", "escape", "escape")
            await session.at(SecretDialog)
            await quiet(session)
            assert isinstance(session.app.screen, SecretDialog)
            await session.press("escape")
            await session.see(GATE)

    async def test_the_gate_isnt_answered_before_it_is_asked(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.at(ConfirmCredentialDialog)
            await session.press("y")
            await session.at(SecretDialog)
            await session.burst("escape", "y", "escape")
            await session.see(GATE)
            await quiet(session)
            assert isinstance(session.app.screen, ConfirmDialog)

    async def test_what_was_typed_behind_a_refused_key_is_dropped(self, demo: Stage) -> None:
        """At the cap no dialog asks for a name. The letters of one must not rotate and confirm."""
        async with portal(demo) as session:
            await session.burst("n", *"rydy", "enter", "y")
            await session.see("Delete a credential before creating a new one.")
            await quiet(session)
            assert len(session.app.screen_stack) == 1
            await session.press("full_stop")
            await session.at(CardMenu)
        assert demo.actions()[0] == "delete refused"  # This event is the demo's own.

    async def test_what_was_typed_behind_a_key_refused_in_a_menu_is_dropped(
        self, demo: Stage
    ) -> None:
        async with portal(demo) as session:
            primary = demo.page.primary
            await session.press("j", "full_stop")
            await session.at(CardMenu)
            await session.burst("x", *"sp")
            await session.see("Replacing takes a second credential")
            await quiet(session)
            assert isinstance(session.app.screen, CardMenu)
            assert demo.page.primary == primary

    @pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
    async def test_what_interrupts_waits_for_nothing(self, two: Stage, key: str) -> None:
        async with portal(two) as session:
            with two.installation.store.transaction(Place("uat", "acme")):
                await session.burst("j", "p", "e")
                await session.until(lambda: session.app.engaged, "a change under way")
                await session.burst(key)
            await session.until(lambda: session.ended, "end")
        assert two.page.primary == two.id_of("Reporting batch")


class TestWhoIsAsked:
    @pytest.mark.parametrize("lost", [1, 2, 3, 4])
    async def test_no_key_waits_for_an_answer_that_is_lost(self, two: Stage, lost: int) -> None:
        """The message that follows a key may be removed along with its widget."""
        async with portal(two) as session:
            app = session.app
            asked: list[CredtuiApp.Settled] = []

            def lose(message: Message) -> None:
                if isinstance(message, CredtuiApp.Settled) and message not in asked:
                    asked.append(message)
                    if len(asked) == lost:
                        message.stop()

            for card in app.screen.query(Card):
                card.message_signal.subscribe(app, lose, immediate=True)
            await session.burst("f5", "f5", "j", "e")
            dialog = await session.at(NameDialog)
            assert dialog.query_one("#name", Input).value == "Reporting batch"
            assert len(asked) >= lost
