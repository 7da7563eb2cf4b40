"""Changes in doubt: what the portal says of them, and of a secret that one of them made."""

import errno
import os
import stat
from pathlib import Path

import pytest

from credtui.domain.errors import OutcomeUnknownError
from credtui.store.tinydb import files
from credtui.tui.dialogs.secret import SecretDialog
from credtui.tui.screens.main import MainScreen
from tests.tui.apps import Stage, portal

pytestmark = pytest.mark.files

VALID = "This secret is valid, but a power cut may bring the previous state back"
PERHAPS = "This secret may be the valid one."
REASON = "input/output error"


@pytest.fixture
def failing_sync(two: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder can't be synced, once."""
    fsync, failures = os.fsync, [errno.EIO]

    def fail(descriptor: int) -> None:
        if failures and stat.S_ISDIR(os.fstat(descriptor).st_mode):
            failures.clear()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)


@pytest.fixture
def unknown(two: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change is made, and its outcome stays unknown."""
    move = files._move

    def fail(temporary: Path, path: Path, made: os.stat_result) -> None:
        move(temporary, path, made)
        raise OutcomeUnknownError(f"{path}: {REASON}")

    monkeypatch.setattr(files, "_move", fail)


@pytest.mark.usefixtures("failing_sync")
class TestPerhapsNotDurable:
    @pytest.mark.parametrize("size", [(80, 24), (60, 20)])
    async def test_the_secret_is_shown_whole_and_labelled(
        self, two: Stage, size: tuple[int, int]
    ) -> None:
        async with portal(two, size=size) as session:
            await session.press("r")
            await session.see("immediately invalidated")
            await session.press("y")
            await session.at(SecretDialog)
            dialog = session.app.screen
            assert isinstance(dialog, SecretDialog)
            assert dialog._issued
            assert any(dialog._issued.secret.get_secret_value() in line for line in session.lines)
            assert VALID.split(",", maxsplit=1)[0] in session.text
            await session.press("s", "escape")
            await session.at(MainScreen)
        credential = two.page.find(two.id_of("Payout gateway"))
        assert credential
        assert (credential.generation, credential.handover is not None) == (2, True)

    async def test_another_change_is_seen_and_warned_of(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("down", "p")
            await session.see("may not survive a power cut")
            assert "is now the primary credential." not in session.text
        assert two.page.primary == two.id_of("Reporting batch")


@pytest.mark.usefixtures("unknown")
async def test_a_secret_that_may_be_valid_is_labelled_and_not_confirmed(two: Stage) -> None:
    async with portal(two) as session:
        await session.press("r")
        await session.see("immediately invalidated")
        await session.press("y")
        await session.at(SecretDialog)
        await session.see(PERHAPS)
        await session.press("s", "escape")
        await session.at(MainScreen)
        await session.see("It is not known whether the change was made")
        await session.see("Secret never seen")
