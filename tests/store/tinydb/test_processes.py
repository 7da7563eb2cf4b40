"""Many processes on one store, and processes that are killed."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from pydantic import SecretStr

from credtui.domain.audit import Action
from credtui.domain.secrets import matches
from credtui.store.tinydb.store import TinyDBStore
from tests.secrets_scan import assert_no_secret
from tests.store.tinydb.workers import PLACE, Workers, change_for_ever, generate_at_once

KILLS = 100


def test_eight_processes_generate_at_once(
    workers: Workers, store: TinyDBStore, store_folder: Path, tmp_path: Path
) -> None:
    start = tmp_path / "start"
    os.mkfifo(start)
    at_work = [workers.start(generate_at_once, store_folder, start) for _ in range(8)]
    assert [worker.receive() for worker in at_work] == ["ready"] * 8
    with start.open("wb", buffering=0) as pipe:
        pipe.write(b"x" * 8)
        reports = [worker.receive() for worker in at_work]
    assert Counter(report["outcome"] for report in reports) == {"done": 3, "cap_reached": 5}
    for report in reports:
        if report["outcome"] == "cap_reached":
            assert report["sentence"] == (
                "There are 3 of 3 credentials. Delete a credential before creating a new one."
            )

    organization = store.load(PLACE)
    assert len(organization.credentials) == 3
    assert organization.primary == organization.credentials[0].client_id
    secrets = [SecretStr(report["secret"]) for report in reports if "secret" in report]
    for secret in secrets:
        hashes = [credential.secret_hash for credential in organization.credentials]
        assert [matches(secret, secret_hash) for secret_hash in hashes].count(True) == 1
        assert_no_secret(secret, store_folder)

    events = store.events(PLACE)
    assert len(events) == 8
    assert Counter(event.outcome for event in events) == {"done": 3, "refused": 5}
    assert len({event.actor.operator for event in events}) == 8
    assert store.verify_events(PLACE) == events[0]


def test_a_hundred_kills_lose_nothing_that_was_acknowledged(
    workers: Workers, store: TinyDBStore, store_folder: Path
) -> None:
    chance = random.Random(1)
    events, credentials, primary = 0, {}, None
    secrets: dict[str, SecretStr] = {}
    seen: list[SecretStr] = []
    for number in range(KILLS):
        worker = workers.start(change_for_ever, store_folder, number)
        assert worker.receive() == {"ready": True}
        reports = [worker.receive()] if number % 2 else []
        time.sleep(chance.uniform(0, 0.05))
        worker.send_signal(signal.SIGKILL)
        for report in [*reports, *worker.receive_all()]:
            events, primary = report["events"], report["primary"]
            credentials = {found["client_id"]: found for found in report["credentials"]}
            if report["secret"]:
                secrets[report["client_id"]] = SecretStr(report["secret"])
                seen.append(secrets[report["client_id"]])

        # Reading needs no lock. There is at most one change that was not acknowledged.
        organization = store.load(PLACE)
        kept = {
            found.client_id: found.public().model_dump(mode="json")
            for found in organization.credentials
        }
        newest = next(iter(store.events(PLACE)), None)
        assert store.verify_events(PLACE) == newest
        number_kept = newest.number if newest else 0
        assert number_kept in {events, events + 1}
        if newest and number_kept == events + 1:
            changed = newest.client_id or ""
            assert newest.outcome == "done"
            if newest.action is Action.MAKE_PRIMARY or primary is None:
                primary = changed
            credentials.pop(changed, None)
            others = {key: found for key, found in kept.items() if key != changed}
            assert others == credentials
            if newest.action in {Action.GENERATE, Action.ROTATE, Action.DELETE}:
                # Nobody was told the new secret, and the previous one is rightly invalid.
                secrets.pop(changed, None)
        else:
            assert kept == credentials
        assert organization.primary == primary
        for found in organization.credentials:
            client = asyncio.run(store.find_client("uat", found.client_id))
            assert client is not None
            assert client.place == PLACE
            if secret := secrets.get(found.client_id):
                assert matches(secret, found.secret_hash)
        events, credentials = number_kept, kept

    assert events >= KILLS // 2
    assert store.events(PLACE)[0].number == events
    files = b"".join(path.read_bytes() for path in store_folder.rglob("*") if path.is_file())
    assert not [secret for secret in seen if secret.get_secret_value().encode() in files]
    assert_no_secret(seen[-1], store_folder)
