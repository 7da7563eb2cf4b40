"""The address of a database, as people may read it."""

from urllib.parse import parse_qs, unquote, urlsplit


def name_of(url: str) -> str:
    """Return what `where` does, for the middle of a sentence."""
    name = where(url)
    return name[:1].lower() + name[1:]


def where(url: str) -> str:
    """Return the name of a database for a sentence, such as `The database credtui at db1:5432`.

    The name has no user and no other parameter of the address.
    """
    address = urlsplit(url)
    given = parse_qs(address.query)
    hosts = address.netloc.rpartition("@")[2] or ",".join(given.get("host", ()))
    name = unquote(address.path.removeprefix("/")) or "".join(given.get("dbname", ())[:1])
    named = f"The database {name}" if name else "The database"
    return f"{named} at {hosts}" if hosts else named
