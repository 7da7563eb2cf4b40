"""The portal on a folder that nobody can write: people can look at all, and change nothing."""

from pathlib import Path

import pytest

from credtui.service.credentials import CredentialService
from tests.e2e.conftest import Start
from tests.terminal import restrained, seal

pytestmark = pytest.mark.files


def test_looking_works_and_changes_are_refused(
    start: Start, service: CredentialService, home: Path
) -> None:
    for name in ("Payout", "Batch"):
        service.generate(name)
    (home / "store" / "uat" / "acme.lock").unlink()  # a backup has none
    seal(home / "store")
    with start(before=restrained()) as terminal:
        terminal.wait_for("Batch")
        terminal.press("r")
        terminal.wait_for("Cancel")
        terminal.press("y")
        terminal.wait_for("Can't use")
        terminal.click_on("Activity")
        terminal.wait_for("Generate: Batch")
        terminal.press("y")
        terminal.wait_for("The log is intact. Its last event is number 2")
        terminal.press("q")
        assert terminal.wait_exit() == 0
