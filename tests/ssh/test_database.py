"""Over SSH with a database that asks for a password, which is in the account's ~/.pgpass."""

import sys

from credtui.domain.permissions import Permission
from credtui.installation import open_installation
from tests.postgres.locked import locked
from tests.ssh.conftest import ACCOUNT, LOCAL, Host


def test_a_session_finds_the_password(host: Host) -> None:
    with locked() as database:
        installation = open_installation(
            environ={"CREDTUI_HOME": str(host.home), "CREDTUI_STORE_URL": database.owner}
        )
        operators = installation.operator_service(LOCAL)
        operators.create_organization("acme", "uat")
        operators.add("rita", keys=[host.make_key("rita")], representative=True)
        operators.add(
            "alice", keys=[host.make_key("alice")], permissions={"acme": Permission.CAN_EDIT}
        )
        host.home.mkdir()
        (host.home / "credtui.toml").write_text(f'[store]\nurl = "{database.url}"\n')
        database.passfile(host.account_home / ".pgpass")
        # sshd starts the program with the account's own home, which isn't the test's.
        program = f"/usr/bin/env HOME={host.account_home} {sys.executable} -m credtui"
        host.start_with(
            "AuthorizedKeysFile none",
            f"AuthorizedKeysCommand {program} --home {host.home} authorized-keys %u %t %k",
            f"AuthorizedKeysCommandUser {ACCOUNT}",
        )
        ran = host.ssh("alice", "generate", "Payout")
        assert (ran.status, ran.out[:8]) == (0, "csk_uat_"), ran.err
        assert "Payout" in host.ssh("alice", "list").out

        # Nobody may look at, or migrate, the database from there. The record repeats no password.
        ran = host.ssh("alice", "store", "status", "postgresql://credtui:hunter2@db1/credtui")
        assert (ran.status, ran.out) == (2, "")
        assert "hunter2" not in ran.err
        assert host.ssh("alice", "store", "migrate").status == 2
        refused = [
            event for event in installation.store.operator_events() if event.outcome == "refused"
        ]
        assert len(refused) == 2
        assert "hunter2" not in repr(refused)
        assert database.password not in host.log.read_text() + database.server.log
        installation.close()
