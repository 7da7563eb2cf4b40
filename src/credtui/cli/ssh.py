"""One Unix account, many operators: what sshd asks, and what it runs for whom it let in."""

import os
import re
import shlex
import signal
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from credtui.cli.errors import UsageError
from credtui.cli.exit_codes import ExitCode
from credtui.cli.grammar import ssh_parser
from credtui.cli.output import put
from credtui.domain.errors import CommandRefusedError, InvalidKeyError, PermissionDeniedError
from credtui.domain.ssh_keys import PublicKey, parse_public_key, refuse_private_key

if TYPE_CHECKING:
    from credtui.domain.permissions import Operator
    from credtui.service.operators import OperatorService

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")

_PASSED_ON = {
    *("HOME", "LOGNAME", "PATH", "SHELL", "TZ", "USER"),
    *("LANG", "LC_ALL", "LC_CTYPE"),
    *("COLORTERM", "NO_COLOR", "TERM"),
    *("SSH_CONNECTION", "SSH_TTY"),
    "PYDANTIC_DISABLE_PLUGINS",  # which this program sets itself
}
"""The environment variables that a session keeps. A client that may send others rules nothing."""


def authorized_keys(arguments: Namespace) -> int:
    """Tell sshd which command to run for whoever has this key; nothing if it is nobody's.

    The account must be the one that this runs as, which is the one that keeps the data: sshd may
    ask for every account, and root's is not to be opened by operators' keys.
    """
    from credtui.configuration import find_home
    from credtui.installation import account_name, open_store

    if arguments.user != account_name():
        return ExitCode.OK
    try:
        key = parse_public_key(f"{arguments.type} {arguments.key}")
    except InvalidKeyError:
        return ExitCode.OK
    named = arguments.home or os.environ.get("CREDTUI_HOME")
    home = find_home({"CREDTUI_HOME": named} if named else {})
    for operator in open_store(home).operators().members:
        if operator.has_key(key.fingerprint):
            put(_line(operator, key, home.store_folder.parent if named else None))
    return ExitCode.OK


def ssh_session(arguments: Namespace) -> int:
    """Run what an operator asks for over SSH, or open the portal.

    Who they are is what the flags say, which come from sshd; what they sent says nothing of it.
    """
    # Nobody could resume what is stopped: there is no shell behind it.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    if not _FINGERPRINT.fullmatch(arguments.fingerprint):
        raise UsageError("A fingerprint is SHA256: and 43 letters, digits, + and /.")
    asked = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    _forget_environment()
    from credtui.cli.run import follow, place_flags
    from credtui.cli.session import Session
    from credtui.domain.permissions import Actor, parse_operator
    from credtui.installation import client_address, open_installation

    environ = {"CREDTUI_HOME": arguments.home} if arguments.home else {}
    installation = open_installation(environ=environ)
    actor = Actor(
        operator=parse_operator(arguments.operator),
        address=client_address(),
        fingerprint=arguments.fingerprint,
        channel="ssh",
    )
    operator_service = installation.operator_service(actor)
    if installation.store.operators().identify(actor) is None:
        denial = PermissionDeniedError(f"This key doesn't identify {actor.operator} any more.")
        operator_service.refuse_command(denial, asked)
        raise denial
    wanted = _parse(asked, operator_service)
    installation = open_installation(environ=environ, flags=place_flags(wanted))
    return follow(Session(wanted, installation, actor, forced=True))


def _parse(asked: str, operator_service: "OperatorService") -> Namespace:
    """Return what an operator asks for, read without a shell.

    Raises:
        CommandRefusedError: It is no command that they may run. That is recorded.
        UsageError: It is one, but can't be understood. That is recorded too.
        InvalidKeyError: There is a private key in it. That is recorded without the key.
    """
    try:
        refuse_private_key(asked)
        return ssh_parser().read(shlex.split(asked))
    except (UsageError, ValueError) as error:
        refusal = CommandRefusedError(
            f"{error}" if isinstance(error, UsageError) else "A quotation mark has no partner."
        )
        operator_service.refuse_command(refusal, asked)
        raise refusal from None
    except InvalidKeyError as refusal:
        operator_service.refuse_command(refusal, "")
        raise


def _line(operator: "Operator", key: PublicKey, home: Path | None) -> str:
    words = [
        *_program(),
        *(["--home", str(home)] if home else []),
        "ssh-session",
        "--operator",
        operator.name,
        "--fingerprint",
        key.fingerprint,
    ]
    command = shlex.join(words).replace('"', r"\"")
    return f'restrict,pty,command="{command}" {key.type} {key.data}'


def _program() -> list[str]:
    """Return the words that start this program again, from wherever."""
    script = Path(sys.argv[0]).absolute()
    if script.name != "__main__.py" and os.access(script, os.X_OK):
        return [str(script)]
    return [sys.executable, "-P", "-m", "credtui"]


def _forget_environment() -> None:
    for name in os.environ.keys() - _PASSED_ON:
        del os.environ[name]
