"""The command that runs the token endpoint."""

import sys
from collections.abc import Sequence
from functools import partial

from credtui.cli.output import say
from credtui.cli.parser import Parser, whole_number
from credtui.cli.session import Session
from credtui.cli.shortage import ensure_open_files
from credtui.domain.errors import ExtraMissingError
from credtui.home import find_home


def serve_arguments(parser: Parser) -> None:
    """Take where to listen, and with how many processes."""
    parser.runs(serve, json=False)
    parser.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="where to listen (127.0.0.1)"
    )
    parser.add_argument(
        "--port", metavar="N", type=whole_number(0, 65535), default=8000, help="which port (8000)"
    )
    parser.add_argument(
        "--workers", metavar="N", type=whole_number(1, 64), default=1, help="how many processes (1)"
    )


def serve(session: Session) -> int:
    """Serve access tokens until a signal arrives, and return the exit status.

    Raises:
        ExtraMissingError: The extra `server` is not installed.
    """
    installation, arguments = session.installation, session.arguments
    ensure_open_files()  # short of files, Python would report that the extra is missing
    try:
        from credtui.server.run import run_server
    except ModuleNotFoundError:
        raise ExtraMissingError(
            "The token endpoint needs credtui's extra server. Add it with what installed credtui: "
            "pip install 'credtui[server]', pipx inject credtui 'credtui[server]' or "
            "uv tool install 'credtui[server]'."
        ) from None
    return run_server(
        installation,
        arguments.host,
        arguments.port,
        arguments.workers,
        greet=partial(_greet, session) if sys.stderr and sys.stderr.isatty() else None,
    )


def _greet(session: Session, urls: Sequence[str]) -> None:
    """Say where the server is, on whose data, and how to stop it."""
    say(f"Address  {', '.join(f'{url}/v2/oauth/token' for url in urls)}")
    url = session.installation.settings.store.url
    say(f"Store    {url or find_home(session.environ).store_folder}")
    say("Stop     Ctrl+C")
