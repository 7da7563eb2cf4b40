"""The database ends while the portal is open, and comes back."""

from collections.abc import Iterator

import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.store.postgres.migrate import migrate
from tests.e2e.conftest import Start
from tests.e2e.test_sessions import generate
from tests.postgres.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server.create() as server:
        migrate(server.url())
        yield server


def test_a_secret_stays_on_screen(start: Start, server: Server) -> None:
    terminal = start(env={"CREDTUI_STORE_URL": server.url()})
    secret = generate(terminal, "Payout gateway")
    server.kill()
    terminal.wait_for("Offline: what you see is from")
    assert secret in terminal.text
    other = start(env={"CREDTUI_STORE_URL": server.url()}, cols=120)
    assert other.wait_exit() == ExitCode.UNAVAILABLE
    assert "can't be reached: Connection refused." in other.text
    server.start()
    terminal.wait_gone("Offline")
    assert secret in terminal.text
    terminal.press("escape")
    terminal.wait_for("Close without saving?")
    terminal.press("y")
    terminal.wait_for("Secret closed unsaved")
    terminal.press("q")
    assert terminal.wait_exit() == 0
