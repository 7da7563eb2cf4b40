"""HTTP, with limits for the time that a request takes to arrive, and for its headers' length."""

import asyncio
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 16 * 1024
"""The most bytes that a request's line and headers may have."""

PATIENCE = 10.0
"""Seconds to wait for a whole request."""

MAX_WAITING = 100
"""The most requests of a connection that may wait for the answer to an earlier one."""


class _Refused(Exception):
    """Ends the reading of the bytes that have arrived."""


class Protocol(HttpToolsProtocol):
    """Ends a connection whose request is too slow, or has too long headers.

    uvicorn accepts headers of any length, and waits for them for any time; the application sees a
    request only when its headers are complete. uvicorn also queues any number of requests that a
    client sends without waiting for answers, and each takes two kilobytes of memory.

    This class ignores offers to speak another protocol. At such an offer httptools stops after the
    headers, and uvicorn leaves the rest unread.
    """

    _in_head = True
    _head_size = 0
    _arrived = 0
    _refusal = HTTPStatus.BAD_REQUEST
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._watch_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        self._arrived = len(data)
        if self._in_head:
            self._head_size += len(data)
        self._unset_keepalive_if_required()
        try:
            self._read(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal)
        if self._in_head and self._head_size > MAX_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        self._watch_arrival()

    def _read(self, data: bytes) -> None:
        rest = data
        while rest:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as offer:
                if self.parser.get_method() == b"CONNECT":
                    self._refuse(HTTPStatus.METHOD_NOT_ALLOWED)
                    return
                rest = self._head_without_offer() + rest[offer.args[0] :]
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

    def on_headers_complete(self) -> None:
        """A request's headers are there."""
        if self.parser.should_upgrade():
            return
        if max(self._head_size, self._arrived) > MAX_HEAD and self._is_head_too_long():
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise _Refused
        if len(self.pipeline) >= MAX_WAITING:
            raise _Refused
        self._in_head = False
        super().on_headers_complete()

    def _is_head_too_long(self) -> bool:
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.url) + lines > MAX_HEAD

    def on_message_complete(self) -> None:
        """A whole request has arrived. The next bytes begin another."""
        if self.parser.should_upgrade():
            return
        self._in_head = True
        self._head_size = 0
        self._stop_timer()
        super().on_message_complete()

    def _watch_arrival(self) -> None:
        """Limit the time until a whole request has arrived, unless the connection is idle."""
        idle = self._in_head and not self._head_size and self.cycle is not None
        if self._timer is None and not idle:
            self._timer = self.loop.call_later(PATIENCE, self._end_waiting)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_waiting(self) -> None:
        self._timer = None
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        if self.transport.is_closing():
            return
        if self.pipeline:
            # Earlier answers come first, and the client may not read them.
            self.transport.abort()
            return
        due = self.cycle is not None and not self.cycle.response_complete
        # Don't mix this with an answer that has begun, or that is due to an earlier request.
        if not due or not (self._in_head or self.cycle.response_started):
            line = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            self.transport.write(f"{line}connection: close\r\ncontent-length: 0\r\n\r\n".encode())
        self.transport.close()
