"""Opening the portal, on an installation or on a demo's data."""

import os
import secrets
import sys
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from credtui.cli.caller import local_actor
from credtui.cli.environ import PORTAL, keep_only
from credtui.cli.errors import NoTerminalError
from credtui.cli.session import Session
from credtui.cli.shortage import ensure_open_files

if TYPE_CHECKING:
    from credtui.cli.parser import Parser  # the portal starts without it


def open_portal(session: Session) -> int:
    """Open the portal, and return its exit status."""
    installation, actor = session.installation, session.actor
    _require_terminal()
    environ = keep_only(PORTAL)
    from credtui.tui.app import run_portal

    return run_portal(installation, actor, environ, forced=session.forced)


def demo_arguments(parser: "Parser") -> None:
    """Take no arguments."""
    parser.set_defaults(run=open_demo)


def open_demo(_: Session) -> int:
    """Open the portal on an installation that is deleted afterwards."""
    _require_terminal()
    actor = local_actor("portal")
    environ = keep_only(PORTAL)
    from credtui.demo import demo_installation
    from credtui.home import open_store
    from credtui.installation import now
    from credtui.tui.app import run_portal

    with TemporaryDirectory(prefix="credtui-demo-") as folder:
        store = open_store(Path(folder))
        installation = demo_installation(
            store, clock=now, random_bytes=secrets.token_bytes, bcrypt_cost=10
        )
        return run_portal(
            installation, actor, environ, on_hangup=lambda: rmtree(folder, ignore_errors=True)
        )


def _require_terminal() -> None:
    # Textual reads its environment variables when it is imported. This module doesn't import it.
    from credtui.tui.terminal.session import NoTerminal, require_terminal

    try:
        require_terminal(os.environ, sys.stdin, sys.stdout, sys.stderr)
    except NoTerminal as reason:
        raise NoTerminalError(
            f"{reason} Without one there are commands, such as list and rotate: the command "
            "help names them."
        ) from None
    ensure_open_files()
