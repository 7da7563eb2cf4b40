"""The commands that show and change the networks from which credentials may be used."""

from collections.abc import Sequence
from typing import Any

from credtui.cli.output import put, put_json, say
from credtui.cli.parser import Parser, add_commands, usual_flags
from credtui.cli.question import can_ask, ensure_yes
from credtui.cli.session import Session
from credtui.cli.wording import place, where
from credtui.domain.networks import parse_networks
from credtui.domain.refusals import InvalidNetworkError
from credtui.domain.warnings import shuts_out


def networks_commands(parser: Parser) -> None:
    """Take one of the commands about networks."""
    add_commands(
        parser,
        ("list", "show the networks", usual_flags(list_networks)),
        ("set", "replace the networks (representatives only)", _set_arguments),
        ("clear", "allow use from everywhere (representatives only)", usual_flags(clear_networks)),
    )


def list_networks(session: Session) -> None:
    """Show the networks from which an organization's credentials may be used."""
    _put_networks(session, session.service.view().networks)


def _set_arguments(parser: Parser) -> None:
    parser.runs(set_networks)
    parser.add_argument("networks", nargs="+", metavar="NETWORK", help="such as 192.0.2.0/24")
    parser.add_argument("--yes", action="store_true", help="don't ask")


def set_networks(session: Session) -> None:
    """Replace the networks from which an organization's credentials may be used."""
    service, networks = session.service, session.arguments.networks
    seen = _warn(session, networks)
    networks = service.set_networks(networks, seen=seen)
    say(f"The credentials of {place(service)} may be used from these networks only.")
    _put_networks(session, networks)


def _warn(session: Session, networks: Sequence[str]) -> Sequence[str] | None:
    """Say which clients networks would shut out, and ask whether to go on.

    Returns:
        The present networks, if the person was asked.

    Raises:
        NotConfirmedError: The answer was not yes.
    """
    service = session.service
    page = service.page()
    try:
        warning = shuts_out(page, parse_networks(networks), service.clock())
    except InvalidNetworkError:
        return None  # The service refuses them, and records the attempt.
    if warning is None or not page.may_manage:
        return None
    say(f"! {warning}")
    # A script can't answer a question.
    if session.arguments.yes or not can_ask():
        return None
    ensure_yes(f"Set the networks of {place(service)} anyway?")
    return page.networks


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
