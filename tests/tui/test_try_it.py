"""Try it, in the secret's own dialog, against a real token endpoint."""

import asyncio
import re
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from textual.widgets import Static

from credtui.configuration import EnvironmentSettings, Settings
from credtui.tui.dialogs.secret import SecretDialog
from tests.secrets_scan import assert_no_secret
from tests.server.serving import Server, serving
from tests.tui.apps import PATIENCE, Session, Stage, portal

WORKS = "It works: HTTP 200, an access token, valid for 3,600 seconds."


class Witness(ThreadingHTTPServer):
    """A proxy between the portal and a token endpoint. It keeps the tokens that it passed on."""

    def __init__(self, token_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = token_url
        self.tokens: list[str] = []

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v2/oauth/token"


class _Handler(BaseHTTPRequestHandler):
    server: Witness

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = {"Content-Type": self.headers["Content-Type"]}
        reply = httpx.post(self.server.behind, content=body, headers=kind, timeout=60)
        if token := reply.json().get("access_token"):
            self.server.tokens.append(token)
        self.send_response(reply.status_code)
        self.end_headers()
        self.wfile.write(reply.content)

    def log_message(self, *_: object) -> None:
        """Write nothing into the tests' output."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("try-it") / "store"
    with serving(store, store.with_name("log")) as running:
        yield running


@pytest.fixture
def witness(server: Server) -> Iterator[Witness]:
    with Witness(server.token_url) as running:
        thread = Thread(target=running.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield running
        running.shutdown()


def installation_at(token_url: str, folder: Path, organization: str) -> Stage:
    """An installation whose token address is this one, with one credential."""
    uat = Settings().environments["uat"].model_dump() | {"token_url": token_url}
    stage = Stage(
        folder,
        random_bytes=secrets.token_bytes,
        environments={"uat": EnvironmentSettings(**uat)},
        organization=organization,
    )
    stage.add("Payout gateway")
    return stage


@asynccontextmanager
async def rotated(stage: Stage) -> AsyncIterator[Session]:
    async with portal(stage) as session:
        await session.press("r")
        await session.see("immediately invalidated")
        await session.press("y")
        await session.at(SecretDialog)
        yield session


def status(session: Session) -> str:
    return str(session.one("#status", Static).render())


@pytest.mark.parametrize("by_mouse", [False, True])
async def test_it_works_and_the_token_is_nowhere(
    server: Server, witness: Witness, *, by_mouse: bool
) -> None:
    stage = installation_at(witness.token_url, server.store, f"works-{by_mouse:d}")
    async with rotated(stage) as session:
        if by_mouse:
            await session.click_on("Try it")
        else:
            await session.press("t")
        await session.see(WORKS)
        assert re.search(r"It took [\d,]+ ms\.$", status(session))
        (token,) = witness.tokens
        for part in (token, *token.split(".")):
            assert part not in session.everything()
            assert part not in "\n".join(session.app.written)
        for path in (server.log, *server.store.rglob("*")):
            assert not path.is_file() or token.encode() not in path.read_bytes(), path
        await session.press("escape")
        await session.see("Close without saving?")


async def test_it_is_use_of_the_credential(server: Server) -> None:
    stage = installation_at(server.token_url, server.store, "used")
    async with rotated(stage) as session:
        await session.press("t")
        await session.see(WORKS)
        stage.clock.now = datetime.now(UTC)  # the server's clock
        await session.press("escape", "y")
        await session.until(lambda: len(session.app.screen_stack) == 1)
        await session.see("1 · last just now")
        await session.press("i")
        await session.see("Last used just now from 127.0.0.1")
        await session.press("escape")
        # The use proves nothing about what the person kept.
        await session.see("Secret closed unsaved")


async def test_after_a_rotation_by_another_session(server: Server) -> None:
    stage = installation_at(server.token_url, server.store, "again")
    async with rotated(stage) as session:
        stage.service().rotate(stage.id_of("Payout gateway"))
        await session.see("This credential was rotated again: the secret no longer works.")
        await session.press("t")
        await session.see("It does not work: HTTP 401 invalid_client")
        secret = session.app.screen._issued.secret.get_secret_value()  # type: ignore[attr-defined]
        assert secret not in status(session)
    assert_no_secret(secret, server.log)


async def test_no_server_says_nothing_about_the_secret(store_folder: Path) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # The port is taken, so that nobody else answers there.
        port = unheard.getsockname()[1]
        stage = installation_at(f"http://127.0.0.1:{port}/token", store_folder, "acme")
        async with rotated(stage) as session:
            await session.press("t")
            await session.see(f"Nothing answers at 127.0.0.1:{port}. Is `credtui serve` running?")
            await session.see("The secret was not tested.")


async def test_closing_before_the_answer(store_folder: Path) -> None:
    """The person can go on without the answer, which is then dropped."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        stage = installation_at(f"http://127.0.0.1:{port}/token", store_folder, "acme")
        async with rotated(stage) as session:
            await session.press("t")
            await session.see("Requesting an access token from")
            silent.settimeout(PATIENCE)
            asked, _ = await asyncio.to_thread(silent.accept)
            await session.press("escape", "y")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            asked.sendall(b"HTTP/1.1 500 Error\r\n\r\n")
            asked.close()
            for _ in range(5):
                await session.pilot.pause(0.02)
            await session.press("e")
            await session.see("Credential name")
            assert session.app.failure is None
