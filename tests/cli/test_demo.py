"""`credtui demo`: a day of use, and a token endpoint of its own that leaves with it."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from credtui.domain.secrets import SECRET_PATTERN
from tests.cli.conftest import PROGRAM
from tests.server.serving import wait_for
from tests.terminal import Terminal, need_program

URL = re.compile(r"http://127\.0\.0\.1:(\d+)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def demo(folder: Path) -> Iterator[Terminal]:
    with Terminal([*PROGRAM, "demo"], env={"TMPDIR": str(folder)}) as terminal:
        terminal.wait_for("Treasury sync")
        yield terminal


def port_of(terminal: Terminal) -> int:
    """The endpoint's port, which the first message names."""
    terminal.wait_for("Token endpoint: ")
    found = URL.search(terminal.text)
    assert found
    return int(found[1])


def listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def test_try_it_works_out_of_the_box(demo: Terminal) -> None:
    port_of(demo)
    demo.press("r")
    demo.wait_for("immediately invalidated")
    demo.press("y")
    demo.wait_for("Save your secret now")
    demo.press("t")
    demo.wait_for("It works: HTTP 200")


def test_the_command_that_is_shown_gets_a_token(demo: Terminal) -> None:
    port_of(demo)
    demo.press("r")
    demo.wait_for("immediately invalidated")
    demo.press("y")
    demo.wait_for("Save your secret now")
    secret = re.search(SECRET_PATTERN, demo.text)
    assert secret
    demo.send(f"\x1b[200~{secret[0]}\x1b[201~")
    demo.wait_for("Your copy matches the secret.")
    demo.press("enter")
    demo.wait_for("Clients need the new secret.")
    demo.click_on("API access")
    demo.wait_for("curl --user")
    shown = [re.sub(r"[\\ ▄]*$", "", line[20:]) for line in demo.lines]
    first = next(n for n, line in enumerate(shown) if line.startswith("curl"))
    last = next(n for n, line in enumerate(shown) if line.strip().startswith("http"))
    words = shlex.split(" ".join(shown[first : last + 1]))
    assert words[0] == "curl"
    words[0] = need_program("curl")
    words[words.index("--user") + 1] += f":{secret[0]}"  # curl asks for it at a terminal
    ran = subprocess.run(words, capture_output=True, check=True, timeout=20)
    assert json.loads(ran.stdout)["token_type"] == "Bearer"


@pytest.mark.parametrize("how", ["q", "SIGTERM", "SIGHUP", "SIGKILL", "line"])
def test_nothing_is_left(demo: Terminal, folder: Path, how: str) -> None:
    port = port_of(demo)
    wait_for(lambda: listens(port), "the endpoint")
    assert list(folder.iterdir())
    if how == "q":
        demo.press("q")
    elif how == "line":
        demo.hang_up()
    else:
        demo.process.send_signal(signal.Signals[how])
    demo.wait_exit()
    wait_for(lambda: not listens(port), "the endpoint's end")
    wait_for(lambda: not list(folder.iterdir()), "an empty folder")


@pytest.mark.parametrize("how", ["q", "SIGTERM", "SIGHUP"])
def test_an_endpoint_that_is_stuck_is_ended_too(demo: Terminal, folder: Path, how: str) -> None:
    port = port_of(demo)
    children = Path(f"/proc/{demo.process.pid}/task/{demo.process.pid}/children").read_text()
    os.kill(int(children), signal.SIGSTOP)
    if how == "q":
        demo.press("q")
    else:
        demo.process.send_signal(signal.Signals[how])
    demo.wait_exit()
    wait_for(lambda: not listens(port), "the endpoint's end")
    wait_for(lambda: not list(folder.iterdir()), "an empty folder")


def test_a_day_of_use_is_there(demo: Terminal) -> None:
    demo.wait_for("Tokens")
    demo.wait_for("previous secret")
