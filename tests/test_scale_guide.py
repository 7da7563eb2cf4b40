"""Follows docs/scale.md, command by command, on a server with TLS that asks for passwords."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import certificates, programs
from tests.postgres.server import Server

GUIDE = (Path(__file__).parents[1] / "docs" / "scale.md").read_text()
BLOCKS = re.findall(r"^```(\w+) ?([\w ]*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def blocks(language: str, label: str = "") -> list[str]:
    return [text for kind, marked, text in BLOCKS if (kind, marked) == (language, label)]


class Guided:
    """The server, and the account that the guide sets up."""

    def __init__(self, server: Server, folder: Path, authority: Path) -> None:
        self.server = server
        self._folder = folder
        self._authority = authority
        self.home = folder / "credtui"
        self.home.mkdir()
        program = folder / "bin" / "credtui"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m credtui "$@"\n')
        program.chmod(0o755)

    def adapted(self, block: str) -> str:
        block = re.sub(r"db\d\.example", f"localhost:{self.server.port}", block)
        return block.replace("/etc/credtui/ca.pem", str(self._authority))

    def shell(self, block: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", self.adapted(block)],
            env={
                "PATH": f"{self._folder}/bin:{os.environ['PATH']}",
                "HOME": str(self._folder),
                "CREDTUI_HOME": str(self.home),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done
        return done.stdout + done.stderr

    def sql(self, block: str) -> None:
        for statement in filter(str.strip, block.split(";")):
            self.server.execute(statement)


@pytest.fixture
def guided(tmp_path: Path) -> Iterator[Guided]:
    authority = certificates.authority()
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.pem)
    (who,) = blocks("conf")
    rules = programs.new_folder("rules") / "pg_hba.conf"
    rules.write_text(
        f"host all postgres 127.0.0.1/32 trust\n{who.replace('10.0.0.0/8', '127.0.0.0/8')}"
    )
    with Server.create(
        binaries=programs.debian_15(),
        tls=certificates.server_certificate(authority, "localhost"),
        settings={"hba_file": str(rules)},
    ) as server:
        yield Guided(server, tmp_path, file)


def test_every_command_of_the_guide(guided: Guided) -> None:
    (roles,), (cluster,) = blocks("sql"), blocks("sql", "cluster")
    passwords, migration, use = blocks("sh")
    (configuration,) = blocks("toml")
    assert {kind for kind, _, _ in BLOCKS} == {"sql", "conf", "sh", "toml"}, "run these, too"

    guided.sql(roles)
    guided.shell(passwords)
    assert "The role credtui may use it." in guided.shell(migration)
    (guided.home / "credtui.toml").write_text(guided.adapted(configuration))
    said = guided.shell(use)
    assert "Connection  TLS; sslmode=verify-full\n" in said
    assert "!" not in said.partition("csk_uat_")[0]
    assert said.count("Payout gateway") > 1

    # The roles are what the page says that they are.
    url = guided.adapted(re.findall(r'url = "(.*?)"', configuration)[0])
    passfile = f"&passfile={guided.home.parent / '.pgpass'}"
    with psycopg.connect(url + passfile, autocommit=True) as application:
        for statement in ("DELETE FROM credtui.event", "CREATE TABLE credtui.x (x int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(statement)
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(url.replace("verify-full", "disable") + passfile)

    guided.sql(cluster)
    (name,) = guided.server.execute("SHOW synchronous_standby_names")
    assert name == ("ANY 1 (db2, db3)",)
