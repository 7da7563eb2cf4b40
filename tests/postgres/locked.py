"""A server that asks credtui's role for a password, as a real one does."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from credtui.store.postgres.migrate import migrate
from tests.postgres import programs
from tests.postgres.server import Server

_RULES = """
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Locked:
    """A database that the role `credtui` can use with a password."""

    server: Server
    password: str

    @property
    def owner(self) -> str:
        """The address for the superuser, who needs no password."""
        return self.server.url("credtui")

    @property
    def url(self) -> str:
        return self.server.url("credtui", "credtui")

    def passfile(self, path: Path, password: str | None = None) -> Path:
        """Write the password into a file in libpq's form."""
        path.touch(mode=0o600)
        path.write_text(f"127.0.0.1:*:credtui:credtui:{password or self.password}\n")
        return path

    def service_file(self, path: Path) -> Path:
        """Write a service with the name `credtui` that has the password."""
        path.touch(mode=0o600)
        path.write_text(
            f"[credtui]\nhost=127.0.0.1\nport={self.server.port}\ndbname=credtui\nuser=credtui\n"
            f"password={self.password}\n"
        )
        return path


@contextmanager
def locked() -> Iterator[Locked]:
    """Start a server, and make a database with the tables in it."""
    rules = programs.new_folder("rules") / "pg_hba.conf"
    rules.write_text(_RULES)
    password = f"pw_{secrets.token_hex(24)}"
    with Server.create(settings={"hba_file": str(rules)}) as server:
        made = Locked(server, password)
        server.execute("CREATE DATABASE credtui")
        server.execute(
            sql.SQL("CREATE ROLE credtui LOGIN PASSWORD {}").format(sql.Literal(password))
        )
        migrate(made.owner, "credtui")
        try:
            psycopg.connect(made.url)
        except psycopg.OperationalError:
            yield made
        else:
            raise RuntimeError("the server asks for no password")
