"""The commands that manage operators."""

import codecs
import sys
from collections.abc import Iterable
from typing import Any

from credtui.cli.errors import UsageError
from credtui.cli.output import put_json, say
from credtui.cli.parser import Parser, add_commands, usual_flags
from credtui.cli.session import Session
from credtui.cli.table import put_table
from credtui.domain.names import quotable
from credtui.domain.permissions import Operator, Permission
from credtui.domain.ssh_keys import key_lines


def operator_commands(parser: Parser) -> None:
    """Take one of the commands that manage operators."""
    add_commands(
        parser,
        ("list", "show the operators, their permissions and SSH keys", usual_flags(list_operators)),
        ("add", "add an operator", _add_arguments),
        ("set", "change an operator", _set_arguments),
        ("remove", "remove an operator", _remove_arguments),
    )


def list_operators(session: Session) -> None:
    """Show the operators."""
    operators = session.operator_service.operators()
    if session.arguments.json:
        put_json({"operators": [_facts(operator) for operator in operators]})
    elif not operators:
        say("There are no operators yet. Everyone who runs credtui here may edit.")
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


def _add_arguments(parser: Parser) -> None:
    parser.runs(add_operator)
    _add_name(parser)
    _add_permissions(parser)
    _add_keys(parser, "--key")
    parser.add_argument(
        "--representative", action="store_true", help="they work for the API's provider"
    )


def add_operator(session: Session) -> None:
    """Add an operator."""
    arguments = session.arguments
    operator = session.operator_service.add(
        arguments.name,
        keys=_keys(arguments.keys),
        permissions=_given(can_edit=arguments.can_edit, can_view=arguments.can_view),
        representative=arguments.representative,
    )
    session.report(f"Added {operator.name}: {_permissions(operator)}.", _facts(operator))


def _set_arguments(parser: Parser) -> None:
    parser.runs(set_operator)
    _add_name(parser)
    _add_permissions(parser)
    parser.add_argument(
        "--no-access", action="append", default=[], metavar="ORGANIZATION", help="no access there"
    )
    _add_keys(parser, "--add-key")
    parser.add_argument(
        "--remove-key",
        action="append",
        default=[],
        metavar="FINGERPRINT",
        help="as the command operator list shows it; may be repeated",
    )
    role = parser.add_mutually_exclusive_group()
    role.add_argument(
        "--representative",
        action="store_true",
        default=None,
        help="they work for the API's provider",
    )
    role.add_argument(
        "--no-representative",
        dest="representative",
        action="store_false",
        default=None,
        help="they no longer do",
    )


def set_operator(session: Session) -> None:
    """Change an operator."""
    arguments = session.arguments
    operator = session.operator_service.set(
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
    session.report(f"Changed {operator.name}: {_permissions(operator)}.", _facts(operator))


def _remove_arguments(parser: Parser) -> None:
    parser.runs(remove_operator)
    _add_name(parser)


def remove_operator(session: Session) -> None:
    """Remove an operator."""
    operator = session.operator_service.remove(session.arguments.name)
    session.report(f"Removed {operator.name}.", _facts(operator))


def _add_name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="as that of a Unix user")


def _add_permissions(parser: Parser) -> None:
    for option, label in (("--can-edit", "Can Edit"), ("--can-view", "Can View")):
        parser.add_argument(
            option,
            action="append",
            default=[],
            metavar="ORGANIZATION",
            help=f'the permission "API Credentials: {label}" there; may be repeated',
        )


def _add_keys(parser: Parser, option: str) -> None:
    parser.add_argument(
        option,
        dest="keys",
        action="append",
        default=[],
        metavar="KEY",
        help="an SSH public key, the line of a .pub file; or - for standard input; may be repeated",
    )


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
    """Return the permission that flags give for each organization.

    Args:
        organizations: The organizations of each flag, by the permission's name in lower case.

    Raises:
        UsageError: The flags give two permissions for one organization.
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
        UsageError: Standard input has no key.
        InvalidKeyError: Standard input has a private key, or a public key in another format.
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
