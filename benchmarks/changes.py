"""Generating and rotating a credential, compared with one bcrypt hash and one fsync."""

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import bcrypt

from benchmarks.figures import print_table, ratio, spread
from benchmarks.installation import on_disk
from credtui.cli.caller import local_actor
from credtui.configuration import Settings
from credtui.home import open_store
from credtui.installation import Installation

ROUNDS = 60
FILE_SIZE = 1500
"""Bytes, about as many as an organization's file has."""


def main() -> None:
    """Measure the least work that is needed, and what credtui does, in turns."""
    settings = Settings()
    taken: dict[str, list[float]] = {"generate": [], "rotate": []}
    least: list[float] = []
    # Temporary files are often kept in memory, where an fsync costs nothing.
    with TemporaryDirectory(dir=on_disk()) as folder:
        service = Installation(settings, open_store(Path(folder))).service(local_actor("portal"))
        kept = service.generate("Payout gateway").credential
        service.generate("Reporting batch")
        secret = secrets.token_bytes(60).replace(b"\0", b"\1")
        for _ in range(ROUNDS):
            least.append(_time(lambda: _hash_and_sync(Path(folder), secret, settings.bcrypt_cost)))
            taken["generate"].append(_time(lambda: service.generate("Treasury sync")))
            service.delete(service.page().credentials[2].client_id)
            least.append(_time(lambda: _hash_and_sync(Path(folder), secret, settings.bcrypt_cost)))
            taken["rotate"].append(_time(lambda: service.rotate(kept.client_id)))
    rows = [
        [name, spread([seconds * 1000 for seconds in values], 1), ratio(values, least)]
        for name, values in [("bcrypt and fsync", least), *taken.items()]
    ]
    print_table(["", "ms", "ratio (aim: 1.1)"], rows)


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _hash_and_sync(folder: Path, secret: bytes, cost: int) -> None:
    bcrypt.hashpw(secret, bcrypt.gensalt(cost))
    with (folder / "small-file").open("wb") as file:
        file.write(bytes(FILE_SIZE))
        file.flush()
        os.fsync(file.fileno())
