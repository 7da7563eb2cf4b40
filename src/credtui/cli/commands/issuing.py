"""The commands that issue a secret: generate and rotate."""

from typing import get_args

from credtui.cli.delivery import Form, deliver, ensure_reader, uninterrupted
from credtui.cli.meaning import add_credential, meant
from credtui.cli.output import say
from credtui.cli.parser import Parser, add_words
from credtui.cli.question import can_ask, ensure_yes
from credtui.cli.session import Session
from credtui.cli.wording import alarm, place
from credtui.domain.warnings import loses_access


def generate_arguments(parser: Parser) -> None:
    """Take a new credential's name, and how its secret is written."""
    parser.runs(generate, json=False)
    add_words(parser, "name", "NAME", "the new credential's name")
    _add_format(parser)


def generate(session: Session) -> None:
    """Generate a credential, and write its secret to standard output."""
    ensure_reader()
    service = session.service
    with uninterrupted():
        issued = service.generate(" ".join(session.arguments.name))
        deliver(
            service,
            issued,
            session.arguments.format,
            f"Generated {issued.credential.name} for {place(service)}.",
        )


def rotate_arguments(parser: Parser) -> None:
    """Take a credential, and how its new secret is written."""
    parser.runs(rotate, json=False)
    add_credential(parser)
    _add_format(parser)
    parser.add_argument("--yes", action="store_true", help="don't ask")


def rotate(session: Session) -> None:
    """Replace a credential's secret, and write the new one to standard output."""
    ensure_reader()
    service, seen = session.service, None
    page = service.page()
    with meant(service, page, session.arguments.credential) as (client_id, credential):
        # A script can't answer a question.
        if credential and can_ask() and not session.arguments.yes:
            if warning := loses_access(page, credential, service.clock()):
                say(f"! {warning}")
            ensure_yes(
                f"{alarm(service)}Rotate {credential.name} ({client_id}) of {place(service)}? "
                "The previous secret stops working at once."
            )
            seen = credential.generation
        with uninterrupted():
            issued = service.rotate(client_id, seen=seen)
            deliver(
                service,
                issued,
                session.arguments.format,
                f"Rotated {issued.credential.name} of {place(service)}. "
                "The previous secret no longer works.",
            )


def _add_format(parser: Parser) -> None:
    parser.add_argument(
        "--format",
        choices=get_args(Form),
        default="text",
        help="how the secret is written: alone (text, the default), as lines AUDIENCE=, "
        "CLIENT_ID= and CLIENT_SECRET= (env), or as JSON",
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="as --format json"
    )
