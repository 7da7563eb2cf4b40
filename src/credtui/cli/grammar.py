"""The table of commands, and the flags that may stand before a command.

A command's own arguments are declared beside its handler, in credtui.cli.commands. The table names
the function that declares them. Its module is loaded when a line names the command.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable
from importlib import import_module
from typing import Any

from credtui import __version__
from credtui.cli.exit_codes import ExitCode
from credtui.cli.parser import Commands, Parser, add_command, add_place

_COMMANDS = (
    ("list", "show the credentials", "credentials:list_arguments"),
    ("show", "show one credential", "credentials:show_arguments"),
    ("generate", "generate a credential", "issuing:generate_arguments"),
    ("rotate", "replace a credential's secret", "issuing:rotate_arguments"),
    ("rename", "give a credential another name", "credentials:rename_arguments"),
    ("make-primary", "make a credential the primary one", "credentials:make_primary_arguments"),
    ("delete", "delete a credential", "credentials:delete_arguments"),
    ("audit", "show the audit events, newest first", "audit:audit_arguments"),
    ("operator", "manage operators (representatives only)", "operators:operator_commands"),
    (
        "organization",
        "manage organizations (representatives only)",
        "organizations:organization_commands",
    ),
    (
        "networks",
        "show or set from which networks credentials may be used",
        "networks:networks_commands",
    ),
)

_LOCAL_COMMANDS = (
    (
        "demo",
        "open the portal on a throw-away store, with a token endpoint",
        "demo:demo_arguments",
    ),
    (
        "serve",
        "serve access tokens to clients: see docs/token-endpoint.md",
        "serve:serve_arguments",
    ),
    ("store", "look after the store: see docs/scale.md", "stores:store_commands"),
    (
        "authorized-keys",
        "for sshd: see docs/ssh.md",
        "authorized_keys:authorized_keys_arguments",
    ),
    (
        "ssh-session",
        "for sshd: what authorized-keys names",
        "ssh_session:ssh_session_arguments",
    ),
)

_DESCRIPTION = """\
The API credentials page of a payments portal, as a terminal program.
Without a command it opens the portal."""


def local_parser() -> Parser:
    """Return the parser for a person or script on this computer."""
    parser = _parser()
    parser.add_argument(
        "--home",
        metavar="FOLDER",
        type=_folder,
        help="the folder with configuration and data; goes before CREDTUI_HOME",
    )
    commands = _add_commands(parser)
    for name, help_, grammar in _LOCAL_COMMANDS:
        commands.add_parser(name, help=help_, grammar=_later(grammar))
    return parser


def ssh_parser() -> Parser:
    """Return the parser for a line that comes through an SSH key's forced command.

    An operator can name no other folder and no other operator, and can't start the local commands.
    """
    parser = _parser()
    _add_commands(parser)
    return parser


def _parser() -> Parser:
    parser = Parser(prog="credtui", description=_DESCRIPTION, epilog=_epilog())
    parser.add_argument("--version", action="version", version=f"credtui {__version__}")
    parser.set_defaults(run=_later("open_portal:open_portal"))
    return parser


def _add_commands(parser: Parser) -> Commands:
    add_place(parser, default=None)
    commands: Commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    add_command(commands, "help", "show this, or how a command is used", _help_arguments)
    for name, help_, grammar in _COMMANDS:
        add_command(commands, name, help_, _later(grammar))
    return commands


def _help_arguments(parser: Parser) -> None:
    parser.add_argument("about", nargs="*", metavar="COMMAND", help="such as: operator add")


def _later(path: str) -> Callable[[Any], Any]:
    """Return a function that loads another one, from the commands' modules, when it is called."""

    def call(argument: Any) -> Any:
        module, name = path.split(":")
        return getattr(import_module(f"credtui.cli.commands.{module}"), name)(argument)

    return call


def _folder(text: str) -> str:
    # If a script's variable is empty, the script must not work on other data by mistake.
    if not text:
        raise ArgumentTypeError("name a folder")
    return text


def _epilog() -> str:
    lines = [f"  {code.value:>3}  {code.meaning}" for code in ExitCode]
    return "exit status:\n" + "\n".join(lines)
