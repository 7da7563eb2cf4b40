"""`credtui serve`."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.serving import PATIENCE, wait_for


def serve(home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "credtui", "--home", str(home), "serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(home)},
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_stopped(home: Path, number: signal.Signals) -> None:
    process = serve(home, "--port", "0")
    assert process.stderr is not None
    first = json.loads(process.stderr.readline())
    assert (first["event"], first["host"]) == ("listening", "127.0.0.1")
    url = f"http://127.0.0.1:{first['port']}/healthz"

    def answers() -> bool:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return bool(answer.status == 200)

    wait_for(answers, "an answer")
    process.send_signal(number)
    out, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert out == ""
    assert json.loads(log.splitlines()[-1])["event"] == "stopped"
    assert "Traceback" not in log


def test_a_port_that_is_taken(home: Path, taken: int) -> None:
    process = serve(home, "--port", str(taken))
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6
    assert said == f"credtui: Can't listen on 127.0.0.1 port {taken}: address already in use.\n"


def test_a_host_that_is_none(home: Path) -> None:
    process = serve(home, "--host", "host.invalid")
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6
    assert said.startswith("credtui: Can't listen on host.invalid port 8000: ")
    assert said.count("\n") == 1


def test_a_store_that_can_not_be_used(home: Path) -> None:
    home.mkdir()
    (home / "store").write_text("in the way")
    process = serve(home, "--port", "0")
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6
    assert re.fullmatch(r"credtui: Can't use .*\n", said)


@pytest.mark.parametrize(
    ("flag", "value", "allowed"),
    [
        ("--port", "65536", "0 to 65535"),
        ("--workers", "0", "1 to 64"),
        ("--port", "x", "0 to 65535"),
    ],
)
def test_a_number_that_is_none(home: Path, flag: str, value: str, allowed: str) -> None:
    process = serve(home, flag, value)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert said == (
        f"credtui: argument {flag}: it must be a whole number from {allowed}, not {value}. "
        "See credtui serve --help.\n"
    )


def test_without_the_extra_it_says_what_to_install(home: Path) -> None:
    program = (
        "import sys; sys.modules['starlette'] = None\n"
        "from credtui.__main__ import main\n"
        f"sys.argv = ['credtui', '--home', {str(home)!r}, 'serve', '--port', '0']\n"
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 6
    assert "pip install 'credtui[server]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_portal_and_other_commands_import_nothing_of_it(home: Path) -> None:
    program = (
        "import sys\n"
        "from credtui.__main__ import main\n"
        f"sys.argv = ['credtui', '--home', {str(home)!r}, 'list']\n"
        "main()\n"
        "import credtui.tui.app\n"
        "heavy = {'starlette', 'uvicorn', 'jwt', 'limits', 'http.client', 'urllib.request'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stderr.splitlines()[-1] == "[]"
