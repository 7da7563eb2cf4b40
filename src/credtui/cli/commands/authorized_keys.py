"""The command by which sshd asks whose a key is. All operators share one Unix account."""

import os
import shlex
import sys
from pathlib import Path

from credtui.cli.caller import account_name
from credtui.cli.output import put
from credtui.cli.parser import Parser
from credtui.cli.session import Session
from credtui.domain.refusals import InvalidKeyError
from credtui.domain.ssh_keys import PublicKey, parse_public_key
from credtui.home import find_home, open_operator_keys


def authorized_keys_arguments(parser: Parser) -> None:
    """Take what sshd says about a key that a client offers."""
    parser.set_defaults(run=authorized_keys)
    parser.add_argument("user", metavar="USER", help="sshd's %%u")
    parser.add_argument("type", metavar="TYPE", help="sshd's %%t")
    parser.add_argument("key", metavar="KEY", help="sshd's %%k")


def authorized_keys(session: Session) -> None:
    """Write a line for each operator with this key, which tells sshd what to run for them.

    Write nothing if the user is another account than the one that this process runs as. sshd may
    ask about every account, and an operator's key must not let anybody in as root.

    The configuration file isn't read, so operators get in even while it is wrong.
    """
    arguments = session.arguments
    if arguments.user != account_name():
        return
    try:
        key = parse_public_key(f"{arguments.type} {arguments.key}")
    except InvalidKeyError:
        return
    home = find_home(session.environ)
    named = home.store_folder.parent if session.environ.get("CREDTUI_HOME") else None
    for operator in open_operator_keys(home.store_folder).operators_for_key(key.fingerprint):
        put(_line(operator, key, named))


def _line(operator: str, key: PublicKey, home: Path | None) -> str:
    words = [
        *_program(),
        *(["--home", str(home)] if home else []),
        "ssh-session",
        "--operator",
        operator,
        "--fingerprint",
        key.fingerprint,
    ]
    command = shlex.join(words).replace('"', r"\"")
    return f'restrict,pty,command="{command}" {key.type} {key.data}'


def _program() -> list[str]:
    """Return the words that start this program again, from any folder."""
    script = Path(sys.argv[0]).absolute()
    if script.name != "__main__.py" and os.access(script, os.X_OK):
        return [str(script)]
    return [sys.executable, "-P", "-m", "credtui"]
