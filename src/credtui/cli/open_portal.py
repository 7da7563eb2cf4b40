"""The portal, on the person's own data or on a demo's."""

import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from credtui.cli.errors import NoTerminalError
from credtui.domain.permissions import Actor
from credtui.installation import Installation, local_actor, now

_NEEDED = re.compile(
    "HOME|PATH|TMPDIR|TZ"
    "|LANG|LANGUAGE|LC_[A-Z]+"
    "|TERM|COLORTERM|NO_COLOR|TERM_PROGRAM"  # what the terminal is, and what the person wants
    "|(?i:[a-z]+_proxy)|SSL_CERT_FILE|SSL_CERT_DIR|OPENSSL_CONF"  # how Try it reaches the network
    "|CREDTUI_[A-Z]+|PYDANTIC_DISABLE_PLUGINS"
)
"""The environment variables that the portal's own process needs."""


def open_portal(installation: Installation, actor: Actor, *, forced: bool = False) -> int:
    """Open the portal, and return its exit status."""
    _require_terminal()
    environ = _take_environment()
    from credtui.tui.app import run_portal

    return run_portal(installation, actor, environ, forced=forced)


def open_demo() -> int:
    """Open the portal on an installation that is thrown away afterwards."""
    _require_terminal()
    actor = local_actor("portal")
    environ = _take_environment()
    from credtui.demo import demo_installation
    from credtui.tui.app import run_portal

    with TemporaryDirectory(prefix="credtui-demo-") as folder:
        installation = demo_installation(
            Path(folder), clock=now, random_bytes=secrets.token_bytes, bcrypt_cost=10
        )
        return run_portal(
            installation, actor, environ, on_hangup=lambda: rmtree(folder, ignore_errors=True)
        )


def _take_environment() -> Mapping[str, str]:
    """Return all environment variables, for programs that the portal runs, and keep a few.

    The framework has switches among them that write what is on screen or typed into files. It reads
    them when it is imported, and later versions may have others; so it finds none at all.
    """
    environ = dict(os.environ)
    for name in environ:
        if not _NEEDED.fullmatch(name):
            del os.environ[name]
    return environ


def _require_terminal() -> None:
    from credtui.cli.shortage import ensure_open_files

    # This loads nothing of the framework, which must not find its switches yet.
    from credtui.tui.terminal.session import NoTerminal, require_terminal

    try:
        require_terminal(os.environ, sys.stdin, sys.stdout, sys.stderr)
    except NoTerminal as reason:
        raise NoTerminalError(
            f"{reason} Without one there are commands, such as list and rotate: the command "
            "help names them."
        ) from None
    ensure_open_files()
