"""The parts of which the command line's grammar is made."""

from argparse import (
    SUPPRESS,
    ArgumentParser,
    Namespace,
    RawDescriptionHelpFormatter,
    _SubParsersAction,
)
from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias

from credtui.cli.errors import UsageError
from credtui.domain.names import quotable
from credtui.domain.ssh_keys import refuse_private_key

Commands: TypeAlias = "_SubParsersAction[Parser]"


class Parser(ArgumentParser):
    """A parser that takes no abbreviations, and raises what it has to say against a line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=RawDescriptionHelpFormatter, **options)

    def read(self, words: Sequence[str]) -> Namespace:
        """Return what the words of a command line say.

        Raises:
            UsageError: They can't be understood.
            InvalidKeyError: There is a private key among them, which an error would repeat.
        """
        refuse_private_key(" ".join(words))
        # argparse drops each `--`, also where it is a value, and fails for want of one.
        first = words.index("--") if "--" in words else len(words)
        valued = any(word.startswith("-") and word.endswith("=--") for word in words[:first])
        if valued or "--" in words[first + 1 :]:
            self.error("-- is no value; it stands once, before words that begin with a hyphen")
        found = self.parse_args(words)
        return self.read([*found.about, "--help"]) if found.command == "help" else found

    def error(self, message: str) -> NoReturn:
        """Refuse the line."""
        program, *command = self.prog.split()
        raise UsageError(f"{quotable(message, 400)}. See {' '.join((program, 'help', *command))}.")


def add_place(parser: ArgumentParser, *, default: str | None) -> None:
    """Add the flags that say where to work."""
    parser.add_argument(
        "--organization", metavar="NAME", default=default, help="instead of the configured one"
    )
    parser.add_argument(
        "--environment", metavar="NAME", default=default, help="instead of the configured one"
    )


def add_command(commands: Commands, name: str, help_: str, *, json: bool = True) -> Parser:
    """Add a command, and return its parser.

    Args:
        commands: Where to.
        name: Its words; all but the last are those of the group it is in.
        help_: What it does.
        json: It writes a result that may be JSON.
    """
    command = commands.add_parser(
        name.rsplit(maxsplit=1)[-1], help=help_, description=f"{help_.capitalize()}."
    )
    command.set_defaults(command=name)
    # Without a default here, what was said before the command stays.
    add_place(command, default=SUPPRESS)
    if json:
        command.add_argument("--json", action="store_true", help="write JSON")
    return command
