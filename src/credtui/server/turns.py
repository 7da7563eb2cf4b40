"""The order in which requests begin, when many arrive at once."""

import asyncio
from collections import deque
from collections.abc import Callable

AT_ONCE = 16
"""Requests of one share that begin before others have their turn."""


class Turns:
    """Lets the requests of different shares begin in turn, so that a share with many waits itself.

    The event loop runs everything that is ready before it looks for new data. Without turns, a
    request would wait until one of each connection of all others is answered.
    """

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self._waiting: dict[str, deque[Callable[[], None]]] = {}

    def begin(self, share: str, start: Callable[[], None]) -> None:
        """Call a function at once, or when its share has a turn."""
        if not self._left:
            asyncio.get_running_loop().call_soon(self._go_round)
        left = self._left.get(share, AT_ONCE)
        if left:
            self._left[share] = left - 1
            start()
        else:
            self._waiting.setdefault(share, deque()).append(start)

    def _go_round(self) -> None:
        self._left.clear()
        waiting, self._waiting = self._waiting, {}
        for share, starts in waiting.items():
            for _ in range(min(AT_ONCE, len(starts))):
                self.begin(share, starts.popleft())
            if starts:
                self._waiting[share] = starts
