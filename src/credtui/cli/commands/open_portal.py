"""Opening the portal, on an installation or on a demo's data."""

import os
import secrets
import sys
from collections.abc import Mapping
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
    from credtui.tui.terminal.questions import Questions


def open_portal(session: Session) -> int:
    """Open the portal, and return its exit status."""
    installation, actor = session.installation, session.actor
    _require_terminal()
    environ, theme = keep_only(PORTAL), installation.theme_for(actor)
    with _ask_terminal(environ, theme) as questions:
        from credtui.tui.app import run_portal

        return run_portal(
            installation, actor, environ, questions, theme=theme, forced=session.forced
        )


def demo_arguments(parser: "Parser") -> None:
    """Take no arguments."""
    parser.set_defaults(run=open_demo)


def open_demo(_: Session) -> int:
    """Open the portal on an installation that is deleted afterwards."""
    _require_terminal()
    actor = local_actor("portal")
    environ = keep_only(PORTAL)
    with (
        _ask_terminal(environ, "auto") as questions,
        TemporaryDirectory(prefix="credtui-demo-") as folder,
    ):
        from credtui.demo import demo_installation
        from credtui.home import open_store
        from credtui.installation import now
        from credtui.tui.app import run_portal

        store = open_store(Path(folder))
        installation = demo_installation(
            store, clock=now, random_bytes=secrets.token_bytes, bcrypt_cost=10
        )
        return run_portal(
            installation,
            actor,
            environ,
            questions,
            on_hangup=lambda: rmtree(folder, ignore_errors=True),
        )


def _ask_terminal(environ: Mapping[str, str], theme: str) -> "Questions":
    """Ask the terminal what the portal needs to know, before Textual is imported."""
    from credtui.tui.terminal.questions import Questions

    return Questions(environ, background=theme == "auto")


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
