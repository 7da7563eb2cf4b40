"""The portal, on the person's own data or on a demo's."""

import os
import secrets
import sys
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from credtui.cli.errors import NoTerminalError
from credtui.composition import Credtui, local_actor, now
from credtui.domain.permissions import Actor


def open_portal(credtui: Credtui, actor: Actor, *, forced: bool = False) -> int:
    """Open the portal, and return its exit status."""
    _require_terminal()
    from credtui.tui.app import run_portal

    return run_portal(credtui, actor, forced=forced)


def open_demo() -> int:
    """Open the portal on an installation that is thrown away afterwards."""
    _require_terminal()
    from credtui.demo import demo_credtui
    from credtui.tui.app import run_portal

    with TemporaryDirectory(prefix="credtui-demo-") as folder:
        credtui = demo_credtui(
            Path(folder), clock=now, random_bytes=secrets.token_bytes, bcrypt_cost=10
        )
        return run_portal(
            credtui, local_actor("portal"), on_hangup=lambda: rmtree(folder, ignore_errors=True)
        )


def _require_terminal() -> None:
    from credtui.cli.shortage import ensure_open_files
    from credtui.tui.terminal.session import NoTerminal, require_terminal

    try:
        require_terminal(os.environ, sys.stdin, sys.stdout, sys.stderr)
    except NoTerminal as reason:
        raise NoTerminalError(
            f"{reason} Without one there are commands, such as list and rotate: the command "
            "help names them."
        ) from None
    ensure_open_files()
