"""The commands that manage organizations."""

from credtui.cli.output import put, put_json
from credtui.cli.parser import Parser, add_commands, usual_flags
from credtui.cli.session import Session


def organization_commands(parser: Parser) -> None:
    """Take one of the commands that manage organizations."""
    add_commands(
        parser,
        ("list", "show the organizations", usual_flags(list_organizations)),
        ("create", "create an organization", _create_arguments),
    )


def list_organizations(session: Session) -> None:
    """Show the organizations."""
    names = session.operator_service.organizations()
    if session.arguments.json:
        put_json({"organizations": list(names)})
        return
    for name in names:
        put(name)


def _create_arguments(parser: Parser) -> None:
    parser.runs(create_organization)
    parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and hyphens")


def create_organization(session: Session) -> None:
    """Create an organization."""
    name = session.operator_service.create_organization(
        session.arguments.name, session.installation.settings.environment
    )
    session.report(f"Created {name}.", {"organization": name})
