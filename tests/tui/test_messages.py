"""What was made is said, and has the focus; messages cover nothing that is needed."""

import pytest
from textual.widget import Widget

from credtui.tui.dialogs.confirm import ConfirmDialog
from credtui.tui.dialogs.replacement import ReplacementDialog
from credtui.tui.dialogs.secret import SecretDialog
from credtui.tui.widgets.card import Card
from tests.tui.apps import Session, Stage, portal
from tests.tui.test_pictures import settle
from tests.tui.test_secret_dialog import shown_secret

SIZES = [(80, 24), (60, 20), (120, 40)]


async def keep(session: Session) -> None:
    """Prove that the secret was kept, and close its dialog."""
    await session.at(SecretDialog)
    await session.paste(shown_secret(session))
    await session.see("matches")
    await session.press("enter")
    await session.until(lambda: len(session.app.screen_stack) == 1)


def visible(session: Session) -> bool:
    """Whether the focused card is whole on the screen."""
    card = session.app.focused
    assert isinstance(card, Card)
    grid = card.parent
    assert isinstance(grid, Widget)
    return grid.region.contains_region(card.region)


class TestWhatWasMade:
    @pytest.mark.parametrize("size", SIZES)
    async def test_generated(self, two: Stage, size: tuple[int, int]) -> None:
        async with portal(two, size=size) as session:
            await session.press("n")
            await session.write("Treasury sync")
            await session.press("enter")
            await keep(session)
            await session.see("Treasury sync generated. Its clients need the secret.")
            assert session.focused == "Treasury sync"
            await session.until(lambda: visible(session), "card on screen")

    async def test_rotated(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", "r")
            await session.see("immediately invalidated")
            await session.press("y")
            await keep(session)
            await session.see("Reporting batch rotated. Clients need the new secret.")
            assert session.focused == "Reporting batch"

    @pytest.mark.parametrize("size", SIZES)
    async def test_replaced(self, two: Stage, size: tuple[int, int]) -> None:
        async with portal(two, size=size) as session:
            await session.press("x")
            await session.see("Credential name")
            await session.press("enter")
            await session.at(SecretDialog)
            await session.paste(shown_secret(session))
            await session.see("matches")
            await session.press("enter")
            await session.at(ReplacementDialog)
            assert not session.messages, "one would cover the steps"
            await session.see("Move clients")
            await session.press("escape")
            await session.see("Payout gateway new generated.")
            await session.see("Move the clients of Payout gateway over to it.")
            await session.until(lambda: session.focused == "Payout gateway new")
            await session.until(lambda: visible(session), "card on screen")

    async def test_closed_unsaved(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.see("immediately invalidated")
            await session.press("y")
            await session.at(SecretDialog)
            await session.press("escape")
            await session.see("Close without saving?")
            await session.press("y")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            await session.see("Payout gateway rotated. Its secret was closed unsaved.")
            [message] = session.app._notifications
            assert message.severity == "warning"

    async def test_the_focus_stays_where_nothing_was_made(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", "r")
            await session.at(ConfirmDialog)
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            assert session.focused == "Reporting batch"
            assert session.messages == []


class TestWhereMessagesAre:
    @pytest.mark.parametrize("size", SIZES)
    async def test_a_short_one_covers_nothing(self, demo: Stage, size: tuple[int, int]) -> None:
        async with portal(demo, size=size) as session:
            await settle(session.app, session.pilot)
            before = session.lines
            session.app.portal.tell("Payout gateway rotated. Clients need the new secret.")
            await session.see("Clients need the new secret.")
            changed = [n for n, line in enumerate(session.lines) if line != before[n]]
            assert changed == [1]
            if size != (60, 20):  # There the page's title begins on this row.
                assert before[1].strip() == "", "nothing was there"

    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("warned", [False, True])
    async def test_a_long_one_is_whole_and_leaves_the_cards(
        self, demo: Stage, size: tuple[int, int], warned: bool
    ) -> None:
        async with portal(demo, size=size) as session:
            await settle(session.app, session.pilot)
            cards = [card.region.y for card in session.app.screen.query(Card)]
            before = session.lines[min(cards) :]
            say = session.app.portal.warn if warned else session.app.portal.tell
            say(
                "The primary credential can't be deleted. Make another credential primary first, "
                "or contact your representative."
            )
            await session.see("The primary credential can't be deleted. Make another")
            await session.see("or contact your representative.")
            assert session.lines[min(cards) :] == before

    @pytest.mark.parametrize("size", SIZES)
    async def test_it_leaves_the_buttons_of_a_dialog(
        self, demo: Stage, size: tuple[int, int]
    ) -> None:
        async with portal(demo, size=size) as session:
            await session.press("r")
            await session.at(ConfirmDialog)
            row = session.find("Rotate Credential (y)")[1]
            before = session.lines[row]
            session.app.portal.tell("The store is busy. Wait a moment.")
            await session.see("The store is busy. Wait a moment.")
            assert session.lines[row] == before

    async def test_another_one_takes_the_place_of_the_one_before(self, demo: Stage) -> None:
        async with portal(demo) as session:
            for message in ("First.", "Second.", "Third."):
                session.app.portal.tell(message)
                await session.see(message)
                assert session.find(message)[1] == 1
            assert "Second" not in session.text

    async def test_a_long_message_stays_longer(self, two: Stage) -> None:
        async with portal(two) as session:
            times = []
            for message in ("Short.", "A message of many words. " * 8):
                session.app.portal.warn(message)
                await session.until(lambda message=message: session.messages == [message])  # type: ignore[misc]
                times.append(session.app.asked_timeouts[-1])
            assert 10 <= times[0] < times[1]
