"""What may be said on the command line."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from collections.abc import Callable

from credtui import __version__
from credtui.cli.exit_codes import ExitCode
from credtui.cli.parser import Commands, Parser, add_command, add_place
from credtui.cli.representative_parser import add_representative_commands
from credtui.domain.names import quotable

_DESCRIPTION = """\
The API credentials page of a payments portal, as a terminal program.
Without a command it opens the portal."""


def local_parser() -> Parser:
    """Return the parser for a person or script on this computer."""
    parser, commands = _parser()
    parser.add_argument(
        "--home",
        metavar="FOLDER",
        type=_folder,
        help="the folder with configuration and data; goes before CREDTUI_HOME",
    )
    add_place(parser, default=None)
    _add_verbs(commands)
    add_representative_commands(commands)
    _add_local(commands)
    return parser


def ssh_parser() -> Parser:
    """Return the parser for what comes through an SSH key's forced command.

    What it doesn't have can't be asked for: no other folder, no other operator, no portal on
    other data.
    """
    parser, commands = _parser()
    add_place(parser, default=None)
    _add_verbs(commands)
    add_representative_commands(commands)
    return parser


def _add_local(commands: Commands) -> None:
    demo = "open the portal on a throw-away store with three credentials"
    commands.add_parser("demo", help=demo).set_defaults(command="demo")

    help_ = "serve access tokens to clients: see docs/token-endpoint.md"
    serve = commands.add_parser("serve", help=help_)
    serve.set_defaults(command="serve")
    add_place(serve, default=SUPPRESS)
    serve.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="where to listen (127.0.0.1)"
    )
    serve.add_argument(
        "--port", metavar="N", type=_between(0, 65535), default=8000, help="which port (8000)"
    )
    serve.add_argument(
        "--workers", metavar="N", type=_between(1, 64), default=1, help="how many processes (1)"
    )

    keys = commands.add_parser("authorized-keys", help="for sshd: see docs/ssh.md")
    keys.set_defaults(command="authorized-keys")
    keys.add_argument("user", metavar="USER", help="sshd's %%u")
    keys.add_argument("type", metavar="TYPE", help="sshd's %%t")
    keys.add_argument("key", metavar="KEY", help="sshd's %%k")

    session = commands.add_parser("ssh-session", help="for sshd: what authorized-keys names")
    session.set_defaults(command="ssh-session")
    session.add_argument("--operator", metavar="NAME", required=True, help="who came in")
    session.add_argument("--fingerprint", metavar="SHA256", required=True, help="with which key")


def _folder(text: str) -> str:
    # An empty variable in a script must not lead to other data than was meant.
    if not text:
        raise ArgumentTypeError("name a folder")
    return text


def _parser() -> tuple[Parser, Commands]:
    parser = Parser(prog="credtui", description=_DESCRIPTION, epilog=_epilog())
    parser.add_argument("--version", action="version", version=f"credtui {__version__}")
    parser.set_defaults(command=None)
    commands: Commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    help_ = "show this, or how a command is used"
    about = commands.add_parser("help", help=help_, description=f"{help_.capitalize()}.")
    about.set_defaults(command="help")
    about.add_argument("about", nargs="*", metavar="COMMAND", help="such as: operator add")
    return parser, commands


def _add_verbs(commands: Commands) -> None:
    add_command(commands, "list", "show the credentials")
    _add_credential(add_command(commands, "show", "show one credential"))

    generate = add_command(commands, "generate", "generate a credential", json=False)
    _add_name(generate, "name", "NAME", "the new credential's name")
    _add_format(generate)

    rotate = add_command(commands, "rotate", "replace a credential's secret", json=False)
    _add_credential(rotate)
    _add_format(rotate)
    rotate.add_argument("--yes", action="store_true", help="don't ask")

    rename = add_command(commands, "rename", "give a credential another name")
    rename.add_argument(
        "credential", metavar="CLIENT_ID", help="its Client ID, or its name, in quotes"
    )
    rename.add_argument("name", metavar="NAME", nargs="+", help="its new name")

    _add_credential(add_command(commands, "make-primary", "make a credential the primary one"))

    delete = add_command(commands, "delete", "delete a credential")
    _add_credential(delete)
    delete.add_argument("--yes", action="store_true", help="don't ask")
    delete.add_argument(
        "--typed-name",
        metavar="NAME",
        help="the credential's name, in quotes: so a representative deletes the primary one",
    )

    audit = add_command(commands, "audit", "show the audit events, newest first")
    audit.add_argument(
        "--operators", action="store_true", help="those about operators instead (representatives)"
    )
    audit.add_argument("--verify", action="store_true", help="check them for tampering instead")
    audit.add_argument(
        "--limit",
        type=_between(0, 999_999_999),
        default=50,
        metavar="N",
        help="at most N (default 50); 0 for all",
    )


def _add_credential(parser: ArgumentParser) -> None:
    _add_name(parser, "credential", "CLIENT_ID", "its Client ID, or its name")


def _add_name(parser: ArgumentParser, dest: str, metavar: str, help_: str) -> None:
    # ssh sends what was quoted without the quotes.
    parser.add_argument(
        dest, metavar=metavar, nargs="+", help=f"{help_}; several words are one name"
    )


def _add_format(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=("text", "env", "json"),
        default="text",
        help="how the secret is written: alone (text, the default), as lines AUDIENCE=, "
        "CLIENT_ID= and CLIENT_SECRET= (env), or as JSON",
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="as --format json"
    )


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) < 10
        if not digits or not least <= int(text) <= most:
            raise ArgumentTypeError(
                f"it must be a whole number from {least} to {most}, not {quotable(text, 40)}"
            )
        return int(text)

    return number


def _epilog() -> str:
    lines = [f"  {code.value:>3}  {code.meaning}" for code in ExitCode]
    return "exit status:\n" + "\n".join(lines)
