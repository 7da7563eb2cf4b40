"""The limits and the lanes, at their edges and with several attempts at once."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from limits import RateLimitItemPerMinute

from credtui.domain.errors import TooManyGuessesError, TooManyRevocationsError
from credtui.service.clients.throttle import (
    AT_CLIENT,
    BY_ADDRESS,
    REVOCATIONS,
    Lane,
    RevocationLimit,
    Throttle,
)

PATIENCE = 10.0
THREE = RateLimitItemPerMinute(3)


@pytest.fixture
def throttle() -> Throttle:
    return Throttle()


def guess_wrong(throttle: Throttle, *keys: str) -> None:
    with throttle.attempt(dict.fromkeys(keys, THREE)) as count:
        count()


@contextmanager
def refused(throttle: Throttle, *keys: str) -> Iterator[pytest.ExceptionInfo[TooManyGuessesError]]:
    """The context's value tells why another attempt is refused."""
    with pytest.raises(TooManyGuessesError) as told:
        throttle.attempt(dict.fromkeys(keys, THREE)).__enter__()
    yield told


def test_the_limits_are_as_documented() -> None:
    assert (BY_ADDRESS.amount, AT_CLIENT.amount, REVOCATIONS.amount) == (20, 100, 600)
    assert {limit.get_expiry() for limit in (BY_ADDRESS, AT_CLIENT, REVOCATIONS)} == {60}


class TestThrottle:
    def test_so_many_wrong_secrets_are_allowed_and_no_more(self, throttle: Throttle) -> None:
        for _ in range(3):
            guess_wrong(throttle, "a")
        with refused(throttle, "a") as told:
            # The oldest attempt is forgotten after a minute.
            assert 55 <= told.value.seconds <= 60
        guess_wrong(throttle, "b")

    def test_right_secrets_are_not_counted(self, throttle: Throttle) -> None:
        for _ in range(10):
            with throttle.attempt({"a": THREE}):
                pass
        guess_wrong(throttle, "a")

    def test_so_many_may_be_under_way_and_no_more(self, throttle: Throttle) -> None:
        with ExitStack() as under_way:
            for _ in range(3):
                under_way.enter_context(throttle.attempt({"a": THREE}))
            with refused(throttle, "a") as told:
                assert told.value.seconds == 1
            guess_wrong(throttle, "b")
        guess_wrong(throttle, "a")

    @pytest.mark.parametrize("counted", [0, 1, 2])
    def test_those_counted_and_those_under_way_add_up(
        self, throttle: Throttle, counted: int
    ) -> None:
        for _ in range(counted):
            guess_wrong(throttle, "a")
        with ExitStack() as under_way:
            counts = [
                under_way.enter_context(throttle.attempt({"a": THREE})) for _ in range(3 - counted)
            ]
            with refused(throttle, "a") as told:
                assert told.value.seconds == 1
            for count in counts:
                count()
        with refused(throttle, "a") as told:
            assert told.value.seconds > 1

    def test_one_that_was_counted_is_under_way_until_it_ends(self, throttle: Throttle) -> None:
        with ExitStack() as under_way:
            first, *_ = [under_way.enter_context(throttle.attempt({"a": THREE})) for _ in range(3)]
            first()
            with refused(throttle, "a") as told:
                assert told.value.seconds == 1

    def test_an_attempt_that_fails_is_over(self, throttle: Throttle) -> None:
        for _ in range(5):
            with pytest.raises(OSError, match="broken"), throttle.attempt({"a": THREE}):
                raise OSError("broken")
        assert not throttle._under_way

    def test_each_limit_counts(self, throttle: Throttle) -> None:
        for _ in range(2):
            guess_wrong(throttle, "a", "b")
        guess_wrong(throttle, "b")
        with refused(throttle, "a", "b"), refused(throttle, "b"):
            pass
        # A refused attempt isn't counted anywhere.
        guess_wrong(throttle, "a")
        with refused(throttle, "a"):
            pass

    def test_what_is_over_is_forgotten(self, throttle: Throttle) -> None:
        with throttle.attempt({"a": THREE, "b": THREE}), throttle.attempt({"b": THREE}):
            assert throttle._under_way == {"a": 1, "b": 2}
        assert not list(throttle._under_way)


def test_a_client_may_revoke_so_many_tokens_and_no_more() -> None:
    limit = RevocationLimit()
    for _ in range(600):
        limit.count("a")
    for _ in range(2):
        with pytest.raises(TooManyRevocationsError) as told:
            limit.count("a")
        assert 50 <= told.value.seconds <= 60
    limit.count("b")


class TestLane:
    @pytest.fixture
    def lane(self) -> Iterator[Lane]:
        lane = Lane(2, waiting=3, niceness=7)
        yield lane
        lane.close()

    async def test_so_many_work_and_wait_and_no_more(self, lane: Lane) -> None:
        for _ in range(2):
            go_on = threading.Event()
            working = threading.Semaphore(0)

            def work(go_on: threading.Event = go_on, working: threading.Semaphore = working) -> int:
                working.release()
                go_on.wait(PATIENCE)
                return 7

            tasks = [asyncio.create_task(lane.run(work)) for _ in range(5)]
            for _ in range(2):
                assert await asyncio.to_thread(working.acquire, timeout=PATIENCE)
            with pytest.raises(TooManyGuessesError) as told:
                await lane.run(work)
            assert told.value.seconds == 1
            # The others wait for a thread.
            assert not working.acquire(timeout=0.05)
            go_on.set()
            assert await asyncio.gather(*tasks) == [7] * 5

    async def test_work_that_fails_makes_room(self, lane: Lane) -> None:
        for _ in range(10):
            with pytest.raises(ZeroDivisionError):
                await lane.run(divmod, 1, 0)

    async def test_its_threads_give_way(self, lane: Lane) -> None:
        assert await lane.run(niceness) == 7
        assert niceness() == 0

    async def test_closing_it_ends_its_threads_and_what_waits(self, lane: Lane) -> None:
        go_on = threading.Event()
        thread = await lane.run(threading.current_thread)
        tasks = [asyncio.create_task(lane.run(go_on.wait, PATIENCE)) for _ in range(5)]
        await asyncio.sleep(0)
        lane.close()
        assert thread.is_alive()  # what is under way goes on, and nobody waits for it
        go_on.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert any(isinstance(end, asyncio.CancelledError) for end in ended)
        await asyncio.to_thread(thread.join, PATIENCE)
        assert not thread.is_alive()


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
