"""What representatives do: manage operators, organizations and networks."""

import codecs
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from credtui.cli.errors import UsageError
from credtui.cli.output import put, put_json, put_table, say
from credtui.cli.session import Session, place, where
from credtui.domain.names import quotable
from credtui.domain.permissions import Operator, Permission
from credtui.domain.ssh_keys import key_lines


def list_operators(session: Session) -> None:
    """Show the operators."""
    operators = session.installation.operator_service(session.actor).operators()
    if session.arguments.json:
        put_json({"operators": [_facts(operator) for operator in operators]})
    elif not operators:
        say("There are no operators: whoever runs credtui on its data may edit.")
    else:
        put_table(
            ("OPERATOR", "MAY", "SSH KEYS"),
            [
                (
                    operator.name,
                    _permissions(operator),
                    ", ".join(key.fingerprint for key in operator.public_keys),
                )
                for operator in operators
            ],
        )


def add_operator(session: Session) -> None:
    """Add an operator."""
    arguments = session.arguments
    operator = session.installation.operator_service(session.actor).add(
        arguments.name,
        keys=_keys(arguments.keys),
        permissions=_given(can_edit=arguments.can_edit, can_view=arguments.can_view),
        representative=arguments.representative,
    )
    _report(session, operator, f"Added {operator.name}: {_permissions(operator)}.")


def set_operator(session: Session) -> None:
    """Change an operator."""
    arguments = session.arguments
    operator = session.installation.operator_service(session.actor).set(
        arguments.name,
        add_keys=_keys(arguments.keys),
        remove_keys=arguments.remove_key,
        permissions=_given(
            can_edit=arguments.can_edit,
            can_view=arguments.can_view,
            no_access=arguments.no_access,
        ),
        representative=arguments.representative,
    )
    _report(session, operator, f"Changed {operator.name}: {_permissions(operator)}.")


def remove_operator(session: Session) -> None:
    """Remove an operator."""
    operator = session.installation.operator_service(session.actor).remove(session.arguments.name)
    _report(session, operator, f"Removed {operator.name}.")


def list_organizations(session: Session) -> None:
    """Show the organizations."""
    names = session.installation.operator_service(session.actor).organizations()
    if session.arguments.json:
        put_json({"organizations": list(names)})
    for name in () if session.arguments.json else names:
        put(name)


def create_organization(session: Session) -> None:
    """Create an organization."""
    name = session.installation.operator_service(session.actor).create_organization(
        session.arguments.name, session.installation.settings.environment
    )
    say(f"Created {name}.")
    if session.arguments.json:
        put_json({"organization": name})


def list_networks(session: Session) -> None:
    """Show from where an organization's credentials may be used."""
    service = session.service()
    _put_networks(session, where(service), service.view().networks)


def set_networks(session: Session) -> None:
    """Replace the networks from which an organization's credentials may be used."""
    service = session.service()
    networks = service.set_networks(session.arguments.networks)
    say(f"The credentials of {place(service)} may be used from these networks only.")
    _put_networks(session, where(service), networks)


def clear_networks(session: Session) -> None:
    """Allow an organization's credentials to be used from everywhere."""
    service = session.service()
    networks = service.set_networks(())
    say(f"The credentials of {place(service)} may be used from everywhere.")
    if session.arguments.json:
        _put_networks(session, where(service), networks)


COMMANDS: Mapping[str, Callable[[Session], None]] = {
    "operator list": list_operators,
    "operator add": add_operator,
    "operator set": set_operator,
    "operator remove": remove_operator,
    "organization list": list_organizations,
    "organization create": create_organization,
    "networks list": list_networks,
    "networks set": set_networks,
    "networks clear": clear_networks,
}
"""What each command does."""


def _report(session: Session, operator: Operator, done: str) -> None:
    say(done)
    if session.arguments.json:
        put_json(_facts(operator))


def _put_networks(session: Session, about: dict[str, str], networks: Iterable[str]) -> None:
    networks = list(networks)
    if session.arguments.json:
        put_json({**about, "networks": networks})
        return
    for network in networks:
        put(network)
    if not networks:
        say("From everywhere.")


def _facts(operator: Operator) -> dict[str, Any]:
    return {
        "name": operator.name,
        "representative": operator.representative,
        "permissions": {
            organization: permission.label
            for organization, permission in operator.permissions.items()
        },
        "keys": [
            {"type": key.type, "fingerprint": key.fingerprint, "comment": key.comment}
            for key in operator.public_keys
        ],
    }


def _permissions(operator: Operator) -> str:
    if operator.representative:
        return "representative"
    permissions = operator.permissions.items()
    return ", ".join(f"{name}: {given.label}" for name, given in permissions) or "No access"


def _given(**organizations: Iterable[str]) -> dict[str, Permission]:
    """Return the permissions that flags give, each named as the permission is.

    Raises:
        UsageError: They give two to one organization.
    """
    given: dict[str, Permission] = {}
    for permission, names in organizations.items():
        for name in names:
            if name in given:
                raise UsageError(f"{quotable(name)} is given twice: say one permission for it.")
            given[name] = Permission[permission.upper()]
    return given


def _keys(texts: Iterable[str]) -> list[str]:
    """Return the keys that flags give; "-" stands for the lines of standard input.

    Raises:
        UsageError: No line is there: an operator without a key is not what was meant.
        InvalidKeyError: A private key is there, or a public one in another format.
    """
    keys: list[str] = []
    for text in texts:
        keys += _input_lines() if text == "-" else [text]
    return keys


def _input_lines() -> list[str]:
    content = sys.stdin.buffer.read(65536) if sys.stdin else b""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError("Standard input is UTF-16: save the SSH public key as UTF-8 text.")
    keys = key_lines(content.decode(errors="surrogateescape"))
    if not keys:
        raise UsageError("There is no SSH public key on standard input.")
    return keys
