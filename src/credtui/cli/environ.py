"""Which environment variables a process keeps. It removes all others."""

import os
import re

PORTAL = re.compile(
    "HOME|PATH|TMPDIR|TZ"
    "|LANG|LANGUAGE|LC_[A-Z]+"
    "|TERM|COLORTERM|NO_COLOR|TERM_PROGRAM"  # what the terminal is, and what the person wants
    "|(?i:[a-z]+_proxy)|SSL_CERT_FILE|SSL_CERT_DIR|OPENSSL_CONF"  # how Try it reaches the network
    "|PG[A-Z]+|KRB5CCNAME"  # how libpq reaches a database: files, TLS, Kerberos
    "|CREDTUI_[A-Z_]+|PYDANTIC_DISABLE_PLUGINS"
)
"""The variables that the portal needs.

Textual has variables that make it write what is on screen, or what is typed, to files. It reads
them when it is imported, and a later version may have others. So the portal keeps only these.
"""

SSH_SESSION = re.compile(
    "HOME|LOGNAME|PATH|SHELL|TZ|USER|LANG|LC_ALL|LC_CTYPE|TERM|COLORTERM|NO_COLOR"
    "|SSH_CONNECTION|SSH_TTY|PYDANTIC_DISABLE_PLUGINS"  # the last is set by this program
)
"""The variables that an operator's session needs. sshd may let the client send others."""


def keep_only(names: re.Pattern[str]) -> dict[str, str]:
    """Remove all other environment variables, and return those that there were before."""
    environ = dict(os.environ)
    for name in environ:
        if not names.fullmatch(name):
            del os.environ[name]
    return environ
