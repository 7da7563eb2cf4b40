"""The command help. ssh would take `--help` as an option of its own."""

import pytest

from credtui.cli.exit_codes import ExitCode
from tests.cli.conftest import Credtui


@pytest.mark.parametrize(
    "command",
    [
        *("", "list", "show", "generate", "rotate", "rename", "make-primary", "delete", "audit"),
        *("operator", "operator add", "organization create", "networks", "networks set"),
        *("store", "store status", "store migrate"),
        *("serve", "demo", "help", "authorized-keys", "ssh-session"),
    ],
)
def test_help_in_words_is_that_of_the_option(credtui: Credtui, command: str) -> None:
    ran = credtui("help", *command.split())
    assert (ran.status, ran.err) == (ExitCode.OK, "")
    assert ran.out.startswith(f"usage: credtui {command}".rstrip())
    assert ran == credtui(*command.split(), "--help")


def test_help_in_words_after_the_place(credtui: Credtui) -> None:
    assert credtui("--organization", "acme", "help", "list") == credtui("help", "list")


@pytest.mark.parametrize("words", [("nonsense",), ("",), ("operator", "nonsense"), ("-x",)])
def test_help_on_what_is_no_command(credtui: Credtui, words: tuple[str, ...]) -> None:
    ran = credtui("help", *words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (ExitCode.USAGE, "", 1)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("nonsense",), "See credtui help."),
        (("audit", "--limit", "x"), "See credtui help audit."),
        (("operator", "add"), "See credtui help operator add."),
    ],
)
def test_what_a_usage_error_points_to(credtui: Credtui, words: tuple[str, ...], hint: str) -> None:
    assert credtui(*words).err.endswith(f". {hint}\n")
    assert credtui(*hint.strip(".").split()[2:]).status == ExitCode.OK


def test_help_names_help(credtui: Credtui) -> None:
    assert "\n    help  " in credtui("help").out
