"""A secret or a Client ID that was pasted into the wrong place does no harm."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from credtui.domain.models import StoredCredential
from credtui.domain.place import Place
from tests.cli.conftest import Credtui
from tests.stores import open_store
from tests.support import ALICE, SECRET, START, make_credential

PLAIN = SECRET.get_secret_value()
BODY = PLAIN.removeprefix("csk_uat_")
HALF = BODY[:25]
PLACE = Place("uat", "acme")

COMMANDS = {
    "generate": ["generate", "{}"],
    "rename": ["rename", "Payout gateway", "{}"],
    "show": ["show", "{}"],
    "rotate": ["rotate", "{}", "--yes"],
    "delete": ["delete", "{}", "--yes"],
    "typed name": ["delete", "Payout gateway", "--yes", "--typed-name", "{}"],
    "no command": ["{}"],
    "no flag": ["list", "--{}"],
    "a number": ["audit", "--limit", "{}"],
    "organization": ["list", "--organization", "{}"],
    "environment": ["list", "--environment", "{}"],
    "operator": ["operator", "add", "{}", "--representative"],
    "no operator": ["operator", "set", "{}", "--representative"],
    "operator's organization": ["operator", "add", "carol", "--can-edit", "{}"],
    "two permissions": ["operator", "add", "carol", "--can-edit", "{}", "--can-view", "{}"],
    "key": ["operator", "add", "carol", "--representative", "--key", "ssh-ed25519 {}"],
    "no key": ["operator", "set", "dave", "--remove-key", "{}"],
    "new organization": ["organization", "create", "{}"],
    "network": ["networks", "set", "{}"],
    "port": ["serve", "--port", "{}"],
}
"""Commands that are refused, or do nothing, with a secret among their words."""

PASTED = {
    "whole": PLAIN,
    "without its first character": PLAIN[1:],
    "without its prefix": BODY,
    "split by a blank": f"{BODY[:15]} {BODY[15:30]} {BODY[30:]}",
    "half": HALF,
}


def keep(home: Path, *credentials: StoredCredential) -> None:
    """Store credentials, with names that an earlier version may have allowed."""
    with open_store(home / "store").transaction(PLACE) as transaction:
        for credential in credentials:
            transaction.organization = transaction.organization.generate(credential)
        transaction.record(START, ALICE, "generate")  # type: ignore[arg-type]


def everything_in(home: Path) -> str:
    return "\n".join(
        f"{path} {path.read_bytes().decode(errors='replace')}"
        for path in home.rglob("*")
        if path.is_file()
    )


def assert_gone(text: str, pasted: str) -> None:
    """Check that no twelve characters in a row are left: the rest could be guessed."""
    for part in pasted.split():
        for start in range(len(part) - 11):
            assert part[start : start + 12] not in text


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED)
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_pasted_secret_is_neither_shown_nor_kept(
    credtui: Credtui, home: Path, words: Sequence[str], pasted: str
) -> None:
    keep(home, make_credential(1, "Payout gateway"))
    with open_store(home / "store").operators_transaction() as transaction:
        transaction.record(START, ALICE, "list operators")  # type: ignore[arg-type]
    ran = credtui(*(word.format(pasted) for word in words))
    assert ran.status not in (0, 1)
    assert_gone(ran.out + ran.err, pasted)
    assert_gone(everything_in(home), pasted)


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED)
def test_a_pasted_secret_in_the_environment_is_not_shown(
    process: Credtui, home: Path, pasted: str
) -> None:
    for name in ("CREDTUI_ORGANIZATION", "CREDTUI_ENVIRONMENT", "TERM"):
        for words in ((), ("list",)):
            assert_gone("".join(process(*words, env={name: pasted})[1:]), pasted)


def test_a_long_variable_is_cut(process: Credtui) -> None:
    for name in ("CREDTUI_ORGANIZATION", "CREDTUI_ENVIRONMENT"):
        ran = process("list", env={name: "x y " * 20_000})
        assert ran.status == 2
        assert len(ran.err) < 500
    ran = process("list", env={"CREDTUI_HOME": "~nobody-" + "x" * 60_000})
    assert ran.status == 2
    assert len(ran.err) < 500


@pytest.mark.parametrize("name", [PLAIN[1:55], BODY, HALF, "cid_7Qm2xV9Kp4Rt8Wb3"])
def test_a_name_that_is_kept_already_stays_usable(credtui: Credtui, home: Path, name: str) -> None:
    old = make_credential(1, name)
    keep(home, old)
    assert credtui("show", old.client_id, "--json").json["name"] == name
    assert credtui("rename", old.client_id, "Payout gateway").status == 0
    assert credtui("show", "Payout gateway", "--json").json["client_id"] == old.client_id


def test_a_client_id_that_is_gone_leads_to_no_other_credential(
    credtui: Credtui, home: Path
) -> None:
    first, second = make_credential(1, "Payout gateway"), make_credential(2)
    named = make_credential(3, second.client_id)
    keep(home, first, second, named)
    for text in (second.client_id, second.client_id.upper(), f" {second.client_id} "):
        assert credtui("show", text).status == (0 if text == second.client_id else 5)
    assert credtui("delete", second.client_id, "--yes").status == 0
    again = credtui("delete", second.client_id, "--yes")
    assert again.status == 5
    kept = open_store(home / "store").load(PLACE).credentials
    assert [credential.client_id for credential in kept] == [first.client_id, named.client_id]


def test_a_client_id_is_no_name(credtui: Credtui, home: Path) -> None:
    keep(home, make_credential(1, "Payout gateway"))
    other = make_credential(2).client_id
    for text in (other, other.lower(), f'"{other}"'):
        ran = credtui("generate", text)
        assert (ran.status, "can't look like a Client ID" in ran.err) == (3, True)
        assert credtui("rename", "Payout gateway", text).status == 3


@pytest.mark.files
def test_what_ssh_brings_is_recorded_without_it(process: Credtui, home: Path) -> None:
    key = "SHA256:x1GcAv1OQvXWPMvoXcsxy6FxcDKyTZRSfcYtn4GkFRE"
    session = ("ssh-session", "--operator", "alice", "--fingerprint", key)
    for pasted in PASTED.values():
        env = {"CREDTUI_HOME": "", "SSH_ORIGINAL_COMMAND": f"rotat {pasted}"}
        ran = process("--home", str(home), *session, env={**env, "SSH_CONNECTION": pasted})
        assert ran.status != 0
        assert_gone(ran.out + ran.err + everything_in(home), pasted)
    assert everything_in(home).count("rotat [secret]") == len(PASTED)


def test_only_an_address_is_recorded_of_where_somebody_is(process: Credtui, home: Path) -> None:
    for connection in ("203.0.113.9 1 2 3", "x" * 60_000, PLAIN, BODY, "fe80::1%eth0 1 2 3"):
        process("generate", "a\tb", env={"SSH_CONNECTION": connection})
    events = process("audit", "--json").json["events"]
    assert [event["address"] for event in reversed(events)] == [
        *("203.0.113.9", None, None, None, "fe80::1%eth0")
    ]
