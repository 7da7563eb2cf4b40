"""HTTP, with limits on what comes before a request's body."""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 16 * 1024
"""Bytes in a request's line and headers."""

HEAD_PATIENCE = 10.0
"""Seconds to wait for them."""


class Protocol(HttpToolsProtocol):
    """Ends a connection whose headers are too long, or too slow.

    uvicorn waits for headers of any length and as long as it takes; the application sees a request
    only when they are complete, and looks after the body.
    """

    _awaiting_head = True
    _head_size = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        if self._awaiting_head:
            self._head_size += len(data)
            if self._timer is None:
                self._await_head(self._head_size)
        super().data_received(data)
        if self._awaiting_head and self._head_size > MAX_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The headers are there."""
        self._awaiting_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is there: the next thing is another request's headers."""
        self._awaiting_head = True
        self._head_size = 0
        super().on_message_complete()

    def _await_head(self, size: int = 0) -> None:
        self._head_size = size
        self._timer = self.loop.call_later(HEAD_PATIENCE, self._too_slow)

    def _too_slow(self) -> None:
        self._timer = None
        if self._awaiting_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: HTTPStatus) -> None:
        if not self.transport.is_closing():
            line = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            self.transport.write(f"{line}connection: close\r\ncontent-length: 0\r\n\r\n".encode())
            self.transport.close()
