"""Runs the token endpoint in a process of its own, with cheap hashes."""

import json
import sys
from pathlib import Path
from typing import Any

from credtui.configuration import Settings
from credtui.installation import Installation
from credtui.server import http, run
from credtui.store.postgres.store import PostgresStore
from tests.stores import open_store

CHEAP = 4
"""The cost of hashes, below what the configuration allows."""


def open_installation(
    folder: Path, bcrypt_cost: int = CHEAP, *, url: str = "", **settings: Any
) -> Installation:
    """The installation that a server under test serves. The URL is that of another database."""
    valid = Settings.model_validate(settings)
    store = PostgresStore(url) if url else open_store(folder)
    return Installation(valid.model_copy(update={"bcrypt_cost": bcrypt_cost}), store)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    http.PATIENCE = asked["patience"]
    run.MAX_CONNECTIONS = asked["connections"]
    installation = open_installation(
        Path(asked["store"]), asked["bcrypt_cost"], url=asked["url"], **asked["settings"]
    )
    sys.exit(run.run_server(installation, asked["host"], asked["port"], asked["workers"]))
