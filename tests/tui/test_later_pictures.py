"""Pictures of a credential's use, its previous secret and its replacement.

See `test_pictures` for how they are drawn and accepted.
"""

from datetime import timedelta

from credtui.tui.dialogs.replacement import ReplacementDialog
from tests.support import ALICE
from tests.tui.apps import Session
from tests.tui.test_pictures import Pictures, pictures, small

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


def test_replacement(small: Pictures) -> None:
    """The old one is still in use, and can't be deleted."""
    stage = small.stage()
    stage.add("Payout gateway")
    stage.service(ALICE).replace(stage.id_of("Payout gateway"), "Payout gateway new")
    stage.use("Payout gateway", timedelta(hours=3), tokens=42)
    stage.use("Payout gateway new", timedelta(minutes=1), tokens=317)

    async def do(session: Session) -> None:
        await session.press("x")
        await session.at(ReplacementDialog)

    assert small.same(stage, do)
