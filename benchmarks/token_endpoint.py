"""The token endpoint: requests a second, and many organizations."""

import asyncio
import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.endpoint import generate, running, serve, serve_constant
from benchmarks.figures import print_table, spread
from benchmarks.installation import on_disk
from benchmarks.load import ask, form, post
from credtui.domain.secrets import generate_client_id
from credtui.store.tinydb.store import TinyDBStore

ROUNDS = 12
SECONDS = 1.0
ORGANIZATIONS = (1, 100, 10_000)


def main() -> None:
    """Measure the rate and look-ups."""
    with TemporaryDirectory(dir=on_disk()) as folder:
        _measure_rate(Path(folder) / "rate")
        _measure_look_ups(Path(folder) / "look-ups")


def _measure_rate(folder: Path) -> None:
    """Compare access tokens a second with constant answers a second of the same stack."""
    request = post(form(generate(folder)))
    rates: dict[str, list[float]] = {"constant JSON": [], "access token": []}
    costs: dict[str, list[float]] = {"constant JSON": [], "access token": []}
    with (
        running(serve_constant, folder) as constant,
        running(serve, folder) as ours,
    ):
        servers = {"constant JSON": constant, "access token": ours}
        for server in servers.values():  # the first request needs bcrypt
            ask(server.port, request, 0.0, 1)
        for _ in range(5 * ROUNDS):
            for name, server in servers.items():
                before = server.processor_time()
                rate = ask(server.port, request, SECONDS / 5).rate
                rates[name].append(rate)
                used = server.processor_time() - before
                costs[name].append(used / (rate * SECONDS / 5) * 1e6)
    base = rates["constant JSON"]
    rows = [
        [
            name,
            spread(rate),
            f"{median(rate) / median(base):.2f}",
            f"{max(rate) / max(base):.2f}",
            spread(costs[name]),
        ]
        for name, rate in rates.items()
    ]
    # If other programs use the processor too, the best rounds are the most exact.
    heading = ["", "requests/s", "ratio (aim: 0.5)", "of the best rounds", "processor us/request"]
    print_table(heading, rows)


def _measure_look_ups(folder: Path) -> None:
    """Compare looking up a Client ID that is not in memory among few and many organizations."""
    stores: dict[int, tuple[Path, list[str]]] = {}
    for number in ORGANIZATIONS:
        stores[number] = folder / str(number), _fill(folder / str(number), number)
    taken: dict[int, list[float]] = {number: [] for number in ORGANIZATIONS}
    for _ in range(ROUNDS):
        for number, (filled, client_ids) in stores.items():
            asked = random.choices(client_ids, k=200)  # noqa: S311
            taken[number].append(asyncio.run(_look_up(filled, asked)))
    base = median(taken[1])
    rows = [
        [
            f"{number:,} organizations",
            spread([seconds * 1e6 for seconds in values]),
            f"{median(values) / base:.2f}",
        ]
        for number, values in taken.items()
    ]
    print_table(["look-up among", "microseconds", "ratio (aim: 1.2)"], rows)


async def _look_up(folder: Path, client_ids: Sequence[str]) -> float:
    """Return the seconds that it takes to look up a Client ID in a store that was just opened."""
    taken = 0.0
    for client_id in client_ids:
        store = TinyDBStore(folder)
        began = time.perf_counter()
        assert await store.find_client("uat", client_id)
        taken += time.perf_counter() - began
        store.close()
    return taken / len(client_ids)


def _fill(folder: Path, number: int) -> list[str]:
    """Fill a store with as many organizations, all like the first, and return their Client IDs."""
    issued = generate(folder)
    environment = folder / "uat"
    like = json.loads((environment / "acme.json").read_text())
    client_ids = [issued.credential.client_id]
    for copy in range(1, number):
        client_id = generate_client_id(os.urandom)
        # The audit event stays as it is: its hash covers the first organization's Client ID.
        like["credentials"]["1"]["client_id"] = like["organization"]["1"]["primary"] = client_id
        (environment / f"o-{copy}.json").write_text(json.dumps(like))
        (environment / ".clients" / client_id).write_text(f"o-{copy}")
        client_ids.append(client_id)
    return client_ids
