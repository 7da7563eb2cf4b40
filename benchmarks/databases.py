"""A database with many organizations, and folders to compare it with."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.postgres import programs
from tests.postgres.server import Server
from tests.store.postgres.many import client_id_of, copy_organization

from benchmarks.installation import environment
from credtui.configuration import Settings
from credtui.domain.models import IssuedSecret
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.domain.usage import Caller, Usage, hour_of
from credtui.home import open_store
from credtui.installation import Installation, now
from credtui.store.postgres.migrate import migrate

FIRST = "acme"
DISK = Path("/var/tmp")  # noqa: S108  # a new folder in it is made with mkdtemp

_SETTINGS = {
    "fsync": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "300",
}


class Data(NamedTuple):
    """Organizations with three credentials each, all like the first.

    Attributes:
        number: How many organizations there are.
        home: The folder of an installation whose data they are.
        url: The database; empty if the folder keeps the data.
        first: The first credential of the first organization. The others' first ones have its
            secret too.
    """

    number: int
    home: Path
    url: str
    first: IssuedSecret

    def open(self) -> Installation:
        """Open the installation."""
        return Installation(Settings(), open_store(self.home / "store", self.url))

    def organization(self, number: int) -> str:
        """Return the name of an organization, by its number from 1 on."""
        return FIRST if number == 1 else f"o-{number}"

    def client_id(self, number: int) -> str:
        """Return the Client ID of an organization's first credential."""
        return self.first.credential.client_id if number == 1 else client_id_of(number)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables with which programs use the installation."""
        return {
            **environment(self.home),
            **({"CREDTUI_STORE_URL": self.url} if self.url else {}),
        }


ACTOR = Actor(operator="benchmark")


@contextmanager
def server_on_disk() -> Iterator[Server]:
    """Run a server whose commits wait for a disk. In memory an fsync costs nothing."""
    programs.MEMORY = DISK
    with Server.create(settings=_SETTINGS) as server:
        yield server


def in_database(server: Server, home: Path, number: int) -> Data:
    """Fill a new database."""
    name = f"with_{number}"
    server.execute(f"CREATE DATABASE {name}")
    url = server.url(name)
    migrate(url)
    data = Data(number, home, url, _generate(home, url))
    copy_organization(url, FIRST, number)
    server.execute("VACUUM (ANALYZE)", database=name)
    return data


def in_folder(home: Path, number: int) -> Data:
    """Fill a new folder. 100,000 organizations would be 500,000 files, and take minutes."""
    data = Data(number, home, "", _generate(home, ""))
    folder = home / "store" / "uat"
    # The audit events stay as they are. Their hashes cover the first organization's Client IDs.
    like = json.loads((folder / f"{FIRST}.json").read_text())
    for copy in range(2, number + 1):
        for slot, credential in enumerate(like["credentials"].values(), start=1):
            credential["client_id"] = client_id_of(copy, slot)
            (folder / ".clients" / client_id_of(copy, slot)).write_text(f"o-{copy}")
        like["organization"]["1"]["primary"] = client_id_of(copy)
        (folder / f"o-{copy}.json").write_text(json.dumps(like))
        log = f"{FIRST}.audit.jsonl"
        shutil.copy(folder / log, folder / log.replace(FIRST, f"o-{copy}"))
    return data


def _generate(home: Path, url: str) -> IssuedSecret:
    """Generate three credentials, and add usage of the first one, which is returned."""
    installation = Installation(Settings(bcrypt_cost=10), open_store(home / "store", url))
    service = installation.service(ACTOR, organization=FIRST)
    names = ("Payout gateway", "Reporting batch", "Treasury sync")
    issued = [service.generate(name) for name in names]
    for each in issued:
        each.lease.close()
    hours = dict.fromkeys(range(hour_of(now()) - 23, hour_of(now()) + 1), 60)
    caller = Caller(address="198.51.100.7", generation=1, last_at=now(), issued=hours)
    usage = Usage(
        last_used_at=now(), last_used_from=caller.address, issued=hours, callers=(caller,)
    )
    used = {issued[0].credential.client_id: usage}
    installation.store.add_usage(Place("uat", FIRST), used)
    installation.close()
    return issued[0]
