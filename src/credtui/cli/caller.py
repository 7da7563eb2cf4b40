"""Who runs this process, and from which address."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credtui.domain.permissions import Actor, Channel


def local_actor(channel: "Channel", environ: Mapping[str, str] = os.environ) -> "Actor":
    """Return the operating-system user as an actor, with the address of their SSH client if any."""
    from credtui.domain.permissions import Actor

    return Actor(operator=account_name(), address=client_address(environ), channel=channel)


def client_address(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the address of the SSH client, None if there is none."""
    words = environ.get("SSH_CONNECTION", "").split(maxsplit=1)
    if not words:
        return None
    # sshd writes an address. Any other text comes from elsewhere, and must not be recorded.
    from credtui.domain.networks import parse_address

    text, _, zone = words[0].partition("%")
    address = parse_address(text)
    # A zone is the name of one of this computer's network interfaces, which are short.
    named = zone.isascii() and zone.isalnum() and len(zone) < 16
    return f"{address}%{zone}" if address and named else address


def account_name() -> str:
    """Return the name of the operating-system user that this process runs as."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
