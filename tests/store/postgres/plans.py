"""How the database finds what the store asks for, among many organizations.

The server itself reports the plan of each statement, those of triggers and foreign keys included,
and how many rows each step read. A statement with an index reads the rows that it needs. Without
an index it reads its table.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from credtui.domain.permissions import Operator
from credtui.domain.place import Place
from credtui.domain.usage import Usage
from credtui.service.credentials import CredentialService
from credtui.store.postgres import sql
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from tests.postgres.server import Server
from tests.store.postgres.many import add_others, client_id_of, copy_organization
from tests.support import ALICE, START, UAT, SteppedClock, set_all_operators

BATCH = 500
"""How many look-ups share a statement at most."""

MOST = 2 * BATCH
"""How many rows a step of a statement may read. Each table that grows has more."""

SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
    "autovacuum": "off",  # it would make statistics in its own time
    "max_wal_size": "4GB",
}
LATE = datetime(2100, 1, 1, tzinfo=UTC)
SOME = 10_000
"""The number of an organization that a search from the beginning of a table finds late."""


def service(store: PostgresStore, organization: str) -> CredentialService:
    return CredentialService(
        store,
        UAT,
        organization,
        ALICE,
        clock=SteppedClock(),
        random_bytes=os.urandom,
        bcrypt_cost=4,
    )


@contextmanager
def filled_server(organizations: int) -> Iterator[Server]:
    """Run a server with as many organizations, which reports the plans of all statements."""
    with Server.create(settings=SETTINGS) as server:
        migrate(server.url())
        store = PostgresStore(server.url())
        for name in ("Payout gateway", "Reporting batch", "Treasury sync"):
            issued = service(store, "acme").generate(name)
            issued.lease.close()
        usage = Usage(last_used_at=START, last_used_from="198.51.100.7", issued={1: 1})
        store.add_usage(Place("uat", "acme"), {issued.credential.client_id: usage})
        set_all_operators(store, Operator(name="alice", representative=True))
        store.close()
        copy_organization(server.url(), "acme", organizations)
        add_others(server.url(), organizations)
        server.execute("ALTER DATABASE postgres SET auto_explain.log_min_duration = 0")
        yield server


Step = dict[str, Any]


def steps(plan: Step) -> Iterator[Step]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


def rows_read(step: Step) -> float:
    """Return how many rows of its table a step read, those included that it didn't want."""
    discarded = (value for name, value in step.items() if name.startswith("Rows Removed by"))
    return float(step["Actual Rows"] + sum(discarded)) * float(step["Actual Loops"])


def reported(server: Server, work: Callable[[], object]) -> list[tuple[str, list[Step]]]:
    """Return the statements that the server ran for some work, with the steps that read tables."""
    begin = len(server.log)
    work()
    found = []
    for text in server.log[begin:].split("plan:\n")[1:]:
        plan, _ = json.JSONDecoder().raw_decode(text.lstrip())
        reading = [step for step in steps(plan["Plan"]) if "Relation Name" in step]
        found.append((plan["Query Text"], reading))
    return found


def long_reads(server: Server, work: Callable[[], object]) -> list[str]:
    """Return a line for each step that read more rows than it may."""
    statements = reported(server, work)
    assert statements
    return [
        f"{step['Node Type']} on {step['Relation Name']}: {rows_read(step):.0f} rows for {text}"
        for text, reading in statements
        for step in reading
        if rows_read(step) > MOST
    ]


def _clients(number: int) -> Callable[[PostgresStore], object]:
    async def ask(store: PostgresStore) -> None:
        asked = [store.find_client("uat", client_id_of(n)) for n in range(SOME, SOME + number)]
        assert all(await asyncio.gather(*asked))

    return lambda store: asyncio.run(ask(store))


def _tokens(number: int) -> Callable[[PostgresStore], object]:
    async def ask(store: PostgresStore) -> None:
        asked = [
            store.find_bearer("uat", client_id_of(SOME + n), f"{n:032x}", LATE)
            for n in range(number)
        ]
        assert all(await asyncio.gather(*asked))

    return lambda store: asyncio.run(ask(store))


def _change(store: PostgresStore) -> None:
    changed = service(store, f"o-{SOME + BATCH}")
    first, second = changed.page().credentials[:2]
    changed.rotate(first.client_id).lease.close()
    changed.rename(first.client_id, f"Renamed {first.client_id}")
    changed.make_primary(second.client_id)
    changed.delete(first.client_id)
    changed.generate(f"New {first.client_id}").lease.close()
    changed.set_networks(["198.51.100.0/24"])


PLACE = Place("uat", f"o-{SOME}")
QUESTIONS: dict[str, Callable[[PostgresStore], object]] = {
    "a client": _clients(1),
    "many clients": _clients(BATCH),
    "a token": _tokens(1),
    "many tokens": _tokens(BATCH),
    "page": lambda store: service(store, PLACE.organization).page(),
    "leases": lambda store: store.leases(PLACE),
    "version": lambda store: store.version(PLACE),
    "events": lambda store: store.events(PLACE),
    "operator events": lambda store: store.operator_events(),
    "audit log": lambda store: store.verify_events(PLACE),
    "usage": lambda store: store.usage(PLACE),
    "theme": lambda store: store.theme_of("nobody"),
    "standing": lambda store: store.standing_in(PLACE.organization, ALICE),
    "standing in no organization": lambda store: store.standing_in("o-none", ALICE),
    "key": lambda store: store.operators_for_key(b"no key"),
    "change": _change,
    "used": lambda store: store.add_usage(PLACE, {client_id_of(SOME): Usage(issued={2: 1})}),
    "revoke": lambda store: store.revoke("uat", "x", LATE),
    "sweep": lambda store: store.sweep_revocations("uat", START),
}


def check_plans(organizations: int) -> None:
    """Check all questions, before the database has statistics of its tables and after."""
    with filled_server(organizations) as server:
        store = PostgresStore(server.url())
        # This one needs the whole table. So the check can fail.
        (line,) = long_reads(server, store.organizations)
        assert f"ledger: {organizations + 1} rows for {sql.ORGANIZATIONS}" in line
        for statistics in (False, True):
            if statistics:
                server.execute("ANALYZE")
            for question, ask in QUESTIONS.items():
                found = long_reads(server, partial(ask, store))
                assert found == [], f"{question}, statistics: {statistics}"
        store.close()
