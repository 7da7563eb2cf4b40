"""The page API access, and what it offers to do with a secret, against a real token endpoint."""

import secrets
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from credtui.configuration import EnvironmentSettings, Settings
from credtui.domain.permissions import Operator, Permission
from credtui.tui.dialogs.secret_question import SecretQuestion
from credtui.tui.pages.api_access import ApiAccessPage
from tests.server.serving import Server, serving
from tests.support import ALICE, seeded_bytes
from tests.terminal import Terminal, need_program
from tests.tui.apps import BOB, Session, Stage, portal


async def _open(session: Session) -> ApiAccessPage:
    await session.click_on("API access")
    await session.see("Request an access token")
    return session.one("ApiAccessPage", ApiAccessPage)


async def test_it_begins_with_the_primary_credential(demo: Stage) -> None:
    async with portal(demo) as session:
        page = await _open(session)
        client_id = demo.id_of("Payout gateway")
        assert f"curl --user {client_id} \\" in page.command
        for line in page.command.splitlines():
            assert session.find(line)
        for line in (
            "Audience    urn:ripplexcurrent-uat:acme",
            f"Client ID   {client_id}",
            "Address     http://127.0.0.1:8000/v2/oauth/token",
        ):
            assert session.find(line)


async def test_another_credential_is_chosen_by_key_and_mouse(demo: Stage) -> None:
    async with portal(demo) as session:
        page = await _open(session)
        await session.press("j")
        await session.see(f"curl --user {demo.id_of('Reporting batch')}")
        await session.click_on("Treasury sync")
        await session.see(f"curl --user {demo.id_of('Treasury sync')}")
        await session.press("c")
        await session.see("not confirmed")
        (sent,) = session.app.written
        assert b64decode(sent.split(";")[2].rstrip("\a")).decode() == page.command


async def test_the_choice_stays_when_something_changes(demo: Stage) -> None:
    async with portal(demo) as session:
        page = await _open(session)
        await session.press("down", "down")
        demo.service().rename(demo.id_of("Payout gateway"), "Renamed")
        await session.see("Renamed (primary)")
        assert page.credential
        assert page.credential.name == "Treasury sync"
        demo.service().delete(demo.id_of("Treasury sync"))
        await session.see(f"curl --user {demo.id_of('Renamed')}")


async def test_the_rest_is_read_by_scrolling(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.press("pagedown")
        await session.see("Authorization: Bearer ACCESS_TOKEN")
        await session.press("pagedown")
        await session.see("temporarily_unavailable")
        await session.press("pageup", "pageup")
        await session.see("curl --user")


async def test_everything_stands_side_by_side_where_there_is_room(demo: Stage) -> None:
    async with portal(demo, size=(120, 40)) as session:
        await _open(session)
        await session.see("temporarily_unavailable")
        assert session.find("curl --user")


async def test_without_credentials_it_says_where_to_generate_one(empty: Stage) -> None:
    async with portal(empty) as session:
        await session.click_on("API access")
        await session.see("Generate one on the page Credentials")
        await session.press("c", "t")
        assert session.app.written == []


async def test_without_access_there_is_no_data(demo: Stage) -> None:
    demo.set_operators(Operator(name="alice", representative=True))
    async with portal(demo, BOB) as session:
        await session.click_on("API access")
        await session.see("You have no access to the API credentials of acme.")
        await session.press("c", "t", "w")
        assert demo.id_of("Payout gateway") not in session.everything()
        assert session.app.written == []


# Which credential is this?


async def test_a_secret_is_identified_and_forgotten(empty: Stage) -> None:
    issued = empty.add("Payout gateway")[0]
    secret = issued.secret.get_secret_value()
    async with portal(empty) as session:
        await session.press("w")
        await session.at(SecretQuestion)
        await session.paste(secret)
        assert session.one("#secret", Input).password
        await session.press("enter")
        await session.see(
            f"It is the secret of Payout gateway ({issued.credential.client_id}), generation 1, "
            "since 2026-11-24 09:30 UTC."
        )
        assert secret not in session.everything()
        assert session.one("#secret", Input).value == ""
        empty.service().rotate(issued.credential.client_id)
        await session.paste(f" {secret}\n")
        await session.click_on("Identify")
        await session.see("and was replaced at 2026-11-24 09:30 UTC. It no longer works.")
        await session.press("escape")
        await session.see("API credentials")
    assert secret not in "".join(path.read_text() for path in empty.folder.rglob("*.json*"))
    assert empty.actions()[0] == "identify secret done"


@pytest.mark.parametrize(
    ("pasted", "answer"),
    [
        ("csk_uat_tooshort", "It is not a secret, or not a whole one."),
        ("", "Paste a secret first."),
    ],
)
async def test_what_is_no_secret_is_named_as_such(demo: Stage, pasted: str, answer: str) -> None:
    async with portal(demo) as session:
        await session.press("w")
        await session.at(SecretQuestion)
        await session.write(pasted)
        await session.press("enter")
        await session.see(answer)


async def test_secrets_of_nobody_and_of_elsewhere(demo: Stage, tmp_path: Path) -> None:
    stranger = Stage(tmp_path / "other", random_bytes=seeded_bytes(99)).add("Elsewhere")[0]
    production = demo.service(ALICE, "production").generate("Live")
    async with portal(demo) as session:
        await session.press("w")
        await session.at(SecretQuestion)
        await session.paste(stranger.secret.get_secret_value())
        await session.press("enter")
        await session.see("None of the credentials has this secret or had it")
        await session.paste(production.secret.get_secret_value())
        await session.press("enter")
        await session.see("It is a secret of another environment.")


async def test_who_may_view_may_ask(demo: Stage) -> None:
    demo.set_operators(
        Operator(name="alice", representative=True),
        Operator(name="bob", permissions={"acme": Permission.CAN_VIEW}),
    )
    async with portal(demo, BOB) as session:
        await _open(session)
        await session.click_on("Which credential is this?")
        await session.at(SecretQuestion)
        await session.write("nonsense")
        await session.press("enter")
        await session.see("It is not a secret")


# Against a token endpoint


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("api-access") / "store"
    with serving(store, store.with_name("log")) as running:
        yield running


@pytest.fixture
def served(server: Server) -> Stage:
    """An installation whose token address is the server's."""
    uat = Settings().environments["uat"].model_dump() | {"token_url": server.token_url}
    stage = Stage(
        server.store,
        random_bytes=secrets.token_bytes,
        environments={"uat": EnvironmentSettings(**uat)},
    )
    for credential in stage.page.credentials:
        if credential.client_id != stage.page.primary:
            stage.service().delete(credential.client_id)
    return stage


async def test_try_it_says_what_came_back_and_never_the_token(served: Stage) -> None:
    issued = served.add("Tried")[0]
    secret = issued.secret.get_secret_value()
    async with portal(served) as session:
        await _open(session)
        await session.click_on("Tried")
        await session.press("t")
        await session.at(SecretQuestion)
        await session.paste(secret)
        await session.press("enter")
        await session.see("It works: HTTP 200, an access token, valid for 3,600 seconds.")
        everything = session.everything()
        assert secret not in everything
        assert "eyJ" not in everything
        served.service().rotate(issued.credential.client_id)
        await session.paste(secret)
        await session.press("enter")
        await session.see("It does not work: HTTP 401 invalid_client")
        assert secret not in session.everything()


@pytest.mark.parametrize("shell", ["bash", "sh"])
async def test_the_command_works_when_it_is_pasted(
    served: Stage, tmp_path: Path, shell: str
) -> None:
    need_program("curl")
    issued = served.add(f"For {shell}")[0]
    secret = issued.secret.get_secret_value()
    async with portal(served) as session:
        page = await _open(session)
        await session.click_on(f"For {shell}")
        await session.until(lambda: issued.credential.client_id in page.command, "the command")
        command = page.command
    history = tmp_path / "history"
    argv = [need_program(shell), *(["--norc", "-i"] if shell == "bash" else ["-i"])]
    with Terminal(argv, env={"PS1": "ready> ", "HISTFILE": str(history)}) as terminal:
        terminal.wait_for("ready>")
        terminal.send(command)
        terminal.press("enter")
        terminal.wait_for("Enter host password for user")
        terminal.send(secret)
        terminal.press("enter")
        # The answer is longer than a row, and may be broken anywhere.
        terminal.wait_until(
            lambda: '"token_type":"Bearer"' in "".join(terminal.lines), "access token"
        )
        assert secret not in "\n".join([*terminal.scrollback, terminal.text])
        terminal.send("exit\r")
        terminal.wait_exit()
    written = history.read_text() if history.exists() else ""
    assert secret not in written
