"""The parts of the command line's grammar."""

from argparse import (
    SUPPRESS,
    ArgumentParser,
    ArgumentTypeError,
    RawDescriptionHelpFormatter,
    _SubParsersAction,
)
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from credtui.cli.errors import PasswordError, UsageError
from credtui.domain.names import quotable
from credtui.domain.ssh_keys import refuse_private_key
from credtui.domain.store_url import has_password

if TYPE_CHECKING:
    from credtui.cli.session import Session

Grammar: TypeAlias = Callable[["Parser"], None]
"""A function that adds a command's arguments to its parser, and names the command's handler."""

Handler: TypeAlias = "Callable[[Session], int | None]"
"""A function that runs a command. It returns the exit status; None stands for success."""


class Parser(ArgumentParser):
    """A parser that takes no abbreviations, and raises an error where argparse would exit.

    Args:
        grammar: Called when the parser is first used, so that a command's module is loaded only
            when a line names the command.
        options: Options of argparse's parser.
    """

    def __init__(self, *, grammar: Grammar | None = None, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=RawDescriptionHelpFormatter, **options)
        self._grammar = grammar

    def read(self, words: Sequence[str]) -> SimpleNamespace:
        """Return what the words of a command line say.

        Raises:
            PasswordError: There is the password of a database among the words.
            UsageError: The words can't be understood.
            InvalidKeyError: There is a private key among the words. Another error would repeat it.
        """
        refuse_private_key(" ".join(words))
        if any(map(has_password, words)):
            raise PasswordError(
                "The address of a database must have no password: others see it in the list of "
                "processes. Put the password into libpq's password file, ~/.pgpass, with mode 0600."
            )
        # argparse drops every `--`, even one that is a value, and then misses the value.
        first = words.index("--") if "--" in words else len(words)
        valued = any(word.startswith("-") and word.endswith("=--") for word in words[:first])
        if valued or "--" in words[first + 1 :]:
            self.error("-- isn't a value: write it once, before words that begin with a hyphen")
        said = self.parse_args(words, SimpleNamespace())
        return self.read([*said.about, "--help"]) if said.command == "help" else said

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse a line. argparse also calls this for the words after a command."""
        if self._grammar:
            grammar, self._grammar = self._grammar, None
            grammar(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Refuse the line."""
        program, *command = self.prog.split()
        raise UsageError(f"{quotable(message, 400)}. See {' '.join((program, 'help', *command))}.")

    def runs(self, handler: Handler, *, json: bool = True) -> None:
        """Set the handler of a command that works on an organization, and add the usual flags.

        Args:
            handler: What runs the command.
            json: True if the result may be written as JSON.
        """
        self.set_defaults(run=handler)
        # A default here would replace the value of a flag before the command.
        add_place(self, default=SUPPRESS)
        if json:
            self.add_argument("--json", action="store_true", help="write JSON")


Commands: TypeAlias = "_SubParsersAction[Parser]"


def add_commands(parser: Parser, *commands: tuple[str, str, Grammar]) -> None:
    """Turn a parser into a group of commands.

    Args:
        parser: The group's parser.
        commands: Each command's name, what it does, and its grammar.
    """
    group: Commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help_, grammar in commands:
        add_command(group, name, help_, grammar)


def add_command(commands: Commands, name: str, help_: str, grammar: Grammar) -> None:
    """Add a command.

    Args:
        commands: Where to add it.
        name: One word.
        help_: What the command does.
        grammar: What may follow the name.
    """
    commands.add_parser(name, help=help_, description=f"{help_.capitalize()}.", grammar=grammar)


def usual_flags(handler: Handler) -> Grammar:
    """Return the grammar of a command that takes the usual flags and nothing else."""
    return lambda parser: parser.runs(handler)


def add_place(parser: ArgumentParser, *, default: str | None) -> None:
    """Add the flags that say where to work."""
    parser.add_argument(
        "--organization", metavar="NAME", default=default, help="instead of the configured one"
    )
    parser.add_argument(
        "--environment", metavar="NAME", default=default, help="instead of the configured one"
    )


def add_words(parser: ArgumentParser, dest: str, metavar: str, help_: str) -> None:
    """Add an argument of one or several words: ssh drops the quotation marks around them."""
    parser.add_argument(
        dest, metavar=metavar, nargs="+", help=f"{help_}; several words are one name"
    )


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a function that reads a whole number from `least` to `most`."""

    def read(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) < 10
        if not digits or not least <= int(text) <= most:
            raise ArgumentTypeError(
                f"it must be a whole number from {least} to {most}, not {quotable(text, 40)}"
            )
        return int(text)

    return read
