"""Many operators come through one Unix account, by a real ssh and a real sshd."""

import json
import re
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.domain.audit import AuditEvent
from credtui.domain.permissions import Actor, Permission
from credtui.domain.secrets import recognise
from credtui.domain.ssh_keys import parse_public_key
from tests.secrets_scan import assert_no_secret
from tests.ssh.conftest import LOCAL, Host
from tests.terminal import TIMEOUT, Terminal


def names(host: Host, key: str = "alice") -> list[str]:
    listed: Any = json.loads(host.ssh(key, "list", "--json").out)
    return [credential["name"] for credential in listed["credentials"]]


def newest_event(host: Host) -> AuditEvent:
    return host.installation.service(LOCAL).events()[0]


def fingerprint(key: str) -> str:
    return parse_public_key(key).fingerprint


def newest_operator_event(host: Host) -> AuditEvent:
    return host.installation.operator_service(LOCAL).events()[0]


def test_a_secret_comes_through_the_line_and_stays_nowhere_else(empty: Host) -> None:
    ran = empty.ssh("alice", "generate", "'Payout gateway'")
    assert ran.status == 0, ran
    assert recognise(ran.out.removesuffix("\n")) == "uat"
    assert "Payout gateway" in ran.err
    rotated = empty.ssh("alice", "rotate", "'Payout gateway'", "--format", "env").out
    values = dict(line.split("=", 1) for line in rotated.splitlines())
    assert list(values) == ["AUDIENCE", "CLIENT_ID", "CLIENT_SECRET"]
    assert values["CLIENT_SECRET"] != ran.out.strip()
    assert_no_secret(values["CLIENT_SECRET"], empty.folder)
    (credential,) = empty.installation.service(LOCAL).page().credentials
    assert credential.handover


def test_a_secret_goes_into_a_pipe(empty: Host) -> None:
    """For example, `ssh credtui@host rotate ID --format env | vault kv put … -`."""
    empty.connect("alice")
    empty.ssh("alice", "generate", "One")
    line = shlex.join(empty.words("alice", "rotate", "One", "--format", "env")) + " | cat"
    done = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=True, timeout=60
    )
    assert re.fullmatch(r"AUDIENCE=\S+\nCLIENT_ID=\S+\nCLIENT_SECRET=csk_uat_\S+\n", done.stdout)


def test_an_event_says_who_with_which_key_from_where(empty: Host) -> None:
    empty.connect("alice")
    empty.ssh("alice", "generate", "One")
    event = newest_event(empty)
    public = (empty.folder / "alice.pub").read_text()
    assert event.actor == Actor(
        operator="alice", address="127.0.0.1", fingerprint=fingerprint(public), channel="ssh"
    )
    written = empty.ssh("alice", "audit", "--json", "--limit", "1").out
    assert json.loads(written)["events"][0]["fingerprint"] == fingerprint(public)


def test_two_operators_at_once_have_different_permissions(empty: Host) -> None:
    empty.connect("alice")
    empty.connect("bob")
    with ThreadPoolExecutor() as pool:
        by_alice = pool.submit(empty.ssh, "alice", "generate", "One")
        by_bob = pool.submit(empty.ssh, "bob", "generate", "Two")
    assert by_alice.result().status == 0
    denied = by_bob.result()
    assert (denied.status, denied.out) == (ExitCode.DENIED, "")
    assert re.fullmatch(r"credtui: View only\. Ask \w+ for Can Edit\.\n", denied.err)
    assert names(empty, "bob") == ["One"]
    assert empty.ssh("bob", "list", "--organization", "globex").status == ExitCode.DENIED


def test_a_permission_that_was_taken_is_gone_at_the_next_action(host: Host) -> None:
    operators = host.installation.operator_service(LOCAL)
    operators.add("rita", representative=True)
    operators.create_organization("acme", "uat")
    key = host.make_key("alice")
    operators.add("alice", keys=[key], permissions={"acme": Permission.CAN_EDIT})
    host.start()
    host.connect("alice")
    assert host.ssh("alice", "generate", "One").status == 0
    operators.set("alice", permissions={"acme": Permission.CAN_VIEW})
    assert host.ssh("alice", "generate", "Two").status == ExitCode.DENIED
    assert host.ssh("alice", "list").status == 0
    operators.set("alice", add_keys=[host.make_key("other")], remove_keys=[fingerprint(key)])
    ran = host.ssh("alice", "list")
    assert (ran.status, ran.out) == (ExitCode.DENIED, "")
    assert ran.err == "credtui: This key doesn't identify alice any more.\n"
    assert newest_operator_event(host).reason == "permission_denied"
    assert host.ssh("other", "list").status == 0


def test_the_portal_opens_as_the_operator(empty: Host) -> None:
    with empty.portal("alice") as terminal:
        terminal.wait_for("New Credential")
        assert re.search(r"alice .* Can Edit", terminal.text)
        terminal.press("q")
        assert terminal.wait_exit() == 0


def test_the_portal_shows_a_viewer_what_they_are(empty: Host) -> None:
    with empty.portal("bob") as terminal:
        terminal.wait_for(re.compile(r"bob .* Can View"))


def test_the_portal_opens_where_it_was_asked_to(empty: Host) -> None:
    with empty.portal("alice", "--environment", "production") as terminal:
        terminal.wait_for(re.compile(r"acme .* PRODUCTION"))


def test_an_open_portal_follows_the_permission(empty: Host) -> None:
    operators = empty.installation.operator_service(LOCAL)
    try:
        with empty.portal("alice") as terminal:
            terminal.wait_for(re.compile(r"alice .* Can Edit"))
            operators.set("alice", permissions={"acme": Permission.CAN_VIEW})
            terminal.wait_for(re.compile(r"alice .* Can View"))
            operators.set("alice", permissions={"acme": Permission.NO_ACCESS})
            terminal.wait_for(re.compile(r"alice .* No access"))
    finally:
        operators.set("alice", permissions={"acme": Permission.CAN_EDIT})


def generate(terminal: Terminal) -> None:
    """Generate a credential in the portal, up to the dialog with its secret."""
    terminal.wait_for("New Credential")
    terminal.press("n")
    terminal.wait_for("Credential name")
    terminal.send("Payout gateway")
    terminal.press("enter")
    terminal.wait_for("Save your secret now")


def test_a_secret_in_the_portal_is_not_saved_on_the_host(empty: Host) -> None:
    with empty.portal("alice") as terminal:
        generate(terminal)
        (secret,) = re.findall(r"csk_uat_\w+", terminal.text)
        assert "Plain View" in terminal.text
        assert "Save to File" not in terminal.text
        terminal.press("f", "?")
        terminal.wait_for(re.compile(r"\bt +Try it"))
        assert "Save to a file" not in terminal.text
    assert_no_secret(secret, empty.folder)


def test_a_dropped_line_ends_the_session_and_marks_the_secret(empty: Host) -> None:
    with empty.portal("alice") as terminal:
        generate(terminal)
        assert empty.sessions()
        terminal.process.kill()
        terminal.wait_exit()
    deadline = time.monotonic() + TIMEOUT
    while empty.sessions() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert empty.sessions() == []
    (credential,) = empty.installation.service(LOCAL).page().credentials
    assert not credential.handover
    # No lock is left that would stop the next command.
    assert empty.ssh("alice", "rotate", credential.client_id, "--yes").status == 0


def test_without_a_terminal_the_portal_names_the_commands(empty: Host) -> None:
    ran = empty.ssh("alice", options=["-T"])
    assert (ran.status, ran.out) == (ExitCode.USAGE, "")
    assert ran.err.endswith("such as list and rotate: the command help names them.\n")


@pytest.mark.parametrize("command", ["", "rename", "operator add"])
def test_help_comes_through_the_line(bastion: Host, command: str) -> None:
    """ssh takes `--help` as an option of its own."""
    bastion.connect("alice")
    ran = bastion.ssh("alice", "help", *command.split())
    assert (ran.status, ran.err) == (ExitCode.OK, "")
    assert ran.out.startswith(f"usage: credtui {command}")


def test_the_words_of_a_name_are_joined(empty: Host) -> None:
    empty.connect("alice")
    assert empty.ssh("alice", "generate", "Payout", "gateway", "two").status == 0
    assert names(empty) == ["Payout gateway two"]
    assert empty.ssh("alice", "rename", "Payout", "gateway", "two", "Ledger EU").status == 0
    assert names(empty) == ["Ledger EU"]
    assert empty.ssh("alice", "rotate", "Ledger", "EU", "--json").status == 0
    assert empty.ssh("alice", "rename 'Ledger EU' 'Ledger  2'").status == 0
    assert names(empty) == ["Ledger  2"]


def test_a_stranger_does_not_come_in(empty: Host) -> None:
    ran = empty.ssh("mallory", "list")
    assert (ran.status, ran.out) == (255, "")
    assert "Permission denied (publickey)" in ran.err


INJECTIONS = [
    "sh",
    "list; touch {witness}",
    "list && touch {witness}",
    "list || touch {witness}",
    "list | tee {witness}",
    "list > {witness}",
    "list $(touch {witness})",
    "list `touch {witness}`",
    "list\ntouch {witness}",
    "'list' ; touch {witness}",
    '"$(touch {witness})"',
    "list '",
    'list "',
    "list \\",
    "-c 'touch {witness}'",
    "--home {witness} list",
    "list --home {witness}",
    "@{witness}",
    "list @{witness}",
    "-- sh -c 'touch {witness}'",
    "rename -- P --",
    "operator add x --key=--",
    "/bin/touch {witness}",
    "demo",
    "ssh-session --operator rita --fingerprint x",
    "--operator rita list",
    "authorized-keys root ssh-ed25519 AAAA",
    "serve",
    "scp -t {witness}",
    "internal-sftp",
    "\x1b]0;owned\x07",
    "list --organization ../../etc",
    "list --environment '../uat'",
]


@pytest.mark.parametrize("command", INJECTIONS)
def test_what_is_no_command_is_refused(bastion: Host, command: str) -> None:
    bastion.connect("alice")
    witness = bastion.folder / "witness"
    ran = bastion.ssh("alice", command.format(witness=witness))
    assert ran.status == ExitCode.USAGE, ran
    assert ran.out == ""
    assert ran.err.startswith("credtui: ")
    assert ran.err.count("\n") == 1
    assert "\x1b" not in ran.err
    assert not witness.exists()


def test_a_refused_command_is_recorded(bastion: Host) -> None:
    bastion.ssh("alice", "sh -c 'echo \x1b[31m'")
    event = newest_operator_event(bastion)
    assert (event.action, event.outcome, event.reason) == (
        "run command",
        "refused",
        "command_refused",
    )
    assert event.name == "sh -c 'echo \ufffd[31m'"
    assert (event.actor.operator, event.actor.address) == ("alice", "127.0.0.1")


@pytest.mark.parametrize(
    "name", ["$(id)", "`id`", "a; rm -rf /", "a && b", "--yes", "@/etc/passwd", "[bold]x", "%n%s"]
)
def test_what_looks_like_a_shell_is_a_name(empty: Host, name: str) -> None:
    empty.connect("alice")
    ran = empty.ssh("alice", "generate", "--", shlex.quote(name))
    assert ran.status == 0, ran
    assert names(empty) == [name]


def test_the_environment_of_a_client_says_nothing(empty: Host, host: Host) -> None:
    """sshd passes all of it on here, which docs/ssh.md warns against."""
    empty.ssh("alice", "generate", "One")
    host.home = empty.home
    alice = (empty.folder / "alice").read_bytes()
    (host.folder / "alice").write_bytes(alice)
    (host.folder / "alice").chmod(0o600)
    host.start("AcceptEnv *")
    sent = {
        "CREDTUI_HOME": "/nonexistent",
        "CREDTUI_ORGANIZATION": "globex",
        "CREDTUI_ENVIRONMENT": "production",
        "CREDTUI_TRACEBACK": "1",
        "XDG_DATA_HOME": "/nonexistent",
        "SSH_ORIGINAL_COMMAND": "delete One --yes",
        "SSH_CONNECTION": "203.0.113.1 1 203.0.113.2 2",
        "USER": "rita",
        "LOGNAME": "rita",
    }
    ran = host.ssh("alice", "list", "--json", options=["-o", "SendEnv=*"], env=sent)
    page = json.loads(ran.out)
    assert (page["organization"], page["environment"]) == ("acme", "uat")
    assert [credential["name"] for credential in page["credentials"]] == ["One"]
    host.ssh("alice", "generate", "Two", options=["-o", "SendEnv=*"], env=sent)
    actor = newest_event(empty).actor
    assert (actor.operator, actor.address) == ("alice", "127.0.0.1")


def test_nothing_is_forwarded(bastion: Host) -> None:
    there = f"127.0.0.1:{bastion.port}"
    ran = bastion.ssh("rita", options=["-W", there])
    assert ran == (255, "", "stdio forwarding failed\n")
    options = ["-N", "-R", f"0:{there}", "-o", "ExitOnForwardFailure=yes"]
    ran = bastion.ssh("rita", options=options)
    assert ran == (255, "", "Error: remote port forwarding failed for listen port 0\n")


def test_a_subsystem_is_no_way_around(bastion: Host) -> None:
    ran = bastion.ssh("alice", "sftp", options=["-s"])
    assert ran.status != 0
    assert ran.out == ""


def test_the_pty_is_there_and_a_stop_is_not(empty: Host) -> None:
    """Nobody could resume a stopped session under a forced command."""
    empty.connect("alice")
    empty.ssh("alice", "generate", "One")
    with empty.portal("alice", "rotate", "One") as terminal:
        terminal.wait_for("[y/N]")
        terminal.press("ctrl+z")
        terminal.send("n\r")
        assert terminal.wait_exit() == ExitCode.REFUSED


def test_a_representative_manages_operators_over_the_line(bastion: Host) -> None:
    key = bastion.make_key("carol")
    added = bastion.ssh(
        "rita", "operator", "add", "carol", "--can-view", "acme", "--key", "-", "--json", typed=key
    )
    assert added.status == 0, added
    assert json.loads(added.out)["permissions"] == {"acme": "Can View"}
    assert bastion.ssh("carol", "list").status == 0
    assert bastion.ssh("rita", "operator", "remove", "carol").status == 0
    assert bastion.ssh("carol", "list").status == 255


@pytest.mark.parametrize(
    "words",
    [
        ("operator", "add", "eve", "--representative"),
        ("operator", "set", "alice", "--representative"),
        ("operator", "list"),
        ("organization", "create", "eve"),
        ("networks", "clear"),
        ("audit", "--operators"),
    ],
)
def test_an_operator_manages_nothing(bastion: Host, words: tuple[str, ...]) -> None:
    bastion.connect("alice")
    ran = bastion.ssh("alice", *words)
    assert (ran.status, ran.out) == (ExitCode.DENIED, "")
    assert ran.err == "credtui: Only a representative may do this; alice isn't.\n"


def test_a_key_of_another_kind(bastion: Host) -> None:
    for kind in (("-t", "ecdsa"), ("-t", "rsa", "-b", "2048")):
        key = bastion.make_key(f"rita-{kind[1]}", *kind)
        bastion.installation.operator_service(LOCAL).set("rita", add_keys=[key])
        assert bastion.ssh(f"rita-{kind[1]}", "organization", "list").out == "acme\nglobex\n"
