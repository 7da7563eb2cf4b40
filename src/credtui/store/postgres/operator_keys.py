"""Finding operators by their keys: the part of the store that needs no models."""

from collections.abc import Sequence


class PostgresOperatorKeys:
    """Finds operators by their keys. sshd starts a process for each key, and waits for this."""

    def __init__(self, url: str) -> None:
        self._url = url

    def operators_for_key(self, key: bytes) -> Sequence[str]:
        """Return the names of the operators whom this public key identifies."""
        from credtui.store.postgres import sql
        from credtui.store.postgres.connections import connect_usable, deadline
        from credtui.store.postgres.errors import explained

        with explained(self._url), connect_usable(self._url) as connection, deadline(connection):
            names = [row[0] for row in connection.execute(sql.OPERATORS_FOR_KEY, [key])]
        # To sshd a line in a name would be an entry of its own, without restrictions.
        if not all(name.isprintable() for name in names):
            from credtui.domain.errors import StoreCorruptError

            raise StoreCorruptError("The name of an operator is damaged.")
        return names
