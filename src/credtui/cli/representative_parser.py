"""What representatives may say on the command line."""

from credtui.cli.parser import Commands, Parser, add_command


def add_representative_commands(commands: Commands) -> None:
    """Add the commands that manage operators, organizations and networks."""
    _add_operator(commands)
    _add_organization(commands)
    _add_networks(commands)


def _add_operator(commands: Commands) -> None:
    group = _group(commands, "operator", "manage operators (representatives only)")
    add_command(group, "operator list", "show the operators, their permissions and SSH keys")

    add = add_command(group, "operator add", "add an operator")
    _add_name(add)
    _add_permissions(add)
    _add_keys(add, "--key")
    add.add_argument(
        "--representative", action="store_true", help="they work for the API's provider"
    )

    change = add_command(group, "operator set", "change an operator")
    _add_name(change)
    _add_permissions(change)
    change.add_argument(
        "--no-access", action="append", default=[], metavar="ORGANIZATION", help="no access there"
    )
    _add_keys(change, "--add-key")
    change.add_argument(
        "--remove-key",
        action="append",
        default=[],
        metavar="FINGERPRINT",
        help="as the command operator list shows it; may be repeated",
    )
    role = change.add_mutually_exclusive_group()
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

    _add_name(add_command(group, "operator remove", "remove an operator"))


def _add_organization(commands: Commands) -> None:
    group = _group(commands, "organization", "manage organizations (representatives only)")
    add_command(group, "organization list", "show the organizations")
    create = add_command(group, "organization create", "create an organization")
    create.add_argument("name", metavar="NAME", help="lower-case letters, digits and hyphens")


def _add_networks(commands: Commands) -> None:
    group = _group(commands, "networks", "from where an organization's credentials may be used")
    add_command(group, "networks list", "show the networks")
    change = add_command(group, "networks set", "replace the networks (representatives only)")
    change.add_argument("networks", nargs="+", metavar="NETWORK", help="such as 192.0.2.0/24")
    add_command(group, "networks clear", "allow use from everywhere (representatives only)")


def _group(commands: Commands, name: str, help_: str) -> Commands:
    group: Commands = commands.add_parser(
        name, help=help_, description=f"{help_.capitalize()}."
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    return group


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
