"""Pictures of a credential's use, its previous secret and its replacement.

See `test_pictures` for how they are drawn and accepted.
"""

from datetime import timedelta

import pytest
from textual.widgets import Static

from credtui.tui.dialogs.details import DetailsDialog
from credtui.tui.dialogs.replacement import ReplacementDialog
from tests.support import ALICE
from tests.tui.apps import CLIENT, Session, Stage
from tests.tui.test_pictures import Pictures, pictures, pressing, small

__all__ = ["pictures", "small"]  # fixtures


def test_use_and_a_previous_secret_in_use(pictures: Pictures) -> None:
    """A card in use, one whose previous secret a client still has, one that nobody uses."""
    stage = pictures.stage(demo=True)
    stage.service(ALICE).rotate(stage.id_of("Reporting batch"))
    client_id = stage.id_of("Reporting batch")
    stage.service(ALICE).confirm(client_id, seen=2, how="checked")
    stage.use("Payout gateway", timedelta(minutes=4), tokens=1234)
    stage.use("Reporting batch", timedelta(hours=2), refused=17)
    assert pictures.same(stage)


class TestReplacement:
    @staticmethod
    def stage(pictures: Pictures, *, kept: bool = True) -> Stage:
        """Payout gateway has been used for hours; since yesterday there is a new credential."""
        stage = pictures.stage()
        stage.add("Payout gateway")
        service = stage.service(ALICE)
        issued = service.replace(stage.id_of("Payout gateway"), "Payout gateway new")
        if kept:
            service.confirm(issued.credential.client_id, seen=1, how="checked")
        issued.lease.close()
        stage.clock.advance(timedelta(days=1))
        for hours_ago, tokens in enumerate([3, 5, 8, 13, 21, 34, 40, 21, 8, 3], start=4):
            address = f"203.0.113.{hours_ago % 3 + 1}"
            stage.use("Payout gateway", timedelta(hours=hours_ago), tokens=tokens, address=address)
        return stage

    @staticmethod
    async def look(session: Session) -> None:
        await session.press("x")
        await session.at(ReplacementDialog)

    def test_new_credential(self, small: Pictures) -> None:
        """Step 1: the name, below the steps that follow."""
        stage = small.stage()
        stage.add("Payout gateway")
        assert small.same(stage, pressing("x"))

    def test_move_clients(self, pictures: Pictures) -> None:
        """Step 2: some addresses still use the old credential, one of them in IPv6."""
        stage = self.stage(pictures)
        stage.use("Payout gateway new", timedelta(hours=1), tokens=317, address="203.0.113.1")
        stage.use("Payout gateway", timedelta(minutes=4), address="2001:db8:1234:5678:9abc:def0::1")
        assert pictures.same(stage, self.look)

    def test_rotate_first(self, small: Pictures) -> None:
        """Step 2: perhaps nobody has the new secret."""
        assert small.same(self.stage(small, kept=False), self.look)

    def test_quiet(self, small: Pictures) -> None:
        """Step 3: the old credential has been quiet for 4 of 24 hours."""
        stage = self.stage(small)
        stage.use("Payout gateway new", timedelta(minutes=1), tokens=317)
        assert small.same(stage, self.look)

    def test_delete(self, small: Pictures) -> None:
        """Step 4: the old credential can be deleted."""
        stage = self.stage(small)
        stage.clock.advance(timedelta(days=1))
        stage.use("Payout gateway new", timedelta(minutes=1), tokens=317)
        assert small.same(stage, self.look)

    def test_narrow(self, small: Pictures) -> None:
        """In the smallest terminal, and in ASCII, it scrolls."""
        small.size = (60, 20)
        assert small.same(self.stage(small), self.look, ascii_only=True)


class TestLosingAccess:
    @staticmethod
    def stage(pictures: Pictures) -> Stage:
        """Two credentials, which were used a few minutes ago."""
        stage = pictures.stage()
        stage.add("Payout gateway", "Reporting batch")
        stage.clock.advance(timedelta(days=34))
        for minutes, name in (
            (40, "Payout gateway"),
            (12, "Payout gateway"),
            (4, "Reporting batch"),
        ):
            stage.use(name, timedelta(minutes=minutes), address=f"203.0.113.{minutes}", refused=1)
        return stage

    def test_rotate(self, pictures: Pictures) -> None:
        """The dialog says who loses access, and offers Replace instead."""
        assert pictures.same(self.stage(pictures), pressing("r"))

    def test_rotate_narrow(self, small: Pictures) -> None:
        """The same in the smallest terminal."""
        small.size = (60, 20)
        assert small.same(self.stage(small), pressing("r"), ascii_only=True)

    def test_delete(self, small: Pictures) -> None:
        """Who loses access."""
        assert small.same(self.stage(small), pressing("j", "d"))


def _a_day_of_use(stage: Stage) -> None:
    for hour, count in enumerate((1, 12, 80, 74, 61, 9, 0, 0, 3, 22, 57, 60)):
        stage.use(
            "Reporting batch", timedelta(hours=hour, minutes=9), tokens=count, callers={CLIENT: 1}
        )
    client_id = stage.id_of("Reporting batch")
    stage.service(ALICE).rotate(client_id).lease.close()
    stage.service(ALICE).confirm(client_id, seen=2, how="checked")
    stage.use("Reporting batch", timedelta(minutes=4), refused=17, callers={"2001:db8::9": 2})


async def _see_details(session: Session) -> None:
    await session.press("j", "i")
    await session.at(DetailsDialog)
    await _read_events(session)


async def _read_events(session: Session) -> None:
    text = session.one("Detail Static", Static)
    await session.until(lambda: "Rename by bob" in str(text.render()))


@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=["80x24", "60x20"])
def test_details(small: Pictures, size: tuple[int, int]) -> None:
    """Callers, one of which hasn't moved, and the previous secret's refused uses."""
    small.size = size
    stage = small.stage(demo=True)
    _a_day_of_use(stage)
    assert small.same(stage, _see_details)


@pytest.mark.parametrize("size", [(120, 40), (200, 50)], ids=["120x40", "200x50"])
def test_details_beside_the_cards(small: Pictures, size: tuple[int, int]) -> None:
    """The focused credential's details beside the cards."""
    small.size = size
    stage = small.stage(demo=True)
    _a_day_of_use(stage)

    async def do(session: Session) -> None:
        await session.press("j")
        await _read_events(session)

    assert small.same(stage, do)


def test_every_alert_in_the_smallest_terminal(small: Pictures) -> None:
    """An alert takes the place of a meter."""
    small.size = (60, 20)
    stage = small.stage(demo=True)
    for name in stage.names:
        stage.service(ALICE).rotate(stage.id_of(name)).lease.close()
    stage.use("Treasury sync", timedelta(hours=2), tokens=0, refused=17)
    assert small.same(stage)
