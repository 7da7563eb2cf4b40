"""`credtui serve`."""

import fcntl
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import IO

import pydantic
import pytest

import credtui
from credtui.store.postgres.migrate import migrate
from tests.postgres.server import Server
from tests.server.serving import PATIENCE, wait_for, whole_lines
from tests.stores import program_environ
from tests.terminal import Terminal


def serve(
    home: Path, *words: str, start: Sequence[str] = (), log: IO[bytes] | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*start, sys.executable, "-m", "credtui", "--home", str(home), "serve", *words],
        stdout=subprocess.PIPE,
        stderr=log or subprocess.PIPE,
        text=True,
        env={**os.environ, **program_environ(home), "HOME": str(home)},
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
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


@pytest.mark.parametrize("workers", [1, 2])
def test_on_a_terminal_three_lines_greet(home: Path, workers: int) -> None:
    words = [sys.executable, "-m", "credtui", "--home", str(home), "serve", "--port", "0"]
    environ = program_environ(home)
    store = environ.get("CREDTUI_STORE_URL", f"{home}/store")
    with Terminal([*words, "--workers", str(workers)], env=environ, cols=200) as terminal:
        terminal.wait_for("Ctrl+C")
        first, second, third = [line for line in terminal.lines if line]
        url = re.fullmatch(r"Address +(http://127\.0\.0\.1:\d+/v2/oauth/token)", first)
        assert url
        assert re.fullmatch(rf"Store +{re.escape(store)}", second)
        assert re.fullmatch(r"Stop +Ctrl\+C", third)

        def refuses() -> bool:
            try:
                urllib.request.urlopen(url[1], b"", timeout=PATIENCE)  # noqa: S310
            except urllib.error.HTTPError as refused:
                return refused.code in (400, 401)
            return False

        wait_for(refuses, "an answer")
        terminal.wait_for(
            re.compile(r"\d\d:\d\d:\d\d  request  method POST  path /v2/oauth/token  status 400 ")
        )
        assert "{" not in terminal.text
        assert "process" not in terminal.text
        terminal.press("ctrl+c")
        assert terminal.wait_exit() == 0
        assert "Traceback" not in terminal.text


def test_a_pipe_gets_json_alone(home: Path) -> None:
    process = serve(home, "--port", "0")
    assert process.stderr is not None
    first = process.stderr.readline()
    assert json.loads(first)["event"] == "listening"
    process.terminate()
    _, rest = process.communicate(timeout=PATIENCE)
    assert [json.loads(line) for line in rest.splitlines()]


def test_it_says_what_endangers_its_store(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hazard = "after a failover, a rotated or deleted secret may be valid again"
    with Server.create() as server, server.standby("second"):
        migrate(server.url())
        monkeypatch.setattr(
            f"{__name__}.program_environ", lambda _: {"CREDTUI_STORE_URL": server.url()}
        )
        process = serve(home, "--port", "0")
        assert process.stderr is not None
        lines = [json.loads(process.stderr.readline()) for _ in range(2)]
        assert [line["event"] for line in lines] == ["listening", "hazard"]
        assert hazard in lines[1]["reason"]
        process.terminate()
        process.communicate(timeout=PATIENCE)
        words = [sys.executable, "-m", "credtui", "--home", str(home), "serve", "--port", "0"]
        with Terminal(words, env={"CREDTUI_STORE_URL": server.url()}, cols=200) as terminal:
            terminal.wait_for(hazard)
            terminal.press("ctrl+c")
            assert terminal.wait_exit() == 0


def test_it_stops_though_nobody_reads_its_log(home: Path) -> None:
    process = serve(home, "--port", "0")
    assert process.stderr is not None
    fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
    port = json.loads(process.stderr.readline())["port"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    for _ in range(200):
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
    connection.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_each_line_of_the_log_is_json(home: Path, tmp_path: Path) -> None:
    """That includes the lines of asyncio, which complains when no file can be opened."""
    log = tmp_path / "log"
    with log.open("wb") as written:
        process = serve(
            home, "--port", "0", start=("sh", "-c", 'ulimit -n 40; exec "$@"', "sh"), log=written
        )

    first, *_ = wait_for(lambda: whole_lines(log), "the server to listen")
    address = ("127.0.0.1", first["port"])
    crowd = [socket.create_connection(address) for _ in range(50)]
    wait_for(
        lambda: any("out of system resource" in line["event"] for line in whole_lines(log)),
        "the server to be out of files",
    )
    for connection in crowd:
        connection.close()
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert whole_lines(log)[-1]["event"] == "stopped"


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


@pytest.mark.files
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
        "See credtui help serve.\n"
    )


@pytest.fixture
def without_extra(tmp_path: Path) -> Path:
    """A folder with all installed packages except those of the extra."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "credtui").symlink_to(Path(credtui.__file__).parent)
    extra = {
        Path(str(file)).parts[0]
        for requirement in metadata.requires("credtui") or ()
        if "extra == 'server'" in requirement.replace('"', "'")
        for file in metadata.files(re.split(r"[^\w-]", requirement)[0]) or ()
    }
    for path in Path(pydantic.__file__).parents[1].iterdir():
        if path.name not in extra and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    return folder


def test_without_the_extra_it_says_how_to_add_it(home: Path, without_extra: Path) -> None:
    words = [sys.executable, "-S", "-m", "credtui", "--home", str(home)]
    environ = {**os.environ, **program_environ(home), "PYTHONPATH": str(without_extra)}
    done = subprocess.run(
        [*words, "serve", "--port", "0"],
        env=environ,
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "credtui: The token endpoint needs credtui's extra server. Add it with what installed "
        "credtui: pip install 'credtui[server]', pipx inject credtui 'credtui[server]' or "
        "uv tool install 'credtui[server]'.\n"
    )
    assert subprocess.run([*words, "list"], env=environ, check=False).returncode == 0


def test_without_the_extra_a_demo_says_what_it_lacks(tmp_path: Path, without_extra: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    environ = {"TMPDIR": str(folder), "PYTHONPATH": str(without_extra)}
    with Terminal([sys.executable, "-S", "-m", "credtui", "demo"], env=environ) as terminal:
        terminal.wait_for("Treasury sync")
        terminal.wait_for("A throw-away demo without a token endpoint")
        terminal.press("q")
        assert terminal.wait_exit() == 0
    assert not list(folder.iterdir())


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
        env={**os.environ, **program_environ(home)},
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stderr.splitlines()[-1] == "[]"
