"""When many requests arrive at once, those of an address with few don't wait for all others."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from credtui.server.turns import AT_ONCE, Turns
from tests.server.serving import PATIENCE, Server, serving, wait_for

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
MANY = 200


class TestTurns:
    def noting(self, begun: list[str], what: str) -> Callable[[], None]:
        return lambda: begun.append(what)

    async def test_one_is_alone(self) -> None:
        turns, begun = Turns(), list[str]()
        turns.begin("one", self.noting(begun, "one"))
        assert begun == ["one"]

    async def test_many_begin_in_their_order(self) -> None:
        turns, begun = Turns(), list[str]()
        numbers = [str(number) for number in range(10 * AT_ONCE + 1)]
        for number in numbers:
            turns.begin("many", self.noting(begun, number))
        assert begun == numbers[:AT_ONCE]
        await asyncio.sleep(0)
        assert begun == numbers[: 2 * AT_ONCE]
        for _ in range(10):
            await asyncio.sleep(0)
        assert begun == numbers

    async def test_a_few_begin_between_them(self) -> None:
        turns, begun = Turns(), list[str]()
        for _ in range(MANY):
            turns.begin("many", self.noting(begun, "many"))
        await asyncio.sleep(0)
        for _ in range(3):
            turns.begin("few", self.noting(begun, "few"))
        assert begun == ["many"] * 2 * AT_ONCE + ["few"] * 3

    async def test_later_ones_do_not_overtake(self) -> None:
        turns, begun = Turns(), list[str]()
        for number in range(AT_ONCE + 1):
            turns.begin("many", self.noting(begun, str(number)))
        asyncio.get_running_loop().call_soon(turns.begin, "many", self.noting(begun, "last"))
        await asyncio.sleep(0)
        assert begun == [*(str(number) for number in range(AT_ONCE + 1)), "last"]


def connect(server: Server, address: str) -> socket.socket:
    port = int(server.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), PATIENCE, (address, 0))


def has_address(address: str) -> bool:
    try:
        with socket.create_server((address, 0)):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_address("127.0.0.3"), reason="this computer has one loopback address")
def test_a_good_client_beside_many_connections(tmp_path: Path) -> None:
    with serving(tmp_path / "store", tmp_path / "log") as running, ExitStack() as open_ones:
        os.kill(running.process.pid, signal.SIGSTOP)
        for _ in range(MANY):
            connection = open_ones.enter_context(connect(running, "127.0.0.3"))
            connection.sendall(LIVEZ * 20)
        connection = open_ones.enter_context(connect(running, "127.0.0.1"))
        connection.sendall(LIVEZ)
        os.kill(running.process.pid, signal.SIGCONT)
        answers = MANY * 20 + 1

        def addresses() -> list[str]:
            return [line["address"] for line in running.lines if line.get("path") == "/livez"]

        wait_for(lambda: len(addresses()) == answers, "all answers")
        assert addresses().index("127.0.0.1") < MANY / 2
