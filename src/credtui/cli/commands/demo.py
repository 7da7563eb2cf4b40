"""Opening the portal on a demo's data, with a token endpoint beside it."""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

from credtui.cli.commands.open_portal import ask_terminal, require_portal_terminal
from credtui.cli.environ import PORTAL, keep_only
from credtui.cli.session import Session
from credtui.domain.errors import ServerError

if TYPE_CHECKING:
    import socket

    from credtui.cli.parser import Parser

WITH_ENDPOINT = "A throw-away demo. Token endpoint: {}"
WITHOUT_ENDPOINT = (
    "A throw-away demo without a token endpoint: Try it and curl need the extra server. "
    "pip install 'credtui[server]'"
)

PATIENCE = 1.0
"""Seconds that the token endpoint may take to end. A portal whose line dropped has 2 seconds."""


def demo_arguments(parser: "Parser") -> None:
    """Take no arguments."""
    parser.set_defaults(run=open_demo)


def open_demo(_: Session) -> int:
    """Open the portal on an installation that is deleted afterwards."""
    require_portal_terminal()
    environ = keep_only(PORTAL)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="credtui-demo-")))
        # The endpoint is started first: a process with threads can't safely be forked.
        endpoint = stack.enter_context(_token_endpoint(folder))
        questions = stack.enter_context(ask_terminal(environ, "auto"))
        from credtui.demo import CAROL, add_life, demo_installation, set_token_url
        from credtui.home import open_store
        from credtui.installation import now
        from credtui.tui.app import run_portal

        installation = demo_installation(
            open_store(folder), clock=now, random_bytes=secrets.token_bytes, bcrypt_cost=10
        )
        add_life(installation)
        if endpoint:
            set_token_url(installation, f"{endpoint}/v2/oauth/token")

        return run_portal(
            installation,
            CAROL,
            installation.service(CAROL).page(),
            environ,
            questions,
            greeting=WITH_ENDPOINT.format(endpoint) if endpoint else WITHOUT_ENDPOINT,
            on_hangup=stack.close,
        )


@contextmanager
def _token_endpoint(folder: Path) -> Iterator[str | None]:
    """Run a token endpoint on a demo's store, in a process that ends with this one.

    The value is its URL; None if the extra `server` isn't installed, or no port can be had.
    """
    if find_spec("uvicorn") is None:
        yield None
        return
    from credtui.server.listening import listening, url_of

    try:
        with listening("127.0.0.1", 0) as sockets:
            # Requests wait in the socket's queue until the endpoint has started.
            url, parent = url_of(sockets[0]), os.getpid()
            child = os.fork()
            if not child:
                _serve(folder, sockets, parent)
    except ServerError:
        yield None
        return
    try:
        yield url
    finally:
        _end(child)


def _serve(folder: Path, sockets: "list[socket.socket]", parent: int) -> NoReturn:
    """Serve until the parent ends or says so, then end this process.

    Nothing of the parent may run here, such as what it does at its own end.
    """
    try:
        # SIGHUP arrives when the portal dies. This process must go on, to remove the demo.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        from credtui.configuration import Settings
        from credtui.home import open_store
        from credtui.installation import Installation
        from credtui.server.run import serve_beside

        serve_beside(Installation(Settings(), open_store(folder)), sockets, parent)
    finally:
        if os.getppid() != parent:
            # The portal was killed, so nobody else removes the demo.
            rmtree(folder, ignore_errors=True)
        os._exit(0)


def _end(child: int) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while not os.waitpid(child, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                break
            time.sleep(0.02)
