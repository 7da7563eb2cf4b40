"""The command that copies a store."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from credtui.cli.exit_codes import ExitCode
from credtui.cli.output import put, put_json, say
from credtui.cli.parser import Parser
from credtui.cli.session import Session
from credtui.home import open_copyable

if TYPE_CHECKING:
    from credtui.service.copying import Progress


def copy_arguments(parser: Parser) -> None:
    """Take the store to copy, and the store to copy to."""
    parser.set_defaults(run=copy)
    help_ = "a data folder, such as HOME/store, or a database: postgresql://USER@HOST/DATABASE"
    parser.add_argument("source", metavar="FROM", help=help_)
    parser.add_argument("target", metavar="TO", help="an empty database, or a new folder")
    parser.add_argument("--json", action="store_true", help="write JSON")


def copy(session: Session) -> ExitCode:
    """Copy a store, and say what was compared."""
    from credtui.service.copying import copy_store, names

    arguments = session.arguments
    with (
        closing(open_copyable(arguments.source)) as source,
        closing(open_copyable(arguments.target)) as target,
    ):
        try:
            with _progress() as progress:
                copied = copy_store(source, target, progress)
        except KeyboardInterrupt:
            say(f"Interrupted. The same command goes on with the copy to {target.name}.")
            return ExitCode.INTERRUPTED
    if arguments.json:
        facts = {"from": source.name, "to": target.name, "compared": dict(copied.compared)}
        put_json({**facts, "copied_now": copied.now})
        return ExitCode.OK
    if not copied.now:
        say(f"Nothing to do: {source.name} was copied to {target.name} before.")
        return ExitCode.OK
    say(f"Copied {source.name} to {target.name}, which is in use from now on.")
    put("Compared, and equal:")
    for name, count in names(copied.compared):
        put(f"  {name:<18}{count:>10}")
    return ExitCode.OK


@contextmanager
def _progress() -> Iterator["Progress"]:
    """Show the progress on a terminal."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Copying", total=None)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=f"{step:<16}", completed=done, total=total)

        yield show
