"""Opening the portal."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from credtui.cli.environ import PORTAL, keep_only
from credtui.cli.errors import NoTerminalError
from credtui.cli.session import Session
from credtui.cli.shortage import ensure_open_files

if TYPE_CHECKING:
    from credtui.tui.terminal.questions import Questions


def open_portal(session: Session) -> int:
    """Open the portal, and return its exit status."""
    installation, actor = session.installation, session.actor
    require_portal_terminal()
    environ = keep_only(PORTAL)
    # If the store can't be read, nothing else is asked of it.
    page, theme = installation.service(actor).page(), installation.theme_for(actor)
    with ask_terminal(environ, theme) as questions:
        from credtui.tui.app import run_portal

        return run_portal(
            installation, actor, page, environ, questions, theme=theme, forced=session.forced
        )


def ask_terminal(environ: Mapping[str, str], theme: str) -> "Questions":
    """Ask the terminal what the portal needs to know, before Textual is imported."""
    from credtui.tui.terminal.questions import Questions

    return Questions(environ, background=theme == "auto")


def require_portal_terminal() -> None:
    """Raise a `NoTerminalError` where there is no terminal that can show the portal."""
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
