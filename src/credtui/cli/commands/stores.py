"""The commands for the person who looks after the place where the data is kept."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from credtui.cli.commands.copy_store import copy_arguments
from credtui.cli.output import put, put_json, say
from credtui.cli.parser import Parser, add_commands
from credtui.cli.session import Session
from credtui.configuration import load_settings
from credtui.domain.store_url import why_not_store_url
from credtui.home import database_status, find_home, migrate_database


def store_commands(parser: Parser) -> None:
    """Take one of the commands about the store."""
    add_commands(
        parser,
        ("status", "show where the data is, and whether credtui can use it", _status_arguments),
        ("migrate", "make or upgrade the tables of a database, as its owner", _migrate_arguments),
        ("copy", "copy all data to another store, which then takes its place", copy_arguments),
    )


def _status_arguments(parser: Parser) -> None:
    parser.set_defaults(run=status)
    _add_store(parser)


def status(session: Session) -> None:
    """Show where the data is.

    Raises:
        StoreError: The database can't be reached, or this version can't use its schema.
    """
    store = _store(session)
    if isinstance(store, Path):
        if session.arguments.json:
            put_json({"store": "folder", "location": str(store)})
        else:
            put(f"Store       The folder {store}")
        return
    found = database_status(store)
    if session.arguments.json:
        put_json(
            {
                "store": "postgresql",
                "location": store,
                "schema": found.schema,
                "known_schemas": list(found.known),
                "problem": found.problem and str(found.problem),
                "server_version": found.server_version,
                "standbys": found.standbys,
                "synchronous_standby_names": found.synchronous_standby_names,
                "tls": found.tls,
                "sslmode": found.sslmode,
                "hazards": found.hazards,
            }
        )
    else:
        usable = "can't use it" if found.problem else "can use it"
        put(f"Store       {found.where}")
        put(f"Schema      {found.schema or 'none'}; this version {usable}")
        put(f"Server      PostgreSQL {found.server_version}")
        put(
            f"Standbys    {found.standbys}; "
            f"synchronous_standby_names = '{found.synchronous_standby_names}'"
        )
        put(f"Connection  {'TLS' if found.tls else 'no TLS'}; sslmode={found.sslmode}")
        for hazard in found.hazards:
            put(f"! {hazard}")
    if found.problem:
        raise found.problem


def _migrate_arguments(parser: Parser) -> None:
    parser.set_defaults(run=migrate)
    parser.add_argument(
        "--application",
        metavar="ROLE",
        help="the role that credtui works as, if it isn't the owner; it gets the rights it needs",
    )
    _add_store(parser)


def migrate(session: Session) -> None:
    """Bring the tables of a database to this version's schema.

    Raises:
        StoreError: Nothing was changed.
    """
    store = _store(session)
    if isinstance(store, Path):
        _report(session, f"The store is the folder {store}: there is nothing to migrate.", None)
        return
    done = migrate_database(store, session.arguments.application)
    if done.before == done.after:
        sentence = f"{done.where} has schema {done.after} already."
    elif done.before is None:
        sentence = f"{done.where} has the tables of schema {done.after} now."
    else:
        sentence = f"{done.where} was upgraded from schema {done.before} to {done.after}."
    if role := session.arguments.application:
        sentence += f" The role {role} may use it."
    _report(session, sentence, {"before": done.before, "after": done.after})


def _report(session: Session, sentence: str, facts: dict[str, Any] | None) -> None:
    say(sentence)
    if session.arguments.json:
        put_json(facts or {"before": None, "after": None})


def _add_store(parser: Parser) -> None:
    parser.add_argument(
        "url", metavar="URL", nargs="?", type=_url, help="a database; else the configured store"
    )
    parser.add_argument("--json", action="store_true", help="write JSON")


def _url(text: str) -> str:
    if reason := why_not_store_url(text):
        raise ArgumentTypeError(f"it {reason}")
    return text


def _store(session: Session) -> str | Path:
    """Return the address of the database that is meant, or the folder."""
    if session.arguments.url:
        url: str = session.arguments.url
        return url
    home = find_home(session.environ)
    return (
        load_settings(home.configuration_file, environ=session.environ).store.url
        or home.store_folder
    )
