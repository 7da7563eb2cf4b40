"""What every command has in common: usage, exit codes, and that no traceback is seen."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import ClassVar

import pytest

import credtui as package
from credtui.cli import errors as cli_errors
from credtui.cli import run as run_module
from credtui.cli.caller import account_name
from credtui.cli.exit_codes import ExitCode, exit_code
from credtui.domain import errors, refusals
from credtui.domain.errors import CredtuiError
from credtui.store.tinydb.schema import SCHEMA
from tests.cli.conftest import PROGRAM, Credtui
from tests.domain.test_ssh_keys import ED25519
from tests.stores import CHOSEN
from tests.terminal import Terminal

DOCUMENT = Path(__file__).parents[2] / "docs" / "command-line.md"


def test_version(credtui: Credtui) -> None:
    assert credtui("--version") == (0, f"credtui {package.__version__}\n", "")


def test_the_console_script_is_this_program() -> None:
    (script,) = entry_points(group="console_scripts", name="credtui")
    assert script.value == "credtui.__main__:main"


def test_a_crash_leaves_no_memory_on_the_disk() -> None:
    script = (
        "import resource, sys; from credtui.__main__ import main; "
        "_, most = resource.getrlimit(resource.RLIMIT_CORE); "
        "resource.setrlimit(resource.RLIMIT_CORE, (most, most)); "
        "sys.argv[1:] = ['--version']; main(); "
        "print(*resource.getrlimit(resource.RLIMIT_CORE))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ran.stdout.split()[-2:] == [b"0", b"0"]


def test_help_names_every_exit_status(credtui: Credtui) -> None:
    ran = credtui("--help")
    assert ran.status == 0
    for code in ExitCode:
        assert re.search(rf"^ *{code.value}  {re.escape(code.meaning)}$", ran.out, re.MULTILINE)


def test_the_documentation_has_the_same_table() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*?) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(str(code.value), code.meaning) for code in ExitCode]


class _Unlisted(CredtuiError):
    code: ClassVar[str] = "unlisted"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (refusals.InvalidNameError, ExitCode.REFUSED),
        (refusals.PermissionDeniedError, ExitCode.DENIED),
        (refusals.NoSuchCredentialError, ExitCode.NOT_FOUND),
        (refusals.NoSuchKeyError, ExitCode.NOT_FOUND),
        (refusals.NoSuchOperatorError, ExitCode.NOT_FOUND),
        (refusals.NoSuchOrganizationError, ExitCode.NOT_FOUND),
        (errors.ServerError, ExitCode.UNAVAILABLE),
        (errors.StoreError, ExitCode.UNAVAILABLE),
        (errors.StoreUnwritableError, ExitCode.UNAVAILABLE),
        (errors.StoreBusyError, ExitCode.UNAVAILABLE),
        (errors.StoreCorruptError, ExitCode.DAMAGED),
        (errors.StoreTooNewError, ExitCode.DAMAGED),
        (errors.AuditTamperedError, ExitCode.DAMAGED),
        (refusals.CommandRefusedError, ExitCode.USAGE),
        (errors.InvalidConfigurationError, ExitCode.USAGE),
        (errors.InvalidOrganizationError, ExitCode.USAGE),
        (cli_errors.UsageError, ExitCode.USAGE),
        (cli_errors.NoTerminalError, ExitCode.USAGE),
        (cli_errors.NotConfirmedError, ExitCode.REFUSED),
        (cli_errors.SecretNotDeliveredError, ExitCode.UNDELIVERED),
        (_Unlisted, ExitCode.REFUSED),
    ],
)
def test_exit_status_of_an_error(error: type[CredtuiError], status: ExitCode) -> None:
    assert exit_code(error("x")) is status


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("list", "extra"),
        ("lis",),
        ("list", "--js"),
        ("rotate",),
        ("rotate", "x", "--format", "yaml"),
        ("audit", "--limit", "-1"),
        ("audit", "--limit", "9" * 5000),
        ("operator",),
        ("networks", "set"),
        ("--home", "", "list"),
        ("--organization", "Not Allowed", "list"),
        ("--environment", "moon", "list"),
        ("operator", "remove", "@/etc/passwd", "\x1b[31m"),
    ],
)
def test_what_cannot_be_understood(credtui: Credtui, home: Path, words: tuple[str, ...]) -> None:
    ran = credtui(*words)
    assert (ran.status, ran.out) == (ExitCode.USAGE, "")
    assert ran.err.startswith("credtui: ")
    assert ran.err.count("\n") == 1
    assert "\x1b" not in ran.err
    assert not home.exists()


def test_a_wrong_configuration(credtui: Credtui, home: Path) -> None:
    home.mkdir()
    (home / "credtui.toml").write_text("rotation_days = 0\n")
    ran = credtui("list")
    assert ran.status == ExitCode.USAGE
    assert "rotation_days must be a whole number of days from 1 to 3650" in ran.err


@pytest.mark.files
def test_home_goes_before_the_environment_variable(credtui: Credtui, tmp_path: Path) -> None:
    other = tmp_path / "other"
    credtui("--home", str(other), "generate", "Elsewhere")
    assert (other / "store" / "uat" / "acme.json").exists()
    assert credtui("list", "--json").json["credentials"] == []


@pytest.mark.files
def test_a_damaged_store(credtui: Credtui, home: Path) -> None:
    credtui("generate", "One")
    (home / "store" / "uat" / "acme.json").write_text("{")
    ran = credtui("list")
    assert (ran.status, ran.out) == (ExitCode.DAMAGED, "")


@pytest.mark.files
def test_a_store_of_a_later_version(credtui: Credtui, home: Path) -> None:
    credtui("generate", "One")
    path = home / "store" / "uat" / "acme.json"
    later = path.read_text().replace(f'"schema": {SCHEMA}', f'"schema": {SCHEMA + 1}')
    path.write_text(later)
    assert credtui("rotate", "One").status == ExitCode.DAMAGED


def test_without_a_terminal_the_portal_names_the_commands(process: Credtui) -> None:
    ran = process()
    assert (ran.status, ran.out) == (ExitCode.USAGE, "")
    assert "needs a terminal" in ran.err
    assert "list" in ran.err


def test_no_traceback(credtui: Credtui, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = credtui("generate", "One").out.strip()

    def fail(session: object) -> int:
        raise KeyError(secret)

    monkeypatch.setattr(run_module, "follow", fail)
    ran = credtui("list")
    assert (ran.status, ran.out) == (ExitCode.UNEXPECTED, "")
    assert ran.err.count("\n") == 1
    assert "KeyError" in ran.err
    assert secret not in ran.err
    monkeypatch.setenv("CREDTUI_TRACEBACK", "1")
    ran = credtui("list")
    assert "Traceback" in ran.err
    assert "[secret]" in ran.err
    assert secret not in ran.err


def test_interrupted_at_a_question(environ: Mapping[str, str], credtui: Credtui) -> None:
    credtui("generate", "One")
    with Terminal([*PROGRAM, "rotate", "One"], env=environ, cols=100) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press("ctrl+c")
        assert terminal.wait_exit() == ExitCode.INTERRUPTED
        assert "Traceback" not in terminal.text
    assert credtui("show", "One", "--json").json["generation"] == 1


@pytest.mark.parametrize("ignored", [False, True], ids=["in front", "in the background"])
def test_interrupted_while_it_starts(environ: Mapping[str, str], ignored: bool) -> None:
    code = (
        "import os, signal, sys\n"
        "def hook(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'credtui.cli.exit_codes':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        f"if {ignored}: signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "sys.addaudithook(hook)\n"
        "sys.argv[1:] = ['--version']\n"
        "from credtui.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [PROGRAM[0], "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == (0 if ignored else -signal.SIGINT)
    assert done.stderr == ""


def test_a_latin_1_terminal_gets_the_number_of_what_it_lacks(
    environ: Mapping[str, str], credtui: Credtui
) -> None:
    credtui("generate", "支払い")
    done = subprocess.run(
        [*PROGRAM, "list"],
        env={**environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert rb"\u652f\u6255\u3044" in done.stdout


def test_what_is_typed_in_another_encoding_is_no_yes(
    environ: Mapping[str, str], credtui: Credtui
) -> None:
    credtui("generate", "One")
    # Some locales make the streams strict like this. This machine may not have such a locale.
    environ = {**environ, "PYTHONIOENCODING": "utf-8:strict"}
    with Terminal([*PROGRAM, "rotate", "One"], env=environ, cols=100) as terminal:
        terminal.wait_for("[y/N]")
        terminal.send("\udcff\n")
        assert terminal.wait_exit() == ExitCode.REFUSED
        assert "Nothing was changed" in terminal.text
    done = subprocess.run(
        [*PROGRAM, "operator", "add", "rita", "--representative", "--key", "-"],
        env=environ,
        input=b"\xff\n",
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == ExitCode.REFUSED
    assert done.stderr.startswith(b"credtui: A public key begins with its type")


@pytest.mark.parametrize(
    ("words", "loaded"),
    [
        (["list"], {"credentials"}),
        (["networks", "clear"], {"networks"}),
        (["help", "operator", "add"], {"operators"}),
        (["--version"], set()),
        (["--help"], set()),
        (["nonsense"], set()),
    ],
    ids=" ".join,
)
def test_a_line_loads_its_own_command_only(
    environ: Mapping[str, str], words: list[str], loaded: set[str]
) -> None:
    modules = loaded_after(words, environ)
    commands = "credtui.cli.commands."
    assert {m.removeprefix(commands) for m in modules if m.startswith(commands)} == loaded


def test_the_portal_without_words_makes_no_parser(environ: Mapping[str, str]) -> None:
    modules = loaded_after([], environ)
    assert "credtui.cli.commands.open_portal" in modules
    assert modules.isdisjoint({"credtui.cli.grammar", "credtui.cli.parser", "argparse"})


def loaded_after(words: list[str], environ: Mapping[str, str]) -> set[str]:
    """Return the names of the modules that a process has loaded after a command line."""
    code = (
        f"import sys; from credtui.__main__ import main; sys.argv[1:] = {words}; "
        "main(); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [PROGRAM[0], "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


def test_a_command_imports_nothing_of_the_portal_or_the_server(environ: Mapping[str, str]) -> None:
    modules = loaded_after(["list"], environ)
    assert modules.isdisjoint({"textual", "rich", "starlette"})
    # The client of a database imports asyncio itself.
    assert "asyncio" not in modules or "psycopg" in modules


def test_sshd_waits_for_no_models(process: Credtui, environ: Mapping[str, str]) -> None:
    assert process("operator", "add", "rita", "--representative", "--key", ED25519).status == 0
    words = ["authorized-keys", account_name(), *ED25519.split()[:2]]
    assert "--operator rita" in process(*words).out
    modules = loaded_after(words, environ)
    keys = f"credtui.store.{os.environ[CHOSEN]}.operator_keys"
    assert keys in modules
    models = {"pydantic", "pydantic_core", "tinydb", "filelock", "bcrypt"}
    assert modules.isdisjoint(models)
    modules = loaded_after(["--home", environ["CREDTUI_HOME"], *words], environ)
    assert keys in modules
    assert modules.isdisjoint({*models, "argparse", "platformdirs", "credtui.cli.run"})
    assert "pathlib" not in modules or "psycopg" in modules
