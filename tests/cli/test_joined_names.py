"""A name may be given as several words, as ssh sends it, where the meaning is clear."""

from pathlib import Path

import pytest

from credtui.cli.exit_codes import ExitCode
from tests.cli.conftest import Credtui
from tests.cli.test_credentials import kept


def names(home: Path) -> list[str]:
    return [credential.name for credential in kept(home)]


@pytest.mark.parametrize(
    "words",
    [
        ("Payout", "gateway", "two"),
        ("Payout gateway", "two"),
        ("--format", "env", "Payout", "gateway", "two"),
        ("Payout", "gateway", "two", "--format", "env"),
        ("--organization", "acme", "Payout", "gateway", "two", "--json"),
        ("--", "Payout", "gateway", "two"),
    ],
)
def test_generate(credtui: Credtui, home: Path, words: tuple[str, ...]) -> None:
    assert credtui("generate", *words).status == ExitCode.OK
    assert names(home) == ["Payout gateway two"]


def test_blanks_within_quotes_are_kept(credtui: Credtui, home: Path) -> None:
    credtui("generate", "Payout  gateway", "two")
    assert names(home) == ["Payout  gateway two"]


def test_an_empty_name_is_none(credtui: Credtui, home: Path) -> None:
    ran = credtui("generate", "", "")
    assert (ran.status, ran.err) == (ExitCode.REFUSED, "credtui: Enter a name.\n")


def test_every_command_on_one_credential(credtui: Credtui, home: Path) -> None:
    credtui("generate", "Ledger")
    credtui("generate", "Payout", "gateway", "two")
    name = ("payout", "GATEWAY", "two")
    assert credtui("show", *name, "--json").json["name"] == "Payout gateway two"
    assert credtui("rotate", *name, "--json").json["client_secret"]
    assert credtui("make-primary", *name).status == ExitCode.OK
    assert credtui("make-primary", "Ledger").status == ExitCode.OK
    assert credtui("delete", *name, "--yes").status == ExitCode.OK
    assert names(home) == ["Ledger"]


@pytest.mark.parametrize("command", [("delete", "--yes"), ("rotate",), ("show",)])
def test_only_a_whole_name_counts(credtui: Credtui, home: Path, command: tuple[str, ...]) -> None:
    for name in ("Ledger", "Payout", "Payout gateway"):
        credtui("generate", name)
    before = kept(home)
    for words in (("Payout", "gate"), ("Ledger", "Payout"), ("Payout", "gateway", "two")):
        assert credtui(*command, *words).status == ExitCode.NOT_FOUND
    assert kept(home) == before


@pytest.mark.parametrize(
    ("words", "renamed"),
    [
        (("Ledger", "New", "name"), ["New name", "Payout gateway"]),
        (("Payout", "gateway", "New", "name"), ["Ledger", "New name"]),
        (("Payout", "gateway", "New name"), ["Ledger", "New name"]),
        (("payout gateway", "New", "name"), ["Ledger", "New name"]),
        (("--", "Payout", "gateway", "-", "x"), ["Ledger", "- x"]),
    ],
)
def test_rename(credtui: Credtui, home: Path, words: tuple[str, ...], renamed: list[str]) -> None:
    credtui("generate", "Ledger")
    credtui("generate", "Payout gateway")
    assert credtui("rename", *words).status == ExitCode.OK
    assert names(home) == renamed


def test_rename_where_two_could_be_meant(credtui: Credtui, home: Path) -> None:
    credtui("generate", "Payout")
    credtui("generate", "Payout gateway")
    ran = credtui("rename", "Payout", "gateway", "New")
    assert (ran.status, ran.out) == (ExitCode.USAGE, "")
    assert ran.err == (
        "credtui: Payout and Payout gateway are both names of credentials: put each name in "
        "quotes, as in rename Payout 'gateway New'; over ssh, put quotes around that too.\n"
    )
    assert names(home) == ["Payout", "Payout gateway"]
    assert credtui("rename", "Payout", "gateway New").status == ExitCode.OK
    assert names(home) == ["gateway New", "Payout gateway"]


def test_rename_of_what_is_not_there_is_refused_and_recorded(credtui: Credtui) -> None:
    credtui("generate", "Payout gateway")
    ran = credtui("rename", "Payut", "gateway", "New", "name")
    assert (ran.status, ran.out) == (ExitCode.NOT_FOUND, "")
    assert ran.err.startswith("credtui: There is no credential Payut of acme in uat")
    event = credtui("audit", "--json").json["events"][0]
    assert (event["action"], event["outcome"]) == ("rename", "refused")
