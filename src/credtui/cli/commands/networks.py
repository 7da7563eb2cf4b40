"""The commands that show and change show or set from which networks credentials may be used."""

from collections.abc import Sequence
from typing import Any

from credtui.cli.output import put, put_json, say
from credtui.cli.parser import Parser, add_commands, usual_flags
from credtui.cli.session import Session
from credtui.cli.wording import place, where


def networks_commands(parser: Parser) -> None:
    """Take one of the commands about networks."""
    add_commands(
        parser,
        ("list", "show the networks", usual_flags(list_networks)),
        ("set", "replace the networks (representatives only)", _set_arguments),
        ("clear", "allow use from everywhere (representatives only)", usual_flags(clear_networks)),
    )


def list_networks(session: Session) -> None:
    """Show show or set from which networks credentials may be used."""
    _put_networks(session, session.service.view().networks)


def _set_arguments(parser: Parser) -> None:
    parser.runs(set_networks)
    parser.add_argument("networks", nargs="+", metavar="NETWORK", help="such as 192.0.2.0/24")


def set_networks(session: Session) -> None:
    """Replace the networks from which an organization's credentials may be used."""
    networks = session.service.set_networks(session.arguments.networks)
    say(f"The credentials of {place(session.service)} may be used from these networks only.")
    _put_networks(session, networks)


def clear_networks(session: Session) -> None:
    """Allow an organization's credentials to be used from everywhere."""
    networks = session.service.set_networks(())
    session.report(
        f"The credentials of {place(session.service)} may be used from everywhere.",
        _facts(session, networks),
    )


def _facts(session: Session, networks: Sequence[str]) -> dict[str, Any]:
    return {**where(session.service), "networks": networks}


def _put_networks(session: Session, networks: Sequence[str]) -> None:
    if session.arguments.json:
        put_json(_facts(session, networks))
        return
    for network in networks:
        put(network)
    if not networks:
        say("From everywhere.")
