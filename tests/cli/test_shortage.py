"""When files or memory are short, credtui says one sentence, and no change is half done."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

import credtui as package
from credtui.cli.caller import account_name
from credtui.domain.place import Place
from credtui.domain.secrets import matches
from tests.cli.conftest import Credtui, Ran
from tests.domain.test_ssh_keys import ED25519
from tests.stores import CHOSEN, DEFAULT, open_store
from tests.terminal import Terminal

SOURCES = Path(package.__file__).parents[1]
LIBRARIES = sysconfig.get_path("purelib")

# The module site is left out: in a development installation it runs code that opens files too.
STARTER = """
import resource, sys
sys.path[:0] = {paths!r}
if {limit!r}:
    resource.setrlimit(getattr(resource, {kind!r}), ({limit!r}, {limit!r}))
from credtui.__main__ import main
sys.exit(main())
"""


def limited(
    kind: str, limit: int, *words: str, paths: Sequence[str] = (str(SOURCES), LIBRARIES)
) -> list[str]:
    """The words that run a command line with a limit."""
    code = STARTER.format(paths=list(paths), kind=f"RLIMIT_{kind}", limit=limit)
    return [sys.executable, "-S", "-c", code, *words]


def ran(argv: Sequence[str], environ: Mapping[str, str]) -> Ran:
    done = subprocess.run(
        argv,
        env={**environ, "CREDTUI_TRACEBACK": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def assert_one_sentence(said: str) -> None:
    assert said.startswith("credtui: ")
    assert said.count("\n") == 1
    assert said.endswith(".\n")
    assert len(said) < 300


def contents(home: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.fixture
def kept(process: Credtui, home: Path) -> Path:
    """An installation with a credential."""
    assert process("generate", "Payout gateway").status == 0
    return home


LIMITS = [4, 5, 6, 7, 8, 12]


@pytest.mark.parametrize("limit", LIMITS)
def test_few_open_files(kept: Path, environ: Mapping[str, str], limit: int) -> None:
    type_, data, *_ = ED25519.split()
    for words in (["list"], ["audit"], ["authorized-keys", account_name(), type_, data]):
        answer = ran(limited("NOFILE", limit, *words), environ)
        if answer.status:
            assert answer.status == 6
            assert_one_sentence(answer.err)
        else:
            assert answer.err == ""


@pytest.mark.files
@pytest.mark.parametrize("limit", LIMITS)
def test_a_rotation_with_few_open_files(kept: Path, environ: Mapping[str, str], limit: int) -> None:
    """Either the secret is rotated and delivered, or nothing is changed."""
    before = contents(kept)
    answer = ran(limited("NOFILE", limit, "rotate", "Payout gateway", "--yes"), environ)
    if answer.status:
        assert answer.status == 6
        assert_one_sentence(answer.err)
        assert answer.out == ""
        assert contents(kept) == before
    else:
        (credential,) = open_store(kept / "store").load(Place("uat", "acme")).credentials
        assert matches(SecretStr(answer.out.strip()), credential.secret_hash)


@pytest.mark.files
@pytest.mark.parametrize("limit", [4, 6, 12])
@pytest.mark.parametrize("words", [[], ["demo"], ["serve", "--port", "0"]], ids=" ".join)
def test_what_runs_for_long_does_not_begin(
    kept: Path, environ: Mapping[str, str], words: Sequence[str], limit: int
) -> None:
    before = contents(kept)
    with Terminal(limited("NOFILE", limit, *words), env=environ, cols=200) as terminal:
        assert terminal.wait_exit() == 6
        assert_one_sentence(f"{terminal.text.rstrip()}\n")
        assert "oo many open files" in terminal.text
        assert terminal.private_modes & {1000, 1049} == set()
        assert terminal.is_cooked()
    assert contents(kept) == before


def test_too_little_memory(environ: Mapping[str, str]) -> None:
    """Memory may run out at any point."""
    statuses = set()
    for megabytes in range(24, 130, 15):
        answer = ran(limited("AS", megabytes << 20, "list"), environ)
        statuses.add(answer.status)
        if b"credtui" in answer.err.encode():  # else Python itself could not start
            assert "Traceback" not in answer.err
    assert 6 in statuses
    assert 1 not in statuses


def test_a_part_that_is_missing(environ: Mapping[str, str], tmp_path: Path) -> None:
    # A database has an extra of its own, whose absence has a sentence of its own.
    own = ["tinydb"] if os.environ[CHOSEN] == DEFAULT else []
    for broken in ("pydantic", "bcrypt", *own):
        folder = tmp_path / broken
        folder.mkdir()
        for path in Path(LIBRARIES).iterdir():
            if path.name != broken:
                (folder / path.name).symlink_to(path)
        paths = (str(SOURCES), str(folder))
        answer = ran(limited("NOFILE", 0, "generate", "x", paths=paths), environ)
        assert answer.status == 6
        assert_one_sentence(answer.err)
        assert broken in answer.err


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_streams(
    kept: Path, process: Credtui, environ: Mapping[str, str], streams: str
) -> None:
    line = f'"$0" -m credtui list {streams}'
    answer = ran(["sh", "-c", line, sys.executable], environ)
    assert (answer.status, answer.err) == (0, "")
    assert process("audit", "--verify").status == 0


def test_a_current_folder_that_is_gone(
    kept: Path, environ: Mapping[str, str], tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    line = f'mkdir "{gone}"; cd "{gone}"; rmdir "{gone}"; exec "$0" -m credtui list'
    answer = ran(["sh", "-c", line, sys.executable], environ)
    assert answer.status == 0
    named = ran(["sh", "-c", line, sys.executable], {**environ, "CREDTUI_HOME": "relative"})
    assert named.status == 2
    assert_one_sentence(named.err)
