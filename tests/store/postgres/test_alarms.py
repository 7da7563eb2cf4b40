"""Alarms ring at their time, in one thread, and not after their context."""

import os
import threading
import time
from threading import Event

from credtui.store.postgres.alarms import ALARMS, Alarms
from tests.terminal import TIMEOUT


def test_an_alarm_rings_if_the_context_takes_longer() -> None:
    rung = Event()
    with Alarms().after(0.01, rung.set):
        assert rung.wait(TIMEOUT)


def test_an_alarm_is_silent_after_its_context() -> None:
    alarms, early, late = Alarms(), Event(), Event()
    with alarms.after(0.02, early.set):
        pass
    with alarms.after(0.1, late.set):
        assert late.wait(TIMEOUT)
    assert not early.is_set()


def test_a_later_alarm_with_less_time_rings_first() -> None:
    alarms, long, short = Alarms(), Event(), Event()
    with alarms.after(TIMEOUT, long.set):
        time.sleep(0.05)  # the thread waits for the first alarm by now
        with alarms.after(0.01, short.set):
            assert short.wait(TIMEOUT / 2)
    assert not long.is_set()


def test_alarms_in_many_threads_share_one() -> None:
    alarms, before = Alarms(), threading.active_count()
    for _ in range(100):
        with alarms.after(TIMEOUT, lambda: None):
            pass
    assert threading.active_count() == before + 1


def test_an_alarm_rings_in_a_forked_process() -> None:
    with ALARMS.after(TIMEOUT, lambda: None):
        pid = os.fork()
        if not pid:
            rung = Event()
            with ALARMS.after(0.01, rung.set):
                os._exit(0 if rung.wait(TIMEOUT) else 1)
    assert os.waitpid(pid, 0)[1] == 0
