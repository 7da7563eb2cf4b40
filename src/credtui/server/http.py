"""HTTP/1, with a bound in bytes and in time for everything that a client can do."""

import asyncio
from collections import deque
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from credtui.domain.networks import parse_address
from credtui.server import refusals
from credtui.server.connections import Connections
from credtui.server.oauth import OAuthError
from credtui.server.parameters import MAX_BODY, body_too_long

MAX_HEAD = 16 * 1024
"""Bytes in a request's line and headers."""

MAX_HEADERS = 100
"""Headers of a request."""

MAX_FRAMED_BODY = 2 * MAX_BODY
"""Bytes in a request's body together with chunk sizes, chunk extensions and trailers."""

MAX_WAITING = 20
"""Requests of a connection that wait for the answer to an earlier one. Each takes some 3 kB."""

MAX_WAITING_BYTES = MAX_HEAD + MAX_BODY
"""Bytes in the requests of a connection that wait."""

SLICE = 4 * 1024
"""Bytes that are parsed at once. A client can go over a bound by less than twice this."""

PATIENCE = 10.0
"""Seconds for a request to arrive, for its answer to be taken, and for a client to end."""

MAX_DISCARDED = 1024 * 1024
"""Bytes that a client may send after the last answer."""

_NOWHERE: deque[tuple[bytes, bytes]] = deque(maxlen=0)


class _Refused(Exception):
    """Ends the parsing of a slice."""


class Protocol(HttpToolsProtocol):
    """Serves a connection within bounds, and ignores offers to speak another protocol.

    uvicorn accepts headers, trailers and chunk extensions of any length. It waits for any time
    until a request is there, and until its answer is taken. It queues any number of requests that
    a client sends without waiting for answers. If a client offers another protocol, httptools stops
    after the headers, and uvicorn leaves the rest unread. uvicorn forgets the answers that are due
    when a client closes its side of the connection. It closes a connection while the client is
    sending: the system then resets the connection, and the client may lose the answer.

    Args:
        config: uvicorn's configuration.
        server_state: What uvicorn's connections share.
        app_state: What the application's requests share.
        _loop: The event loop.
        connections: The connections of this process.
    """

    _in_head = True
    _room = MAX_HEAD  # bytes that may still come in this head, or in this body
    _expecting = True  # the rest of a request, or the connection's first request
    _sends = True  # the client has not closed its side of the connection
    _ended = False  # no more requests are read
    _discardable = MAX_DISCARDED
    _arrival: asyncio.TimerHandle | None = None
    _departure: asyncio.TimerHandle | None = None

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._others = connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        # Without this, a client could leave 64 KiB of answers in this process for ever.
        transport.set_write_buffer_limits(high=0)
        self._answering = SimpleNamespace(
            write=transport.write, is_closing=transport.is_closing, close=self._close
        )
        host, port = self.client or ("", 0)
        address = parse_address(host) or "unknown"
        self.client = address, port
        if not self._others.add(self, address):
            self.app = refusals.answer_that_all_places_are_taken
        self._watch_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._others.remove(self)
        self._stop_arrival()
        self._stop_departure()
        # uvicorn leaves this timer running after an error, and the timer holds the connection.
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether no whole request is being answered, or the client doesn't take the answer."""
        cycle = self.cycle
        return self.flow.write_paused or (
            not self.pipeline and (cycle is None or cycle.response_complete or cycle.more_body)
        )

    def end(self) -> None:
        """End at once."""
        self.transport.abort()

    def pause_writing(self) -> None:
        """The client doesn't take what was written."""
        super().pause_writing()
        self._departure = self.loop.call_later(PATIENCE, self.end)

    def resume_writing(self) -> None:
        """The client has taken everything."""
        super().resume_writing()
        self._stop_departure()

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        if self._ended:
            self._discardable -= len(data)
            if self._discardable < 0:
                self.end()
            return
        self._unset_keepalive_if_required()
        self._expecting = True
        for start in range(0, len(data), SLICE):
            self._read(data[start : start + SLICE])
        self._watch_arrival()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more. Return whether answers are still due."""
        self._sends = False
        cycle = self.cycle
        if self._ended or cycle is None or cycle.response_complete or cycle.more_body:
            return False
        self._ended = True
        self._stop_arrival()
        cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """A request begins."""
        self._expecting = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A request's headers are there."""
        if self.parser.should_upgrade():
            return
        # The slice may have begun with another request, and may go on with the body.
        long = self._room < SLICE and _size(self.url, self.headers) > MAX_HEAD
        if long or len(self.headers) > MAX_HEADERS:
            self._refuse(refusals.head_too_long(MAX_HEAD, MAX_HEADERS))
            raise _Refused
        if len(self.pipeline) >= MAX_WAITING:
            self._refuse(refusals.too_many_waiting())
            raise _Refused
        super().on_headers_complete()
        self.cycle.transport = self._answering  # type: ignore[assignment]
        self._in_head = False
        self._room = MAX_FRAMED_BODY
        # httptools reports trailers as it reports headers.
        self.headers = _NOWHERE  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        """A whole request has arrived."""
        if self.parser.should_upgrade():
            return
        self._in_head = True
        self._expecting = False
        self._room = MAX_HEAD
        self._stop_arrival()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        def start() -> None:
            if not self.transport.is_closing():
                super(Protocol, self)._start_asgi_task(cycle, app)

        self._others.begin(self, start)

    def _read(self, data: bytes) -> None:
        if self._ended:
            return
        self._room -= len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(refusals.not_http())
            return
        if self._room < 0 or (self.headers and len(self.headers) > MAX_HEADERS):
            head = refusals.head_too_long(MAX_HEAD, MAX_HEADERS)
            self._refuse(head if self._in_head else body_too_long())
        elif self.pipeline and self._waiting_bytes() > MAX_WAITING_BYTES:
            self._refuse(refusals.too_many_waiting())

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                if self.parser.get_method() == b"CONNECT":
                    self._refuse(refusals.no_tunnel())
                    return
                data = self._head_without_offer() + data[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            else:
                return

    def _head_without_offer(self) -> bytes:
        """Return the head that was read last, as a client sends it that offers no protocol."""
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _waiting_bytes(self) -> int:
        return sum(
            _size(cycle.scope["raw_path"], cycle.scope["headers"]) + len(cycle.body)
            for cycle, _ in self.pipeline
        )

    def _watch_arrival(self) -> None:
        if self._expecting and self._arrival is None:
            self._arrival = self.loop.call_later(PATIENCE, self._end_waiting)

    def _stop_arrival(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _stop_departure(self) -> None:
        if self._departure is not None:
            self._departure.cancel()
            self._departure = None

    def _end_waiting(self) -> None:
        self._refuse(refusals.too_slow(PATIENCE))

    def _refuse(self, error: OAuthError) -> None:
        """Read nothing more, and say why, unless this would break into another answer."""
        if self._ended or self.transport.is_closing():
            return
        self._ended = True
        self._stop_arrival()
        refusals.log(error, self.client)
        cycle = self.cycle
        if self._in_head and cycle is not None and not cycle.response_complete:
            # Earlier requests are answered, and then the connection ends.
            cycle.keep_alive = False
            self.transport.pause_reading()
            self.flow.read_paused = False  # so that uvicorn doesn't resume
        elif self.pipeline:
            # An earlier answer is due, and this one's turn would never come.
            self.transport.abort()
        else:
            if self._in_head or not cycle.response_started:
                self.transport.write(refusals.as_bytes(error))
            if cycle is not None and not cycle.response_complete:
                # The application would answer once more.
                cycle.disconnected = True
                cycle.message_event.set()
            self._close()

    def _close(self) -> None:
        """End after the last answer. If the client may be sending, let it read the answer first."""
        if not self._sends or not (self._ended or self.pipeline or self.cycle.more_body):
            self.transport.close()
            return
        self._ended = True
        self._stop_arrival()
        self.pipeline.clear()
        self.transport.write_eof()
        self.transport.resume_reading()
        self._arrival = self.loop.call_later(PATIENCE, self.end)


def _size(url: bytes, headers: Iterable[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)
