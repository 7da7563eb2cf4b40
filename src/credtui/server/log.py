"""The log: a line of JSON for each event, never with a secret or a token in it."""

import json
import logging
import queue
import sys
import time
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from credtui.domain.names import printable
from credtui.domain.secrets import is_client_id, redact
from credtui.server.throttle import parse_address

logger = logging.getLogger("credtui.server")

_FACTS = "credtui.facts"
_MAX_WAITING = 10_000


def facts_of(scope: Scope) -> MutableMapping[str, Any]:
    """Return what the log says of a request; add to it."""
    facts: MutableMapping[str, Any] = scope.setdefault(_FACTS, {})
    return facts


class Logged:
    """Logs each request: nothing of its body, its headers or its query, and only known paths."""

    def __init__(self, app: ASGIApp, paths: frozenset[str]) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        facts = facts_of(scope)
        try:
            await self._app(scope, receive, watched_send)
        finally:
            client_id = facts.get("client_id", "")
            if not is_client_id(client_id):
                # What isn't a Client ID may be a secret in the wrong place.
                facts.pop("client_id", None)
            path, client = scope["path"], scope.get("client")
            logger.info(
                "request",
                extra={
                    "facts": {
                        "method": scope["method"],
                        "path": path if path in self._paths else "other",
                        "status": status,
                        "address": parse_address(client[0] if client else ""),
                        **facts,
                        "ms": round((time.perf_counter() - started) * 1000, 1),
                    }
                },
            )


class JsonFormatter(logging.Formatter):
    """Writes a record as a line of JSON. Of an exception it tells where, and not what it said."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": record.process,
            "event": redact(printable(record.getMessage())),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[0]:
            kind, _, trace = record.exc_info
            line["exception"] = kind.__name__
            line["where"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(trace)
            ]
        return json.dumps(line)


class _Handler(QueueHandler):
    """Never waits for whoever reads the log: what can't be kept for them is dropped."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return


def start_logging() -> QueueListener:
    """Send what is logged, uvicorn's events too, to standard error, from a thread of its own.

    Returns:
        The thread; stop it at the end.
    """
    records: queue.Queue[logging.LogRecord] = queue.Queue(_MAX_WAITING)
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonFormatter())
    for name in ("credtui.server", "uvicorn"):
        named = logging.getLogger(name)
        named.handlers = [_Handler(records)]
        named.setLevel(logging.INFO)
        named.propagate = False
    listener = QueueListener(records, stream)
    listener.start()
    return listener
