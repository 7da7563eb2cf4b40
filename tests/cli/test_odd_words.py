"""Whatever the words of a command line are, credtui obeys them or says what is wrong."""

import socket
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from credtui.cli.exit_codes import ExitCode
from credtui.cli.run import run
from tests.cli.conftest import Credtui

COMMANDS = [
    *("", "list", "show", "show P", "generate", "rotate", "rotate P", "rename", "rename P"),
    *("make-primary", "delete", "audit", "operator", "operator list", "operator add"),
    *("operator add x", "operator set x", "operator remove", "organization create", "networks set"),
    *("store", "store status", "store migrate"),
    *("networks list", "demo", "authorized-keys", "authorized-keys root", "nonsense"),
]

OPTIONS = [
    *("--home", "--organization", "--environment", "--json", "--format", "--yes", "--typed-name"),
    *("--operators", "--verify", "--limit", "--can-edit", "--can-view", "--no-access", "--key"),
    *("--add-key", "--remove-key", "--representative", "--no-representative", "--host", "--port"),
    *("--application", "--workers", "--help", "--version", "--js", "-h", "-x"),
]

VALUES = [
    *("", "-", "--", "---", "=", "--=", "-1", "-1.5", "0", "٣", "²", "1e3", "0x1", "9" * 5000),
    *("@file", "a b", "%", "%s", "%(prog)s", "{}", "\udcff", "\ud800", "\u2028", "\x1b[31m"),
    *("x" * 5000, "~nobody-such", "/dev/null", "/dev/null/x", "null", "P", "list", "--help"),
]

ODD = [*VALUES, *OPTIONS, *(f"{option}={value}" for option in OPTIONS for value in VALUES)]


@pytest.fixture
def elsewhere(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets words create files in the test's folder only, and empties standard input."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO()))


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("command", COMMANDS)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd=st.lists(st.sampled_from(ODD), min_size=1, max_size=4), before=st.booleans())
@example(odd=["--", "--"], before=False)
@example(odd=["--home=--"], before=True)
@example(odd=["--key=--"], before=False)
@example(odd=["--can-edit=--"], before=False)
def test_odd_words(
    capsys: pytest.CaptureFixture[str], command: str, odd: list[str], before: bool
) -> None:
    status = run([*odd, *command.split()] if before else [*command.split(), *odd])
    out, err = capsys.readouterr()
    assert status in set(ExitCode) - {ExitCode.UNEXPECTED, ExitCode.DAMAGED}, err
    assert status == ExitCode.OK or (out, err.count("\n")) == ("", 1)
    assert "\x1b" not in out + err


@pytest.mark.parametrize("host", ["", "-", " ", "a..b", "x" * 300, "\udcff", "%s", "[::"])
def test_odd_hosts(credtui: Credtui, host: str) -> None:
    with socket.create_server(("", 0)) as listening:
        ran = credtui("serve", f"--host={host}", f"--port={listening.getsockname()[1]}")
    assert (ran.status, ran.out, ran.err.count("\n")) == (ExitCode.UNAVAILABLE, "", 1)


@pytest.mark.parametrize(
    "words",
    [
        ("rename", "--", "P", "--"),
        ("rename", "--", "--", "P"),
        ("rename", "P", "--", "--"),
        ("show", "--", "--"),
        ("networks", "set", "--", "--"),
        ("operator", "add", "x", "--key=--"),
        ("operator", "add", "x", "--can-edit=--"),
        ("--home=--", "list"),
        ("list", "--organization=--"),
        ("delete", "P", "--typed-name=--"),
        ("audit", "--limit=--"),
        ("--", "--", "list"),
    ],
)
def test_two_hyphens_are_no_value(credtui: Credtui, home: Path, words: tuple[str, ...]) -> None:
    ran = credtui(*words)
    assert (ran.status, ran.out) == (ExitCode.USAGE, "")
    assert ran.err.startswith("credtui: -- isn't a value: ")
    assert not home.exists()


@pytest.mark.parametrize("name", ["-x", "--yes", "-", "---", "--=", "-1", "--name=--", "@file"])
def test_a_name_may_begin_with_a_hyphen(credtui: Credtui, name: str) -> None:
    assert credtui("generate", "--", name).status == ExitCode.OK
    assert credtui("show", "--json", "--", name).json["name"] == name
    assert credtui("rename", "--", name, f"-{name}+").status == ExitCode.OK
    assert credtui("rename", "--", f"-{name}+", "--x").status == ExitCode.OK
    assert credtui("list", "--json").json["credentials"][0]["name"] == "--x"


def test_a_name_may_end_with_hyphens(credtui: Credtui) -> None:
    assert credtui("generate", "x=--").status == ExitCode.OK
    assert credtui("show", "x=--").status == ExitCode.OK
