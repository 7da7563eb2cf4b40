"""Commands on a store that can't be written, such as a backup."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from credtui.cli.exit_codes import ExitCode
from tests.cli.conftest import PROGRAM, Credtui, Ran, in_process
from tests.terminal import restrained, seal

pytestmark = pytest.mark.files


@pytest.fixture
def ran(environ: Mapping[str, str]) -> Credtui:
    """Runs a command line in a process of its own, to which permissions apply."""

    def call(*words: str) -> Ran:
        return in_process([*restrained(), *PROGRAM, *words], environ)

    return call


def test_what_only_looks_works_and_what_changes_is_refused(
    credtui: Credtui, ran: Credtui, home: Path
) -> None:
    credtui("generate", "One")
    looks = (("list", "--json"), ("show", "One"), ("audit",), ("audit", "--verify"))
    told = [credtui(*words).out for words in looks]
    lock = home / "store" / "uat" / "acme.lock"
    lock.unlink()  # as in a backup
    seal(home / "store")

    assert [ran(*words) for words in looks] == [(ExitCode.OK, out, "") for out in told]
    sentence = f"credtui: Can't use {lock}: permission denied. Nothing was changed.\n"
    assert ran("rotate", "One") == (ExitCode.UNAVAILABLE, "", sentence)


def test_who_may_not_look_is_told_so(credtui: Credtui, ran: Credtui, home: Path) -> None:
    credtui("organization", "create", "acme")
    credtui("operator", "add", "rita", "--representative")
    seal(home / "store")
    for words in (("list",), ("list", "--organization", "nope"), ("audit", "--operators")):
        denied = ran(*words)
        assert denied.status == ExitCode.DENIED
        assert "Can't use" not in denied.err
