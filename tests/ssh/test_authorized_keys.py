"""What credtui tells sshd about a key."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from credtui.cli.commands.authorized_keys import answer_at_once
from credtui.cli.run import run
from credtui.domain.errors import StoreError
from credtui.domain.ssh_keys import parse_public_key
from credtui.installation import open_installation
from tests.cli.conftest import PROGRAM
from tests.domain.test_ssh_keys import ED25519, OTHER, PRIVATE_KEYS
from tests.ssh.conftest import ACCOUNT, LOCAL, Ran
from tests.stores import open_store, program_environ

KEY = parse_public_key(ED25519)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / 'with "quotes" and spaces'
    operators = open_installation(environ=program_environ(home)).operator_service(LOCAL)
    operators.add("rita", keys=[ED25519], representative=True)
    return home


@pytest.fixture
def ask(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Asks as sshd does, but in this process, which is faster.

    What is answered at once must be what the command answers.
    """

    def call(*words: str, home: Path = home) -> Ran:
        line = ["--home", str(home), "authorized-keys", *words]
        at_once = answer_at_once(line)
        said = capsys.readouterr()
        ran = Ran(run(line), *capsys.readouterr())
        assert Ran(0, *said) == (ran if at_once else (0, "", ""))
        return ran

    return call


def session(home: Path, name: str, fingerprint: str, asked: str = "list") -> Ran:
    flags = ("--operator", name, "--fingerprint", fingerprint)
    done = subprocess.run(
        [sys.executable, "-m", "credtui", "--home", str(home), "ssh-session", *flags],
        env={"PATH": os.environ["PATH"], "SSH_ORIGINAL_COMMAND": asked, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_home_that_begins_with_a_tilde(
    ask: Callable[..., Ran], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home.parent))
    told = ask(ACCOUNT, KEY.type, KEY.data, home=Path("~") / home.name)
    assert told == ask(ACCOUNT, KEY.type, KEY.data)
    assert told.out


def test_one_line_for_the_key_of_an_operator(home: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "--home", str(home), "authorized-keys", ACCOUNT, KEY.type, KEY.data],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    match = re.fullmatch(r'restrict,pty,command="((?:[^"\\]|\\.)*)" (\S+) (\S+)\n', done.stdout)
    assert match
    assert match.groups()[1:] == (KEY.type, KEY.data)
    command = shlex.split(match[1].replace(r"\"", '"'))
    assert command == [
        *(sys.executable, "-P", "-m", "credtui", "--home", str(home)),
        *("ssh-session", "--operator", "rita", "--fingerprint", KEY.fingerprint),
    ]


def test_the_installed_script_is_named_by_its_path(home: Path) -> None:
    script = Path(sys.executable).with_name("credtui")
    done = subprocess.run(
        [script, "--home", home, "authorized-keys", ACCOUNT, KEY.type, KEY.data],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert f'command="{script} --home ' in done.stdout


def test_a_home_from_the_environment_is_passed_on(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "credtui", "authorized-keys", ACCOUNT, KEY.type, KEY.data],
        env={**program_environ(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert " --home " in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        (ACCOUNT, *OTHER.split()[:2]),
        (f"not-{ACCOUNT}", KEY.type, KEY.data),
        (ACCOUNT, "ssh-rsa", KEY.data),
        (ACCOUNT, "ssh", KEY.data),
        (ACCOUNT, "ssh-\udcff", KEY.data),
        (ACCOUNT, KEY.type, KEY.data[:-4]),
        (ACCOUNT, KEY.type, KEY.data + "\nssh-ed25519 " + KEY.data),
        (ACCOUNT, 'command="sh" ' + KEY.type, KEY.data),
        (ACCOUNT, "", ""),
        (ACCOUNT, "$(id)", "`id`"),
    ],
)
def test_nothing_for_whatever_else(ask: Callable[..., Ran], words: tuple[str, ...]) -> None:
    assert ask(*words) == (0, "", "")


def test_words_that_look_like_options_are_an_error(ask: Callable[..., Ran]) -> None:
    ran = ask("--operator", "rita", KEY.data)
    assert (ran.status, ran.out) == (2, "")


def test_nothing_while_there_are_no_operators(ask: Callable[..., Ran], tmp_path: Path) -> None:
    assert ask(ACCOUNT, KEY.type, KEY.data, home=tmp_path) == (0, "", "")


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def rename(path: Path, name: object) -> None:
    tables = json.loads(path.read_text())
    (rita,) = tables["operators"].values()
    path.write_text(json.dumps({**tables, "operators": {"1": {**rita, "name": name}}}))


@pytest.mark.files
@pytest.mark.parametrize(
    ("harm", "status"),
    [
        (lambda path: path.write_text("{"), 7),
        (lambda path: path.write_text('{"about": {"1": {"schema": 99}}}'), 7),
        (lambda path: path.write_text(path.read_text().replace('"name"', '"nome"')), 7),
        (lambda path: rename(path, 5), 7),
        (Path.unlink, 7),
        (loop, 6),
    ],
    ids=[
        *("no JSON", "from a later version", "no name", "a number for a name"),
        *("lost", "not readable"),
    ],
)
def test_a_damaged_store_lets_nobody_in(
    ask: Callable[..., Ran], home: Path, harm: Callable[[Path], object], status: int
) -> None:
    harm(home / "store" / "operators.json")
    with pytest.raises(StoreError) as told:
        open_store(home / "store").operators()
    assert ask(ACCOUNT, KEY.type, KEY.data) == (status, "", f"credtui: {told.value}\n")


@pytest.mark.files
@pytest.mark.parametrize("end", ["\n", "\r", "\x1b", "\u2028", "\x85"])
def test_a_name_never_begins_a_line(ask: Callable[..., Ran], home: Path, end: str) -> None:
    rename(home / "store" / "operators.json", f"rita{end}{OTHER}")
    ran = ask(ACCOUNT, KEY.type, KEY.data)
    assert (ran.status, ran.out) == (7, "")
    assert "is damaged" in ran.err


def test_a_wrong_configuration_keeps_nobody_out(ask: Callable[..., Ran], home: Path) -> None:
    """A representative can log in and mend it: the session says what is wrong."""
    configuration = home / "credtui.toml"
    before = configuration.read_text() if configuration.exists() else ""
    configuration.write_text(f"nonsense = 1\n{before}")
    assert ask(ACCOUNT, KEY.type, KEY.data).out.startswith("restrict,pty,")


def test_a_session_is_for_operators_only(home: Path) -> None:
    other = parse_public_key(OTHER).fingerprint
    for name, fingerprint in (("mallory", KEY.fingerprint), ("rita", other)):
        ran = session(home, name, fingerprint)
        assert (ran.status, ran.out) == (4, "")
        assert ran.err == f"credtui: This key doesn't identify {name} any more.\n"
    assert session(home, "rita", KEY.fingerprint, "organization list").status == 0


@pytest.mark.parametrize("name", ["", "Rita", "a b", "$(id)", "a\x1b[31m", "\udcff"])
def test_hostile_operators_of_a_session(home: Path, name: str) -> None:
    ran = session(home, name, KEY.fingerprint)
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("credtui: An operator's name has")


@pytest.mark.parametrize(
    "fingerprint", ["", "SHA256:x", "$(id)", "\udcff", KEY.fingerprint + "=\n"]
)
def test_hostile_fingerprints_of_a_session(home: Path, fingerprint: str) -> None:
    ran = session(home, "rita", fingerprint)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("credtui: A fingerprint is")


def test_a_command_that_is_no_text(home: Path) -> None:
    ran = session(home, "rita", KEY.fingerprint, "list \udcff\udcfe")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "credtui: unrecognized arguments: \ufffd\ufffd. See credtui help.\n"


@pytest.mark.files
@pytest.mark.parametrize("kind", ["OpenSSH", "PuTTY 3", "age"])
def test_a_private_key_in_a_command_is_neither_repeated_nor_recorded(home: Path, kind: str) -> None:
    asked = f"operator add bob --key={PRIVATE_KEYS[kind]}"
    ran = session(home, "rita", KEY.fingerprint, asked.replace("c2VjcmV0", "c2VjcmV0it's"))
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("credtui: That is a private key")
    log = (home / "store" / "operators.audit.jsonl").read_text()
    assert json.loads(log.splitlines()[-1])["reason"] == "invalid_key"
    for text in (ran.err, log):
        assert "KEY" not in text
