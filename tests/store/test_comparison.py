"""The comparison at the end of a copy notices each thing that differs."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from credtui.domain.errors import CopyDiffersError
from credtui.service.comparison import compare
from credtui.service.copying import copy_store
from tests.store.copied import REVOKED, address, clone, copyable_at, filled
from tests.stores import STORES

Tables = Any
Tamper = Callable[[Path], None]

HASH = "$2b$04$" + "x" * 53
# Words in the statements below that stand for longer ones.
WORDS = {
    "HASH": HASH,
    "FIRST": "(SELECT min(client_id) FROM credtui.credential WHERE ACME)",
    "ACME": "(organization, environment) = ('acme', 'uat')",
}


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """A source and its finished copy, for each kind of store as the copy."""
    folder = tmp_path_factory.mktemp("copies")
    made = {}
    for kind in STORES:
        source, _ = filled("tinydb", folder / f"{kind} source")
        target = address(kind, folder / f"{kind} target")
        with closing(copyable_at(source)) as one, closing(copyable_at(target)) as other:
            copy_store(one, other, lambda *_: None)
        made[kind] = source, target
    return made


def edit(name: str, change: Callable[[Tables], object]) -> Tamper:
    """Return what changes a JSON file of a folder."""

    def tamper(folder: Path) -> None:
        tables = json.loads((folder / name).read_text())
        change(tables)
        (folder / name).write_text(json.dumps(tables))

    return tamper


def credential(**values: Any) -> Tamper:
    """Return what changes the credential with the lowest Client ID."""

    def change(tables: Tables) -> None:
        first = min(tables["credentials"].values(), key=lambda it: str(it["client_id"]))
        first.update(values)

    return edit("uat/acme.json", change)


def organization(**values: Any) -> Tamper:
    return edit("uat/acme.json", lambda tables: tables["organization"]["1"].update(values))


def set_other_primary(tables: Tables) -> None:
    (about,) = tables["organization"].values()
    ids = {str(one["client_id"]) for one in tables["credentials"].values()}
    (about["primary"],) = ids - {about["primary"]}


def remove_credential(tables: Tables) -> None:
    (about,) = tables["organization"].values()
    kept = tables["credentials"]
    for key in [key for key, one in kept.items() if one["client_id"] != about["primary"]]:
        del kept[key]


def exchange_order(tables: Tables) -> None:
    one, other = tables["credentials"]
    kept = tables["credentials"]
    kept[one], kept[other] = kept[other], kept[one]


def retire_other(tables: Tables) -> None:
    (rotated,) = (one for one in tables["credentials"].values() if one["retired"])
    rotated["retired"][0]["secret_hash"] = HASH


def member(tables: Tables, name: str) -> Any:
    (found,) = (one for one in tables["operators"].values() if one["name"] == name)
    return found


def change_log(folder: Path) -> None:
    log = folder / "uat" / "acme.audit.jsonl"
    log.write_text(log.read_text().replace("Payouts", "Payins", 1))


def shorten_log(folder: Path) -> None:
    """Take the last event away, from the log and from the file beside it."""
    log = folder / "uat" / "acme.audit.jsonl"
    lines = log.read_text().splitlines(keepends=True)[:-1]
    log.write_text("".join(lines))
    edit(
        "uat/acme.json",
        lambda tables: tables["about"]["1"].update(events=[json.loads(lines[-1])]),
    )(folder)


def remove_revocation(folder: Path) -> None:
    expiry = int(REVOKED.timestamp())
    (folder / "uat" / ".revoked" / str(expiry // 3600) / f"{expiry}.new").unlink()


def add_organization(folder: Path) -> None:
    for name in ("acme.json", "acme.audit.jsonl"):
        (folder / "uat" / name.replace("acme", "umbrella")).write_bytes(
            (folder / "uat" / name).read_bytes()
        )


REMOVE_LAST = """
UPDATE credtui.ledger SET events = events - 1, last_hash = (SELECT previous FROM credtui.event
    WHERE ACME ORDER BY number DESC LIMIT 1) WHERE ACME;
DELETE FROM credtui.event WHERE ACME
    AND number > (SELECT events FROM credtui.ledger WHERE ACME)
"""
SET_OTHER_PRIMARY = """
UPDATE credtui.credential SET is_primary = false WHERE ACME;
UPDATE credtui.credential SET is_primary = true
WHERE ACME AND client_id <> (SELECT client_id FROM before)
"""
CHANGE_EVENT = """
UPDATE credtui.event SET content = replace(content::text, 'Payouts', 'Payins')::json WHERE ACME
"""
ADD_ORGANIZATION = """
INSERT INTO credtui.ledger (environment, organization, events) VALUES ('uat', 'umbrella', 1)
"""
RENUMBER = "UPDATE credtui.credential SET position = -position WHERE ACME"

TAMPERED: dict[str, tuple[Tamper, str]] = {
    "the number of credentials of acme in uat": (
        edit("uat/acme.json", remove_credential),
        "DELETE FROM credtui.credential WHERE ACME AND NOT is_primary",
    ),
    "the generation of cid_": (
        credential(generation=99),
        "UPDATE credtui.credential SET generation = 99 WHERE client_id = FIRST",
    ),
    "the secret hashes of cid_": (
        credential(secret_hash=HASH),
        "UPDATE credtui.credential SET secret_hash = 'HASH' WHERE client_id = FIRST",
    ),
    "the secret hashes of cid_.* of acme in uat": (
        edit("uat/acme.json", retire_other),
        "UPDATE credtui.credential SET retired = '[]' WHERE ACME",
    ),
    "the name or state of cid_": (
        credential(name="another"),
        (
            "UPDATE credtui.credential SET name = 'another', name_key = 'another' "
            "WHERE client_id = FIRST"
        ),
    ),
    "the primary credential of acme in uat": (
        edit("uat/acme.json", set_other_primary),
        SET_OTHER_PRIMARY,
    ),
    "the networks of acme in uat": (
        organization(networks=[]),
        "UPDATE credtui.ledger SET networks = '{}' WHERE ACME",
    ),
    "the order of the credentials of acme in uat": (
        edit("uat/acme.json", exchange_order),
        RENUMBER,
    ),
    "the audit log of acme in uat": (
        change_log,
        CHANGE_EVENT,
    ),
    "the end of the audit log of acme in uat": (shorten_log, REMOVE_LAST),
    "the keys of the operator ann": (
        edit("operators.json", lambda tables: member(tables, "ann").update(keys=[])),
        "DELETE FROM credtui.operator_key",
    ),
    "the permissions of the operator bob": (
        edit("operators.json", lambda tables: member(tables, "bob").update(representative=True)),
        "UPDATE credtui.permission SET level = 0 WHERE operator = 'bob'",
    ),
    "the number of operators": (
        edit("operators.json", lambda tables: tables["operators"].popitem()),
        "DELETE FROM credtui.operator WHERE name = 'bob'",
    ),
    "the usage of acme in uat": (
        edit("uat/.usage/acme.json", lambda used: used.popitem()),
        "DELETE FROM credtui.usage WHERE ACME AND client_id = FIRST",
    ),
    "the key of access tokens": (
        lambda folder: (folder / "token.key").unlink(),
        "DELETE FROM credtui.token_key",
    ),
    "the revoked access tokens": (
        remove_revocation,
        "DELETE FROM credtui.revocation WHERE token = 'new'",
    ),
    "the spans of time of forgotten revocations": (
        edit("uat/.revoked/swept", lambda spans: spans.pop()),
        "UPDATE credtui.swept SET last = last + 1",
    ),
    "the themes that operators chose": (
        edit("preferences.json", lambda kept: kept["bob"].update(theme="dark")),
        "DELETE FROM credtui.preference WHERE operator = 'bob'",
    ),
    "umbrella in uat .only the copy has it": (
        add_organization,
        ADD_ORGANIZATION,
    ),
}


@pytest.mark.parametrize("kind", STORES)
def test_equal_stores(copies: dict[str, tuple[str, str]], kind: str) -> None:
    source, target = copies[kind]
    with closing(copyable_at(source)) as one, closing(copyable_at(target)) as other:
        assert compare(one, other, lambda: None)["credentials"] == 8


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("difference", TAMPERED)
def test_a_difference(
    copies: dict[str, tuple[str, str]], kind: str, difference: str, tmp_path: Path
) -> None:
    source, target = copies[kind]
    tampered = clone(target, tmp_path / "tampered")
    with_files, with_sql = TAMPERED[difference]
    if kind == "tinydb":
        with_files(Path(tampered))
    else:
        with psycopg.connect(tampered) as connection:
            connection.execute("SET session_replication_role = replica")  # no triggers
            connection.execute(
                "CREATE TEMPORARY TABLE before AS SELECT client_id FROM credtui.credential "
                "WHERE (organization, environment) = ('acme', 'uat') AND is_primary"
            )
            for word, meaning in WORDS.items():
                with_sql = with_sql.replace(word, meaning)
            connection.execute(with_sql)
    with (
        closing(copyable_at(source)) as one,
        closing(copyable_at(tampered)) as other,
        pytest.raises(CopyDiffersError, match=difference),
    ):
        compare(one, other, lambda: None)
