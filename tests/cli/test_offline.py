"""Commands while the database can't be reached: one sentence, and exit status 6."""

import pytest

from credtui.cli.exit_codes import ExitCode
from tests.cli.conftest import Credtui
from tests.postgres.server import free_port


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        ("list", False),
        ("show 1", False),
        ("audit", False),
        ("audit --verify", False),
        ("organization list", False),
        ("operator list", False),
        ("generate One", True),
        ("rotate 1 --yes", False),
    ],
)
def test_one_sentence(
    credtui: Credtui, monkeypatch: pytest.MonkeyPatch, command: str, *, changes: bool
) -> None:
    where = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("CREDTUI_STORE_URL", f"postgresql://alice@{where}/credtui")
    ran = credtui(*command.split())
    assert ran.status == ExitCode.UNAVAILABLE
    assert ran.out == ""
    sentence = f"credtui: The database credtui at {where} can't be reached: Connection refused."
    assert ran.err == f"{sentence}{' Nothing was changed.' if changes else ''}\n"
