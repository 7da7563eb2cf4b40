"""The command that runs the token endpoint."""

from credtui.cli.parser import Parser, whole_number
from credtui.cli.session import Session
from credtui.cli.shortage import ensure_open_files


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
    """Serve access tokens until a signal ends that, and return the exit status."""
    installation, arguments = session.installation, session.arguments
    from credtui.server import run_server

    ensure_open_files()
    return run_server(installation, arguments.host, arguments.port, arguments.workers)
