"""Operators, organizations and networks on the command line."""

import re
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from credtui.cli.caller import account_name
from credtui.cli.exit_codes import ExitCode
from credtui.domain.ssh_keys import parse_public_key
from credtui.installation import now
from tests.cli.conftest import PROGRAM, Credtui
from tests.cli.test_credentials import use
from tests.domain.test_ssh_keys import ED25519, OTHER, PRIVATE_KEYS, PUTTY_PRIVATE
from tests.terminal import Terminal

ME = account_name()
FINGERPRINT = parse_public_key(ED25519).fingerprint


@pytest.fixture
def managed(credtui: Credtui) -> Credtui:
    """The command line of a representative, with an operator alice who may edit acme."""
    credtui("organization", "create", "acme")
    credtui("operator", "add", ME, "--representative")
    credtui("operator", "add", "alice", "--can-edit", "acme", "--key", f"{ED25519} alice@laptop")
    return credtui


def test_nobody_yet(credtui: Credtui) -> None:
    assert credtui("operator", "list", "--json").json == {"operators": []}
    ran = credtui("operator", "list")
    assert (ran.status, ran.out) == (0, "")
    assert "There are no operators" in ran.err
    refused = credtui("operator", "add", "alice", "--can-edit", "acme")
    assert refused.status == 5
    assert credtui("operator", "add", "alice").status == 3


def test_operators_in_json(managed: Credtui) -> None:
    assert managed("operator", "list", "--json").json == {
        "operators": [
            {"name": ME, "representative": True, "permissions": {}, "keys": []},
            {
                "name": "alice",
                "representative": False,
                "permissions": {"acme": "Can Edit"},
                "keys": [
                    {"type": "ssh-ed25519", "fingerprint": FINGERPRINT, "comment": "alice@laptop"}
                ],
            },
        ]
    }


def test_operators_in_a_table(managed: Credtui) -> None:
    lines = managed("operator", "list").out.splitlines()
    assert lines[0].split() == ["OPERATOR", "MAY", "SSH", "KEYS"]
    assert lines[2].split("  ")[-1].strip() == FINGERPRINT
    assert "acme: Can Edit" in lines[2]


def test_set(managed: Credtui) -> None:
    managed("organization", "create", "globex")
    ran = managed(
        *("operator", "set", "alice", "--can-view", "globex", "--no-access", "acme"),
        *("--add-key", OTHER, "--remove-key", FINGERPRINT, "--json"),
    )
    assert ran.json["permissions"] == {"globex": "Can View"}
    assert [key["fingerprint"] for key in ran.json["keys"]] == [parse_public_key(OTHER).fingerprint]
    assert managed("operator", "set", "alice", "--representative", "--json").json["representative"]
    ran = managed("operator", "set", "alice", "--no-representative", "--json")
    assert not ran.json["representative"]


def test_remove(managed: Credtui) -> None:
    assert managed("operator", "remove", "alice").status == 0
    assert managed("operator", "remove", "alice").status == 5
    assert managed("operator", "remove", ME).status == 3


def test_keys_from_standard_input(managed: Credtui, process: Credtui) -> None:
    typed = f"# of bob\n{OTHER}\n"
    ran = process("operator", "add", "bob", "--key", "-", "--json", typed=typed)
    assert ran.status == 0, ran
    assert len(ran.json["keys"]) == 1


def test_no_key_on_standard_input(managed: Credtui, process: Credtui) -> None:
    """`ssh -n` leaves standard input empty, and the operator would have no key."""
    ran = process("operator", "add", "bob", "--key", "-", typed="# of bob\n\n")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "credtui: There is no SSH public key on standard input.\n"
    assert managed("operator", "remove", "bob").status == 5


def test_keys_from_a_file_of_windows(managed: Credtui, process: Credtui) -> None:
    typed = f"\ufeff# of bob\r\n{OTHER} b\u2028b\r\n\r\n"
    (key,) = process("operator", "add", "bob", "--key", "-", "--json", typed=typed).json["keys"]
    assert key["comment"] == "b\ufffdb"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16(
    managed: Credtui, environ: Mapping[str, str], tmp_path: Path, encoding: str
) -> None:
    """PowerShell writes redirected output like this."""
    (tmp_path / "bob.pub").write_text(f"\ufeff{OTHER}", encoding=encoding)
    with (tmp_path / "bob.pub").open() as typed:
        done = subprocess.run(
            [*PROGRAM, "operator", "add", "bob", "--key", "-"],
            env=environ,
            stdin=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "credtui: Standard input is UTF-16: save the SSH public key as UTF-8 text.\n"
    )


def test_a_private_key_on_standard_input(managed: Credtui, process: Credtui) -> None:
    ran = process("operator", "add", "bob", "--key", "-", typed=PUTTY_PRIVATE)
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("credtui: That is a private key")


@pytest.mark.parametrize("kind", PRIVATE_KEYS)
def test_a_private_key_among_the_words_is_not_repeated(managed: Credtui, kind: str) -> None:
    """A shell splits `--key=$(cat id_ed25519)` into words."""
    for words in ([f"--key={PRIVATE_KEYS[kind]}"], f"--key={PRIVATE_KEYS[kind]}".split()):
        ran = managed("operator", "add", "bob", *words)
        assert (ran.status, ran.out) == (3, "")
        assert ran.err.startswith("credtui: That is a private key")
        assert ran.err.count("\n") == 1
        assert "c2VjcmV0" not in ran.err


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("add", "bob", "--can-view", "acme", "--can-edit", "acme"), 2),
        (("add", "bob", "--can-view", "Not Allowed"), 2),
        (("add", "bob", "--key", "nonsense"), 3),
        (("add", "bob\x1b[31m"), 3),
        (("add", "--", "-rf"), 3),
        (("set", "alice", "--representative", "--no-representative"), 2),
        (("set", "alice", "--remove-key", "SHA256:nothing"), 5),
    ],
)
def test_what_is_refused(managed: Credtui, words: tuple[str, ...], status: int) -> None:
    before = managed("operator", "list", "--json")
    ran = managed("operator", *words)
    assert (ran.status, ran.out) == (status, "")
    assert "\x1b" not in ran.err
    assert managed("operator", "list", "--json") == before


def test_organizations(managed: Credtui) -> None:
    assert managed("organization", "create", "globex", "--json").json == {"organization": "globex"}
    assert managed("organization", "create", "globex").status == 3
    assert managed("organization", "list").out == "acme\nglobex\n"
    assert managed("organization", "list", "--json").json == {"organizations": ["acme", "globex"]}
    ran = managed("list", "--organization", "glolex")
    assert (ran.status, ran.out) == (5, "")
    assert "There is no organization glolex" in ran.err


@pytest.mark.parametrize("answer", ["y", "n"])
def test_networks_that_shut_out_a_client_are_asked_about(
    managed: Credtui, home: Path, environ: Mapping[str, str], answer: str
) -> None:
    client_id = managed("generate", "Payout gateway", "--json").json["client_id"]
    use(home, client_id, "203.0.113.44", 1, now() - timedelta(hours=2, minutes=1))
    warning = "! This would shut out 203.0.113.44, which used Payout gateway 2 hours ago."
    line = [*PROGRAM, "networks", "set", "192.0.2.0/24"]
    with Terminal(line, env=environ, cols=150) as terminal:
        terminal.wait_for("Set the networks of acme in uat anyway? [y/N]")
        assert warning in terminal.text
        terminal.send(f"{answer}\r")
        status = terminal.wait_exit()
    said = managed("networks", "list").out
    if answer == "n":
        assert (status, said) == (ExitCode.REFUSED, "")
    else:
        assert (status, said) == (0, "192.0.2.0/24\n")


@pytest.mark.parametrize("flags", [(), ("--yes",)])
def test_a_script_is_told_who_is_shut_out_and_not_asked(
    managed: Credtui, home: Path, flags: tuple[str, ...]
) -> None:
    client_id = managed("generate", "Payout gateway", "--json").json["client_id"]
    use(home, client_id, "unknown", 1, now())
    ran = managed("networks", "set", "192.0.2.0/24", *flags)
    assert (ran.status, ran.out) == (0, "192.0.2.0/24\n")
    assert ran.err.startswith(
        "! This would shut out an unknown address, which used Payout gateway just now.\n"
    )
    again = managed("networks", "set", "192.0.2.0/25", *flags)
    assert "shut out" not in again.err


def test_yes_in_a_terminal_asks_nothing(
    managed: Credtui, home: Path, environ: Mapping[str, str]
) -> None:
    client_id = managed("generate", "Payout gateway", "--json").json["client_id"]
    use(home, client_id, "203.0.113.44", 1, now())
    line = [*PROGRAM, "networks", "set", "192.0.2.0/24", "--yes"]
    with Terminal(line, env=environ, cols=150) as terminal:
        assert terminal.wait_exit() == 0
        assert "! This would shut out 203.0.113.44" in terminal.text


def test_networks(managed: Credtui) -> None:
    assert managed("networks", "list").err == "From everywhere.\n"
    ran = managed("networks", "set", "192.0.2.0/24", "2001:db8::/32", "--json")
    assert ran.json["networks"] == ["192.0.2.0/24", "2001:db8::/32"]
    assert managed("networks", "list").out == "192.0.2.0/24\n2001:db8::/32\n"
    assert managed("networks", "set", "192.0.2.1/24").status == 3
    assert managed("networks", "set", "::ffff:127.0.0.1", "--json").json["networks"] == [
        "127.0.0.1/32"
    ]
    assert managed("networks", "clear").status == 0
    assert managed("networks", "list", "--json").json["networks"] == []


def test_audit_of_operators(managed: Credtui) -> None:
    events = managed("audit", "--operators", "--json").json["events"]
    assert [(event["action"], event["name"]) for event in events] == [
        ("add operator", "alice"),
        ("add operator", ME),
    ]
    assert managed("audit", "--operators", "--verify", "--json").json["events"] == 2


def test_who_is_no_operator_has_no_access(credtui: Credtui) -> None:
    credtui("operator", "add", "rita", "--representative")
    for words in (("list",), ("generate", "One"), ("operator", "list"), ("audit",)):
        ran = credtui(*words)
        assert (ran.status, ran.out) == (4, ""), words


def test_a_representative_types_the_name_of_the_primary(
    managed: Credtui, environ: dict[str, str]
) -> None:
    managed("generate", "One")
    managed("generate", "Two")
    for words in ((), ("--yes",)):
        refused = managed("delete", "one", *words)
        assert refused.status == 3
        assert "say --typed-name and its name" in refused.err
    with Terminal([*PROGRAM, "delete", "One"], env=environ, cols=120) as terminal:
        terminal.wait_for(re.compile("type its name"))
        terminal.send("Two\r")
        assert terminal.wait_exit() == 3
    with Terminal([*PROGRAM, "delete", "One"], env=environ, cols=120) as terminal:
        terminal.wait_for(re.compile("type its name"))
        terminal.send("One\r")
        assert terminal.wait_exit() == 0
    assert managed("show", "Two", "--json").json["primary"]
    assert managed("delete", "Two", "--typed-name", "Two").status == 0


@pytest.mark.parametrize("typed", ["", "One", "two"])
def test_a_typed_name_that_is_another_deletes_nothing(credtui: Credtui, typed: str) -> None:
    """The rule isn't for representatives only: without operators, there are none."""
    credtui("generate", "One")
    credtui("generate", "Two")
    for words in ((), ("--yes",)):
        refused = credtui("delete", "Two", "--typed-name", typed, *words)
        assert refused.status == 3
        assert "type its name exactly" in refused.err
    assert credtui("delete", "Two", "--typed-name", "Two").status == 0
