"""The portal's verbs on the command line."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.domain.audit import Action, AuditEvent
from credtui.domain.models import Credential
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.domain.secrets import recognise
from credtui.domain.usage import MAX_CALLERS, Caller, Usage, hour_of
from credtui.installation import now
from tests.cli.conftest import PROGRAM, Credtui
from tests.secrets_scan import assert_no_secret
from tests.stores import open_store
from tests.terminal import Terminal

FACTS = {
    "client_id",
    "name",
    "primary",
    "created_at",
    "rotated_at",
    "generation",
    "secret_age_days",
    "rotation_due",
    "secret_state",
    "on_screen",
    "confirmed",
    "last_used_at",
    "last_used_from",
    "tokens_in_24_hours",
    "callers",
}
ABOUT = {"organization", "environment", "production", "audience"}


def kept(home: Path) -> list[Credential]:
    return list(open_store(home / "store").load(Place("uat", "acme")).credentials)


def use(home: Path, client_id: str, address: str, generation: int, at: datetime) -> None:
    issued = {hour_of(at): 1}
    caller = Caller(address=address, generation=generation, last_at=at, issued=issued)
    usage = Usage(last_used_at=at, last_used_from=address, issued=issued, callers=(caller,))
    open_store(home / "store").add_usage(Place("uat", "acme"), {client_id: usage})


@pytest.mark.parametrize("command", ["delete", "rotate"])
def test_the_question_says_who_loses_access(
    credtui: Credtui, home: Path, environ: Mapping[str, str], command: str
) -> None:
    credtui("generate", "Payout gateway")
    client_id = credtui("generate", "Reporting batch", "--json").json["client_id"]
    use(home, client_id, "203.0.113.9", 1, now())
    with Terminal([*PROGRAM, command, client_id], env=environ, cols=150) as terminal:
        terminal.wait_for("[y/N]")
        assert (
            "! Used just now from 203.0.113.9: that client loses access at once." in terminal.text
        )
        terminal.send("n\r")
        assert terminal.wait_exit() == ExitCode.REFUSED
    assert client_id in credtui("list").out


def test_list_of_nothing(credtui: Credtui) -> None:
    ran = credtui("list")
    assert ran == (0, "", "There are no credentials yet for acme in uat.\n")


def test_list_is_aligned(credtui: Credtui) -> None:
    credtui("generate", "Payout gateway")
    credtui("generate", "支払い")
    header, first, second = credtui("list").out.splitlines()
    assert header.split() == ["CLIENT", "ID", "SECRET", "AGE", "STATE", "NAME"]
    name_column = header.index("NAME")
    assert first.index("Payout gateway") == second.index("支払い") == name_column
    assert first[header.index("STATE") :].startswith("primary ")


def test_list_in_json_has_the_documented_keys(credtui: Credtui) -> None:
    credtui("generate", "Payout gateway")
    page = credtui("list", "--json").json
    assert set(page) == ABOUT | {"permission", "representative", "maximum", "credentials"}
    assert (page["organization"], page["production"]) == ("acme", False)
    assert page["audience"] == "urn:ripplexcurrent-uat:acme"
    assert (page["permission"], page["representative"], page["maximum"]) == ("Can Edit", False, 3)
    (facts,) = page["credentials"]
    assert set(facts) == FACTS
    assert (facts["name"], facts["primary"], facts["confirmed"]) == ("Payout gateway", True, True)


def test_json_tells_a_production_environment(credtui: Credtui) -> None:
    assert credtui("list", "--environment", "production", "--json").json["production"] is True


def test_show_by_client_id_and_by_name(credtui: Credtui) -> None:
    client_id = credtui("generate", "Payout gateway", "--json").json["client_id"]
    by_id = credtui("show", client_id, "--json").json
    assert set(by_id) == ABOUT | FACTS
    assert credtui("show", "payout GATEWAY", "--json").json == by_id
    text = credtui("show", client_id).out
    assert re.search(rf"^Client ID  {client_id}$", text, re.MULTILINE)
    assert re.search(r"^State      primary$", text, re.MULTILINE)
    assert re.search(r"^Last used  not yet$", text, re.MULTILINE)


def test_show_names_the_callers_of_the_last_day(credtui: Credtui, home: Path) -> None:
    client_id = credtui("generate", "Payout gateway", "--json").json["client_id"]
    assert credtui("show", client_id, "--json").json["callers"] == []
    assert "CALLER" not in credtui("show", client_id).out
    at = now()
    for address, generation, ago in (
        ("192.0.2.1", 1, timedelta(days=2)),
        ("192.0.2.7", 1, timedelta(hours=2)),
        ("2001:db8::1", 2, timedelta()),
        ("192.0.2.7", 2, timedelta()),
    ):
        use(home, client_id, address, generation, at - ago)
    facts = credtui("show", client_id, "--json").json
    assert facts["callers"] == [
        {
            "address": address,
            "tokens_in_24_hours": tokens,
            "last_used_at": at.isoformat(),
            "generation": 2,
        }
        for address, tokens in (("192.0.2.7", 2), ("2001:db8::1", 1))
    ]
    assert facts == {**facts, **credtui("list", "--json").json["credentials"][0]}
    blank, header, *rows = credtui("show", client_id).out.splitlines()[-4:]
    assert (blank, header.split("  ")[0]) == ("", "CALLER")
    used_at = f"{at:%Y-%m-%d %H:%M} UTC"
    assert [re.split(r" {2,}", row) for row in rows] == [
        ["192.0.2.7", "2", used_at, "2"],
        ["2001:db8::1", "1", used_at, "2"],
    ]


def test_show_counts_the_tokens_of_callers_that_are_not_kept(credtui: Credtui, home: Path) -> None:
    client_id = credtui("generate", "Payout gateway", "--json").json["client_id"]
    for number in range(MAX_CALLERS + 3):
        use(home, client_id, f"192.0.2.{number}", 1, now())
    facts = credtui("show", client_id, "--json").json
    assert facts["tokens_in_24_hours"] == MAX_CALLERS + 3
    assert len(facts["callers"]) == MAX_CALLERS
    last_row = credtui("show", client_id).out.splitlines()[-1]
    assert re.split(r" {2,}", last_row) == ["other addresses", "3"]


def test_the_secret_is_alone_on_standard_output(credtui: Credtui, home: Path) -> None:
    ran = credtui("generate", "Payout gateway")
    assert ran.status == 0
    assert recognise(ran.out.removesuffix("\n")) == "uat"
    assert "Payout gateway" in ran.err
    assert "urn:ripplexcurrent-uat:acme" in ran.err
    (credential,) = kept(home)
    assert credential.client_id in ran.err
    assert credential.handover


def test_the_secret_as_environment_variables(credtui: Credtui) -> None:
    out = credtui("generate", "Payout gateway", "--format", "env").out
    values = dict(line.split("=", 1) for line in out.splitlines())
    assert list(values) == ["AUDIENCE", "CLIENT_ID", "CLIENT_SECRET"]
    assert recognise(values["CLIENT_SECRET"])


def test_an_audience_that_a_shell_would_obey_is_quoted(credtui: Credtui, home: Path) -> None:
    home.mkdir()
    (home / "credtui.toml").write_text(
        '[environments.uat]\naudience = "https://x.example/?a=`id`&b={organization}"\n'
    )
    first, _, _ = credtui("generate", "Payout gateway", "--format", "env").out.splitlines()
    assert first == "AUDIENCE='https://x.example/?a=`id`&b=acme'"


@pytest.mark.parametrize("flags", [("--json",), ("--format", "json")])
def test_the_secret_in_json(credtui: Credtui, flags: tuple[str, ...]) -> None:
    values = credtui("generate", "Payout gateway", *flags).json
    assert list(values) == ["audience", "client_id", "client_secret"]


def test_rotate_replaces_the_secret(credtui: Credtui, home: Path) -> None:
    before = credtui("generate", "Payout gateway", "--json").json
    after = credtui("rotate", "payout gateway", "--json").json
    assert after["client_id"] == before["client_id"]
    assert after["client_secret"] != before["client_secret"]
    assert [(found.generation, found.handover is not None) for found in kept(home)] == [(2, True)]


def test_rename(credtui: Credtui) -> None:
    credtui("generate", "Payout gateway")
    ran = credtui("rename", "Payout gateway", "  Ledger  ", "--json")
    assert (ran.status, ran.json["name"]) == (0, "Ledger")


def test_make_primary_then_delete_the_other(credtui: Credtui, home: Path) -> None:
    credtui("generate", "One")
    credtui("generate", "Two")
    assert credtui("make-primary", "Two", "--json").json["primary"] is True
    assert credtui("delete", "One", "--yes", "--json").json["name"] == "One"
    assert [credential.name for credential in kept(home)] == ["Two"]


def test_delete_by_a_script_needs_yes(credtui: Credtui, home: Path) -> None:
    credtui("generate", "One")
    credtui("generate", "Two")
    ran = credtui("delete", "Two")
    assert (ran.status, ran.out) == (3, "")
    assert "--yes" in ran.err
    assert len(kept(home)) == 2


def test_the_place_goes_before_or_after_the_command(credtui: Credtui) -> None:
    where = ("--organization", "globex", "--environment", "production")
    credtui("generate", "Here", *where)
    assert credtui(*where, "list", "--json").json == credtui("list", *where, "--json").json
    split = credtui(*where[:2], "list", *where[2:], "--json").json
    assert [credential["name"] for credential in split["credentials"]] == ["Here"]
    assert credtui("list", "--json").json["credentials"] == []


def test_audit_shows_the_newest_first(credtui: Credtui) -> None:
    credtui("generate", "One")
    credtui("delete", "One", "--yes")
    events = credtui("audit", "--json").json["events"]
    assert [event["number"] for event in events] == [3, 2, 1]
    assert set(events[0]) == {
        *("number", "at", "clock_back_seconds", "operator", "channel", "address", "fingerprint"),
        *("action", "outcome", "client_id", "name", "detail", "hash"),
    }
    newest = events[0]
    assert (newest["action"], newest["outcome"], newest["detail"]) == (
        "delete",
        "refused",
        "primary_protected",
    )
    assert newest["channel"] == "command line"
    assert len(credtui("audit", "--json", "--limit", "2").json["events"]) == 2
    assert len(credtui("audit", "--limit", "0").out.splitlines()) == 3


def test_audit_tells_of_a_clock_that_went_back(credtui: Credtui, home: Path) -> None:
    credtui("generate", "One")
    with open_store(home / "store").transaction(Place("uat", "acme")) as transaction:
        at = now() + timedelta(days=365, minutes=1)
        transaction.record(at, Actor(operator="alice"), Action.VIEW, outcome="refused")
    credtui("make-primary", "One")
    credtui("rotate", "One")
    for limit in (["--limit", "3"], []):
        shown = credtui("audit", "--json", *limit).json["events"]
        back = [event["clock_back_seconds"] for event in shown]
        assert 365 * 24 * 3600 <= back[2] <= 365 * 24 * 3600 + 60
        assert back == [None, None, back[2], None, None, None][: len(back)]
    lines = credtui("audit").out.splitlines()
    assert ["clock" in line for line in lines] == [step is not None for step in back]
    assert "(clock went back 365 days, 0:0" in lines[2]
    assert credtui("audit", "--verify", "--json").json["events"] == 6


@pytest.mark.files
def test_audit_verifies(credtui: Credtui, home: Path) -> None:
    credtui("generate", "One")
    verified = credtui("audit", "--verify", "--json").json
    last = credtui("audit", "--json").json["events"][0]
    assert (verified["intact"], verified["events"]) == (True, 2)
    assert verified["last_hash"] == last["hash"]
    log = home / "store" / "uat" / "acme.audit.jsonl"
    log.write_text(log.read_text().replace('"One"', '"Two"', 1))
    ran = credtui("audit", "--verify")
    assert ran.status == 7
    assert "event 1 is not as it was written" in ran.err


def test_a_refused_attempt_says_so_and_leaves_one_event(credtui: Credtui) -> None:
    credtui("generate", "One")
    ran = credtui("generate", "ONE")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err == "credtui: There is already a credential named One.\n"
    event = credtui("audit", "--json", "--limit", "1").json["events"][0]
    assert (event["outcome"], event["name"], event["detail"]) == ("refused", "ONE", "name_taken")


@pytest.mark.parametrize("command", ["show", "rotate", "make-primary", "delete"])
def test_what_is_not_there(credtui: Credtui, command: str) -> None:
    ran = credtui(command, "nothing")
    assert (ran.status, ran.out) == (5, "")
    assert "There is no credential nothing of acme in uat" in ran.err


HOSTILE = "\x1b[31m[red]a\u202eb[/red]"


@pytest.mark.files
def test_stored_text_is_never_obeyed(credtui: Credtui, home: Path) -> None:
    """Somebody may have edited the store's files by hand."""
    credtui("generate", "One")
    path = home / "store" / "uat" / "acme.json"
    tables = json.loads(path.read_text())
    tables["credentials"]["1"]["name"] = HOSTILE
    last = AuditEvent.model_validate(tables["about"]["1"]["events"][0])
    forged = last.model_copy(update={"name": HOSTILE}).sealed()
    tables["about"]["1"]["events"] = [forged.model_dump(mode="json")]
    path.write_text(json.dumps(tables))
    log = path.with_name("acme.audit.jsonl")
    log.write_text(log.read_text().splitlines()[0] + "\n" + forged.model_dump_json() + "\n")
    client_id = kept(home)[0].client_id
    seen = [
        credtui("list"),
        credtui("show", client_id),
        credtui("rename", client_id, "Two"),
        credtui("audit"),
    ]
    for ran in seen:
        assert "\x1b" not in ran.out + ran.err
        assert "\u202e" not in ran.out + ran.err
    assert "[red]a\ufffdb[/red]" in seen[0].out
    assert "[red]a\ufffdb[/red]" in seen[-1].out


@pytest.mark.parametrize("name", [HOSTILE, "a\nb", "", "x" * 61])
def test_hostile_names_are_refused(credtui: Credtui, name: str) -> None:
    ran = credtui("generate", name)
    assert (ran.status, ran.out) == (3, "")
    assert "\x1b" not in ran.err


def test_a_secret_given_by_mistake_is_not_repeated(credtui: Credtui, home: Path) -> None:
    secret = credtui("generate", "One").out.strip()
    for words in (("show", secret), ("rotate", secret), ("generate", secret), (secret,)):
        ran = credtui(*words)
        assert ran.status != 0
        assert secret not in ran.out + ran.err
    assert_no_secret(secret, home.parent)


def test_a_person_is_asked_before_a_rotation(environ: dict[str, str], credtui: Credtui) -> None:
    client_id = credtui("generate", "One", "--json").json["client_id"]
    with Terminal([*PROGRAM, "rotate", "One"], env=environ, cols=100) as terminal:
        terminal.wait_for(re.compile(r"stops working at once\. \[y/N\]"))
        terminal.send("n\r")
        assert terminal.wait_exit() == 3
        assert "Nothing was changed." in terminal.text
    assert credtui("show", client_id, "--json").json["generation"] == 1
    with Terminal([*PROGRAM, "rotate", "One"], env=environ, cols=100) as terminal:
        terminal.wait_for("[y/N]")
        terminal.send("y\r")
        assert terminal.wait_exit() == 0
        assert "scrollback" in terminal.text
    assert credtui("show", client_id, "--json").json["generation"] == 2


def test_an_end_of_input_is_a_no(environ: dict[str, str], credtui: Credtui, home: Path) -> None:
    credtui("generate", "One")
    credtui("generate", "Two")
    with Terminal([*PROGRAM, "delete", "Two"], env=environ, cols=100) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press("ctrl+d")
        assert terminal.wait_exit() == 3
    assert len(kept(home)) == 2


def test_a_narrow_terminal_gets_blocks(environ: dict[str, str], credtui: Credtui) -> None:
    credtui("generate", "N" * 60)
    with Terminal([*PROGRAM, "list"], env=environ, cols=80) as terminal:
        assert terminal.wait_exit() == 0
        assert "NAME        " + "N" * 60 in terminal.lines
    with Terminal([*PROGRAM, "list"], env=environ, cols=140) as terminal:
        assert terminal.wait_exit() == 0
        assert terminal.lines[0].split()[-1] == "NAME"


@pytest.mark.parametrize(
    ("name", "production", "begins"),
    [
        ("live", True, "PRODUCTION: "),
        ("production", True, "PRODUCTION: "),
        ("production", False, ""),
        ("uat", False, ""),
    ],
)
def test_a_question_about_production_says_so(
    environ: dict[str, str],
    credtui: Credtui,
    home: Path,
    name: str,
    *,
    production: bool,
    begins: str,
) -> None:
    home.mkdir(exist_ok=True)
    (home / "credtui.toml").write_text(
        f'environment = "{name}"\n[environments.{name}]\naudience = "urn:x"\ntag = "x"\n'
        f'token_url = "https://x.example"\nproduction = {str(production).lower()}\n'
    )
    credtui("generate", "One")
    credtui("generate", "Two")
    for words in (["rotate", "One"], ["delete", "Two"]):
        with Terminal([*PROGRAM, *words], env=environ, cols=120) as terminal:
            terminal.wait_for("[y/N]")
            assert terminal.lines[0].startswith(f"{begins}{words[0].capitalize()} {words[1]} (")
            assert f"of acme in {name}?" in terminal.text
            terminal.send("n\r")
            assert terminal.wait_exit() == 3
