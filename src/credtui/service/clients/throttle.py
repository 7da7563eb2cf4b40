"""Slows guesses of secrets down, so that they can't take the processor from clients."""

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from credtui.domain.errors import TooManyGuessesError, TooManyRevocationsError

BY_ADDRESS = RateLimitItemPerMinute(20)
"""Wrong secrets that an address may present."""

AT_CLIENT = RateLimitItemPerMinute(100)
"""Wrong secrets that may be presented for a client.

A client has more than an address, so it takes several addresses to keep a client from using a new
secret.
"""

REVOCATIONS = RateLimitItemPerMinute(600)
"""Access tokens that a client may revoke."""

P = ParamSpec("P")
R = TypeVar("R")


class Throttle:
    """Counts wrong secrets, and secrets that are being checked, by address and by client."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def attempt(self, limits: Mapping[str, RateLimitItem]) -> Iterator[Callable[[], None]]:
        """Make an attempt. The context's value is a function to call if the secret was wrong.

        Args:
            limits: What is counted, such as an address, and how many wrong secrets it may have.

        Raises:
            TooManyGuessesError: One of the limits is reached.
        """
        for key, limit in limits.items():
            stats = self._limiter.get_window_stats(limit, key)
            if stats.remaining <= 0:
                raise TooManyGuessesError(stats.reset_time - time.time())
            if stats.remaining <= self._under_way[key]:
                raise TooManyGuessesError(1)
        self._under_way.update(limits.keys())
        try:
            yield lambda: self._count(limits)
        finally:
            self._under_way.subtract(limits.keys())
            for key in limits:
                if not self._under_way[key]:
                    del self._under_way[key]

    def _count(self, limits: Mapping[str, RateLimitItem]) -> None:
        for key, limit in limits.items():
            self._limiter.hit(limit, key)


class RevocationLimit:
    """Counts the access tokens that each client revokes."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, client_id: str) -> None:
        """Count a revocation.

        Raises:
            TooManyRevocationsError: The client has revoked too many. This one isn't counted.
        """
        if not self._limiter.hit(REVOCATIONS, client_id):
            reset_time = self._limiter.get_window_stats(REVOCATIONS, client_id).reset_time
            raise TooManyRevocationsError(reset_time - time.time())


class Lane:
    """Threads that check secrets, apart from the event loop and from each other.

    Args:
        threads: The number of threads.
        waiting: How many secrets may wait for a thread.
        niceness: How much the threads give way to everything else on this computer.
    """

    def __init__(self, threads: int, *, waiting: int, niceness: int) -> None:
        self._executor = ThreadPoolExecutor(threads, "secrets", _be_nice, (niceness,))
        self._room = threads + waiting

    async def run(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the work returns.

        Raises:
            TooManyGuessesError: Too many secrets are waiting.
        """
        if self._room <= 0:
            raise TooManyGuessesError(1)
        self._room -= 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, lambda: work(*args, **kwargs))
        finally:
            self._room += 1

    def close(self) -> None:
        """End the threads."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _be_nice(niceness: int) -> None:
    # On Linux this sets the priority of this thread only.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
