"""The address of a database that keeps the credentials."""

import re
from urllib.parse import parse_qs, urlsplit

_SCHEMES = ("postgresql://", "postgres://")
_SECRETS = {
    *("password", "sslpassword"),
    *("scram_client_key", "scram_server_key", "oauth_client_secret"),
}

_ADDRESS = re.compile(r"postgres(?:ql)?://\S+")
# A password may hold `/`, `?`, `#` or `@`. A parser takes these for the end of user or host.
_USER_AND_PASSWORD = re.compile(r"[a-z]+://.*(?::|%3a).*@", re.IGNORECASE)


def why_not_store_url(text: str) -> str | None:
    """Return why a text can't be the address of a database, None if it can.

    A password in the address would show in process lists, backups and errors. libpq reads passwords
    from files of its own. The reason is the rest of a sentence about the address, and doesn't
    repeat the address.
    """
    if not text.startswith(_SCHEMES):
        return "must be a URL that begins with postgresql://"
    if has_password(text):
        return (
            "must have no password: put the password into libpq's password file, ~/.pgpass, with "
            "mode 0600"
        )
    if not text.isascii() or not text.isprintable() or " " in text or "#" in text:
        return "must have no characters that a URL can't have"
    try:
        urlsplit(text)
    except ValueError:
        return "must be a URL of libpq: postgresql://USER@HOST:PORT/DATABASE"
    return None


def has_password(text: str) -> bool:
    """Tell whether there is the address of a database in a text, with a password in it."""
    return any(_has_password(found[0]) for found in _ADDRESS.finditer(text))


def _has_password(address: str) -> bool:
    given = parse_qs(address.partition("?")[2], keep_blank_values=True)
    return bool(_USER_AND_PASSWORD.match(address)) or not _SECRETS.isdisjoint(given)
