"""The log's thread."""

import json
import logging
import os
import select
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest

from credtui.server.log import LogWriter
from tests.server.serving import PATIENCE, wait_for

MORE_THAN_A_PIPE_HOLDS = 1 << 20


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe that nobody reads yet."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        yield reader, stream
    os.close(reader)


@pytest.fixture
def log() -> Iterator[LogWriter]:
    """A log. After the test, the process's loggers don't write to it."""
    loggers = [logging.getLogger(name) for name in ("credtui.server", "uvicorn", "asyncio")]
    before = [(named, named.handlers, named.level, named.propagate) for named in loggers]
    yield LogWriter()
    for named, handlers, level, propagate in before:
        named.handlers, named.propagate = handlers, propagate
        named.setLevel(level)


def test_what_is_told_last_is_written_though_it_comes_during_a_write(
    log: LogWriter, pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, stream = pipe
    monkeypatch.setattr("sys.stderr", stream)
    log.start()
    log.put({"event": "x" * MORE_THAN_A_PIPE_HOLDS})
    assert select.select([reader], [], [], PATIENCE)[0]
    # The thread is in the middle of the write now.
    log.put({"event": "stopped"})
    stopping = threading.Thread(target=log.stop)
    stopping.start()
    wait_for(lambda: log._ended, "the stop to begin")
    written = b""
    while stopping.is_alive() or select.select([reader], [], [], 0)[0]:
        if select.select([reader], [], [], 0.02)[0]:
            written += os.read(reader, MORE_THAN_A_PIPE_HOLDS)
    assert json.loads(written.splitlines()[-1])["event"] == "stopped"
