"""The command that sshd runs for an operator whom it let in."""

import re
import shlex
import signal
from types import SimpleNamespace
from typing import TYPE_CHECKING

from credtui.cli.caller import client_address
from credtui.cli.environ import SSH_SESSION, keep_only
from credtui.cli.errors import PasswordError, UsageError
from credtui.cli.grammar import ssh_parser
from credtui.cli.parser import Parser
from credtui.cli.run import follow
from credtui.cli.session import NOTHING_SAID, Session
from credtui.domain.refusals import CommandRefusedError, InvalidKeyError
from credtui.domain.ssh_keys import refuse_private_key

if TYPE_CHECKING:
    from credtui.service.operators import OperatorService

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


def ssh_session_arguments(parser: Parser) -> None:
    """Take who the operator is, from the line that authorized-keys wrote."""
    parser.set_defaults(run=ssh_session)
    parser.add_argument("--operator", metavar="NAME", required=True, help="who came in")
    parser.add_argument("--fingerprint", metavar="SHA256", required=True, help="with which key")


def ssh_session(session: Session) -> int:
    """Run the command that an operator sent over SSH, or open the portal.

    The flags come from sshd, and say who the operator is. The operator can't send other flags.
    """
    arguments = session.arguments
    # Nobody could resume a stopped process: there is no shell behind it.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    if not _FINGERPRINT.fullmatch(arguments.fingerprint):
        raise UsageError("A fingerprint is SHA256: and 43 letters, digits, + and /.")
    sent = keep_only(SSH_SESSION).get("SSH_ORIGINAL_COMMAND", "")
    from credtui.domain.permissions import Actor, parse_operator

    environ = {"CREDTUI_HOME": arguments.home} if arguments.home else {}
    actor = Actor(
        operator=parse_operator(arguments.operator),
        address=client_address(),
        fingerprint=arguments.fingerprint,
        channel="ssh",
    )
    operator_service = Session(NOTHING_SAID, environ, actor=actor).operator_service
    operator_service.ensure_identified(sent)
    return follow(Session(_parse(sent, operator_service), environ, actor=actor, forced=True))


def _parse(sent: str, operator_service: "OperatorService") -> SimpleNamespace:
    """Read an operator's command without a shell, and return what it says. Record a refusal.

    Raises:
        CommandRefusedError: An operator may not run this command, or it can't be understood.
        InvalidKeyError: The command has a private key in it. The record doesn't quote the command.
            It doesn't quote the password of a database either.
    """
    try:
        refuse_private_key(sent)
        return ssh_parser().read(shlex.split(sent))
    except (UsageError, ValueError) as error:
        refusal = CommandRefusedError(
            f"{error}" if isinstance(error, UsageError) else "A quotation mark isn't closed."
        )
        quoted = "" if isinstance(error, PasswordError) else sent
        operator_service.refuse_command(refusal, quoted)
        raise refusal from None
    except InvalidKeyError as refusal:
        operator_service.refuse_command(refusal, "")
        raise
