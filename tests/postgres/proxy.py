"""A proxy in front of a server that cuts, delays or swallows what passes.

with Proxy(server.port) as proxy:
    store = PostgresStore(proxy.url(database))
    proxy.at_commit(Line.cut)
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_COMMIT = b"COMMIT\0"


class Line:
    """A connection through the proxy.

    Attributes:
        deaf: Whether the client's bytes are swallowed.
        mute: Whether the server's bytes are swallowed.
        outlived: Whether the server's end stays open when the client has left.
    """

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.deaf = self.mute = self.outlived = False

    def cut(self) -> None:
        """End both sides."""
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


Act = Callable[[Line, bytes], None]
"""Does something to a line in place of passing on its client's bytes."""


class Proxy:
    """Listens on a port of its own, and passes on what comes to the server's port."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[Line] = []
        self._acts: list[Act] = []
        self._hole = False
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The accepting thread must not go on with the number of a closed socket.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.cut()
        for thread in self._threads[1:]:
            thread.join()
        for end in (
            self._listener,
            *(end for line in self._lines for end in (line.client, line.server)),
        ):
            end.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@{self.address}/{database}"

    def at_commit(self, act: Act) -> None:
        """Do this to the line on which the next COMMIT comes, in place of passing the COMMIT on."""
        self._acts.append(act)

    def cut(self) -> None:
        """Cut all lines."""
        for line in self._lines:
            line.cut()

    def swallow(self) -> None:
        """Swallow all bytes of all lines, now and later. A client still can connect."""
        self._hole = True
        for line in self._lines:
            line.deaf = line.mute = True

    def _begin(self, work: Callable[..., None], *arguments: Line) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._server))
                except OSError:
                    client.close()
                    continue
                line = Line(client, server)
                line.deaf = line.mute = self._hole
                self._lines.append(line)
                self._begin(self._pump_up, line)
                self._begin(self._pump_down, line)

    def _pump_up(self, line: Line) -> None:
        with suppress(OSError):
            while data := line.client.recv(65536):
                if line.deaf:
                    continue
                if _COMMIT in data and self._acts:
                    self._acts.pop()(line, data)
                else:
                    line.server.sendall(data)
        if not line.outlived:
            line.cut()

    def _pump_down(self, line: Line) -> None:
        with suppress(OSError):
            while data := line.server.recv(65536):
                if not line.mute:
                    line.client.sendall(data)
        line.cut()
