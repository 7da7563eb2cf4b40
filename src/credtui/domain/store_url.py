"""The address of a database that keeps the credentials."""

from urllib.parse import parse_qs, urlsplit

_SCHEMES = ("postgresql://", "postgres://")
_PASSWORDS = {"password", "sslpassword"}


def why_not_store_url(text: str) -> str | None:
    """Return why a text can't be the address of a database, None if it can.

    A password in the address would show in process lists, backups and errors. libpq reads passwords
    from files of its own. The reason is the rest of a sentence about the address, and doesn't
    repeat the address.
    """
    if not text.startswith(_SCHEMES):
        return "must be a URL that begins with postgresql://"
    try:
        address = urlsplit(text)
        parameters = parse_qs(address.query, keep_blank_values=True)
    except ValueError:
        return "must be a URL of libpq: postgresql://USER@HOST:PORT/DATABASE"
    if ":" in address.netloc.rpartition("@")[0] or _PASSWORDS & parameters.keys():
        return (
            "must have no password: put the password into libpq's password file, ~/.pgpass, with "
            "mode 0600"
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        return "must have no characters that a URL can't have"
    return None
