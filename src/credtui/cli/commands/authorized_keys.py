"""The command by which sshd asks whose a key is. All operators share one Unix account.

sshd starts a process for each key that a client offers, and waits. So this module imports little.
"""

import os
import shlex
import sys
from binascii import a2b_base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from credtui.cli.caller import account_name
from credtui.home import files_in, open_operator_keys

if TYPE_CHECKING:
    from credtui.cli.parser import Parser
    from credtui.cli.session import Session


def authorized_keys_arguments(parser: "Parser") -> None:
    """Take what sshd says about a key that a client offers."""
    parser.set_defaults(run=authorized_keys)
    parser.add_argument("user", metavar="USER", help="sshd's %%u")
    parser.add_argument("type", metavar="TYPE", help="sshd's %%t")
    parser.add_argument("key", metavar="KEY", help="sshd's %%k")


def authorized_keys(session: "Session") -> None:
    """Write a line for each operator with this key, which tells sshd what to run for them.

    Write nothing if the user is another account than the one that this process runs as. sshd may
    ask about every account, and an operator's key must not let anybody in as root.

    The configuration file is read only for the address of a database, so operators get in while
    another part of the file is wrong.
    """
    from credtui.cli.output import put
    from credtui.home import find_home

    arguments = session.arguments
    files = tuple(map(str, find_home(session.environ)))
    home = os.path.dirname(files[1]) if session.environ.get("CREDTUI_HOME") else None  # noqa: PTH120
    for line in _lines(files, home, arguments.user, arguments.type, arguments.key):
        put(line)


def answer_at_once(words: Sequence[str]) -> bool:
    """Answer sshd without a parser, and return whether that was done.

    Answer only a line as docs/ssh.md has it. Whatever is unusual or fails is left to the parser and
    to `authorized_keys`, which say what is wrong.
    """
    match words:
        case ["--home", home, "authorized-keys", user, type_, key]:
            usual = home.startswith("/") and home == os.path.normpath(home)
        case _:
            return False
    if not usual or any(word.startswith("-") for word in (user, type_, key)):
        return False
    try:
        lines = _lines(files_in(home), home, user, type_, key)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
    except Exception:  # noqa: BLE001  # the long way finds the same, and reports it
        return False
    return True


def _lines(
    files: tuple[str, ...], home: str | None, user: str, type_: str, key: str
) -> Sequence[str]:
    """Return the answer to sshd.

    Raises:
        StoreError: The operators can't be read.
    """
    try:
        data = a2b_base64(key, strict_mode=True)
    except ValueError:
        return []
    # The key begins with its type, after the length of the type.
    named = os.fsencode(type_)
    if user != account_name() or not data.startswith(len(named).to_bytes(4) + named):
        return []
    operators = open_operator_keys(*files).operators_for_key(data)
    if not operators:
        return []
    from credtui.domain.fingerprint import fingerprint

    return [_line(operator, fingerprint(data), f"{type_} {key}", home) for operator in operators]


def _line(operator: str, fingerprint: str, key: str, home: str | None) -> str:
    words = [
        *_program(),
        *(["--home", home] if home else []),
        *("ssh-session", "--operator", operator, "--fingerprint", fingerprint),
    ]
    command = shlex.join(words).replace('"', r"\"")
    return f'restrict,pty,command="{command}" {key}'


def _program() -> list[str]:
    """Return the words that start this program again, from any folder."""
    script = os.path.abspath(sys.argv[0])  # noqa: PTH100
    if not script.endswith("/__main__.py") and os.access(script, os.X_OK):
        return [script]
    return [sys.executable, "-P", "-m", "credtui"]
