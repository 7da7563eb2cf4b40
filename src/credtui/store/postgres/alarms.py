"""Calls functions when their time has come, in one thread for all.

A `threading.Timer` starts a thread, which takes longer than most statements of the database.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import TIMEOUT_MAX, Condition, Thread

_NEVER = float("inf")


class Alarms:
    """Alarms that are set for a while, and seldom ring."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew, in a process that was forked: it has none of the threads."""
        self._changed = Condition()
        self._set: dict[object, tuple[float, Callable[[], None]]] = {}
        # When the thread looks again by itself.
        self._looks_at = _NEVER
        self._thread: Thread | None = None

    @contextmanager
    def after(self, seconds: float, ring: Callable[[], None]) -> Iterator[None]:
        """Call a function in another thread if the context takes longer.

        The function is never called after the context. All other alarms wait for it.
        """
        alarm = object()
        at = time.monotonic() + seconds
        try:
            with self._changed:
                self._set[alarm] = at, ring
                if self._thread is None:
                    self._thread = Thread(target=self._look, name="alarms", daemon=True)
                    self._thread.start()
                elif at < self._looks_at:
                    self._changed.notify()
            yield
        finally:
            with self._changed:
                self._set.pop(alarm, None)

    def _look(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for alarm, (at, ring) in list(self._set.items()):
                    if at <= now:
                        del self._set[alarm]
                        ring()
                self._looks_at = min((at for at, _ in self._set.values()), default=_NEVER)
                self._changed.wait(min(self._looks_at - now, TIMEOUT_MAX))


ALARMS = Alarms()
"""The alarms of this process."""

os.register_at_fork(after_in_child=ALARMS.clear)
