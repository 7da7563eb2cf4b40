"""The connections of this process: who has how many, and which yields when there are too many."""

from collections.abc import Callable, Sequence
from typing import Protocol

from credtui.domain.networks import is_allowed, neighbourhood
from credtui.server.turns import Turns


class Connection(Protocol):
    """A client's connection."""

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way: it can end without loss."""

    def end(self) -> None:
        """End at once."""


class Connections:
    """Keeps a place for each address when there are more connections than allowed.

    Connections from the same address, or from the same IPv6 network of 64 bits, share their places.
    When all places are taken, a connection of the largest share yields to a new one: the oldest
    that is idle. A share never takes a place from a smaller one. When many requests arrive at once,
    the shares have their turns.

    Args:
        limit: How many connections there may be.
        proxies: Networks of trusted proxies, whose connections never yield.
    """

    def __init__(self, limit: int, proxies: Sequence[str] = ()) -> None:
        self._limit = limit
        self._proxies = tuple(proxies)
        self._shares: dict[str, dict[Connection, None]] = {}
        self._share_of: dict[Connection, str | None] = {}
        self._turns = Turns()

    def add(self, connection: Connection, address: str) -> bool:
        """Take in a new connection, and tell whether there is a place for it."""
        share = self._share_of[connection] = self._find_share(address)
        if share is not None:
            self._shares.setdefault(share, {})[connection] = None
        return len(self._share_of) <= self._limit or self._make_room(connection)

    def remove(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        share = self._share_of.pop(connection, None)
        if share is not None:
            del self._shares[share][connection]
            if not self._shares[share]:
                del self._shares[share]

    def begin(self, connection: Connection, start: Callable[[], None]) -> None:
        """Begin a request of a connection, when its share has a turn. Proxies need none."""
        share = self._share_of.get(connection)
        if share is None:
            start()
        else:
            self._turns.begin(share, start)

    def _find_share(self, address: str) -> str | None:
        if self._proxies and is_allowed(address, self._proxies):
            return None
        return neighbourhood(address)

    def _make_room(self, newcomer: Connection) -> bool:
        own = self._shares.get(self._share_of[newcomer] or "", {})
        larger = [share for share in self._shares.values() if len(share) >= len(own)]
        larger.sort(key=len, reverse=True)
        for share in larger:
            for connection in share:
                if connection.is_idle and connection is not newcomer:
                    self._end(connection)
                    return True
        # Every request is under way. One of many may end if the newcomer's share has fewer.
        if larger and len(larger[0]) > len(own):
            self._end(next(iter(larger[0])))
            return True
        return False

    def _end(self, connection: Connection) -> None:
        self.remove(connection)
        connection.end()
