"""The log: a line for each event, never with a secret or a token in it.

A line is JSON for programs, and words for a person at a terminal.
"""

import logging
import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from cachetools import TTLCache
from pydantic_core import to_json
from starlette.types import ASGIApp, Receive, Scope, Send

from credtui.domain.names import printable
from credtui.domain.networks import parse_address
from credtui.domain.secrets import is_client_id, redact

logger = logging.getLogger("credtui.server")

_FACTS = "credtui.facts"
_GATHERING = 0.1
_MAX_WAITING = 10_000
_PATIENCE = 2.0
_REPEATED_AFTER = 10.0


class LogWriter:
    """Writes lines to standard error from a thread of its own, many at once.

    A request never waits until its line is written. While nobody reads standard error, the newest
    lines are kept and the oldest are dropped.
    """

    def __init__(self) -> None:
        self._lines: deque[tuple[datetime, Mapping[str, Any]]] = deque(maxlen=_MAX_WAITING)
        self._some = threading.Event()
        self._ended = False
        self._for_person = False
        self._thread: threading.Thread | None = None

    def put(self, line: Mapping[str, Any]) -> None:
        """Give a line to the thread, which soon writes it."""
        self._lines.append((datetime.now(UTC), line))
        if not self._some.is_set():
            self._some.set()

    def start(self) -> None:
        """Start the thread, and log through it what uvicorn and asyncio log."""
        self._for_person = sys.stderr is not None and sys.stderr.isatty()
        for name in ("credtui", "uvicorn", "asyncio"):
            named = logging.getLogger(name)
            named.handlers = [_Handler(self)]
            named.setLevel(logging.INFO)
            named.propagate = False
        if self._for_person:  # The greeting says that the server has started.
            logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write the lines that are left, and end the thread.

        Give up after two seconds if nobody reads standard error.
        """
        self._ended = True
        self._some.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _work(self) -> None:
        while not self._ended:
            self._some.wait()
            if not self._ended:
                time.sleep(_GATHERING)
            self._some.clear()
            self._write()
        self._write()  # lines that were put during the last write

    def _write(self) -> None:
        process = os.getpid()
        lines = []
        while self._lines:
            at, line = self._lines.popleft()
            if self._for_person:
                lines.append(_words(at, line))
            else:
                lines.append(to_json({"at": at, "process": process, **line}))
        with suppress(OSError, ValueError, AttributeError):
            # Don't write to sys.stderr itself: at exit Python waits for the stream's lock.
            descriptor, rest = sys.stderr.fileno(), b"\n".join([*lines, b""])
            while rest:
                rest = rest[os.write(descriptor, rest) :]


def _words(at: datetime, line: Mapping[str, Any]) -> bytes:
    """Return the time in UTC, the event, and its facts; the level unless it is the usual one."""
    level = "" if line["level"] == "info" else f"{line['level']}: "
    facts = [f"{name} {value}" for name, value in line.items() if name not in ("level", "event")]
    return printable("  ".join([f"{at:%H:%M:%S}", f"{level}{line['event']}", *facts])).encode()


LOG = LogWriter()
"""This process's log."""


def facts_of(scope: Scope) -> MutableMapping[str, Any]:
    """Return the facts about a request, which the log will have.

    `address` is the client's. `status` is 200 at first. Code that answers with another status
    changes it, and code may add facts.
    """
    facts: MutableMapping[str, Any] = scope[_FACTS]
    return facts


class Logged:
    """Logs each request, without its body, headers and query, and without unknown paths."""

    def __init__(self, app: ASGIApp, paths: frozenset[str]) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        path, client = scope["path"], scope.get("client")
        facts = scope[_FACTS] = {
            "level": "info",
            "event": "request",
            "method": scope["method"],
            "path": path if path in self._paths else "other",
            "status": 200,
            "address": (client and parse_address(client[0])) or "unknown",
        }

        try:
            await self._app(scope, receive, send)
        finally:
            if "client_id" in facts and not is_client_id(facts["client_id"]):
                # It may be a secret that the client sent in place of its Client ID.
                del facts["client_id"]
            facts["ms"] = round((time.perf_counter() - started) * 1000, 1)
            LOG.put(facts)


class _Handler(logging.Handler):
    """Writes the records of `logging`. It writes where an exception was raised, not its message.

    An error of credtui's own is written once in ten seconds. Many requests may meet it.
    """

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer
        self._told: TTLCache[str, bool] = TTLCache(1000, _REPEATED_AFTER)

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR and not record.exc_info:
            message = record.getMessage()
            if message in self._told:
                return
            self._told[message] = True
        line: dict[str, Any] = {
            "level": record.levelname.lower(),
            "event": redact(printable(record.getMessage())),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[0]:
            kind, _, trace = record.exc_info
            line["exception"] = kind.__name__
            line["where"] = [
                printable(f"{frame.filename}:{frame.lineno} {frame.name}")
                for frame in traceback.extract_tb(trace)
            ]
        self._writer.put(line)
