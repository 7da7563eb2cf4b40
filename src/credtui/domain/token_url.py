"""The address at which clients request access tokens, and what follows from it."""

import re
from urllib.parse import urlsplit

PATHS = ("/v2/oauth/token", "/oauth/token")
"""The paths at which credtui's own server issues access tokens."""

_URL = re.compile(r"https?://[A-Za-z0-9._~!$&'()*+,;=:%/\[\]@-]*")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")


def why_not_token_url(text: str) -> str | None:
    """Return why a text can't be a `token_url`, None if it can.

    The reason is the rest of a sentence about it, and doesn't repeat it: it may hold a password.
    """
    if not text.startswith(("https://", "http://")):
        return "must be a URL that begins with https:// or http://"
    authority = re.split("[/?#]", text.partition("://")[2])[0]
    if "@" in authority:
        return "must have no user name and no password: credtui publishes it"
    if "?" in text or "#" in text:
        return "must have no query and no fragment: credtui publishes it, and adds to it"
    if not _URL.fullmatch(text):
        return "must have no characters that a URL can't have"
    try:
        port = urlsplit(text).port
    except ValueError:  # of a port or an IPv6 address
        port = 0
    if port == 0 or not _HOST.fullmatch(authority):
        return "must name a host, and if any a port from 1 to 65535: https://api.example:8443/..."
    return None


def prefix_of(token_url: str) -> str:
    """Return what stands before credtui's own path, such as `/payments`.

    It is empty if there is nothing, or if the path isn't credtui's own: then a proxy in front maps
    it to one that is, and what it does to other paths isn't known.
    """
    path = urlsplit(token_url).path
    return next((path.removesuffix(own) for own in PATHS if path.endswith(own)), "")


def issuer_of(token_url: str) -> str:
    """Return the URL below which clients reach all that credtui's server answers."""
    address = urlsplit(token_url)
    return f"{address.scheme}://{address.netloc}{prefix_of(token_url)}"
