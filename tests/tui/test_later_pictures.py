"""Pictures of a credential's use, its previous secret and its replacement.

See `test_pictures` for how they are drawn and accepted.
"""

from datetime import timedelta

from credtui.tui.dialogs.replacement import ReplacementDialog
from tests.support import ALICE
from tests.tui.apps import Session, Stage
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
        """Who loses access, and Replace instead."""
        assert pictures.same(self.stage(pictures), pressing("r"))

    def test_rotate_narrow(self, small: Pictures) -> None:
        """The same in the smallest terminal."""
        small.size = (60, 20)
        assert small.same(self.stage(small), pressing("r"), ascii_only=True)

    def test_delete(self, small: Pictures) -> None:
        """Who loses access."""
        assert small.same(self.stage(small), pressing("j", "d"))
