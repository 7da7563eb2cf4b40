"""Running a command line: from its words to an exit status."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from credtui.cli.exit_codes import ExitCode, exit_code
from credtui.cli.output import abandon_output, flush, prepare_streams, put_json, say
from credtui.cli.shortage import shortage
from credtui.domain.errors import CredtuiError, DoubtError

if TYPE_CHECKING:
    from credtui.cli.session import Session

_DETAILS = "CREDTUI_TRACEBACK"


def run(words: Sequence[str]) -> int:
    """Run a command line, and return the exit status."""
    prepare_streams()
    return guarded(lambda: _run(words))


def guarded(work: Callable[[], int]) -> int:
    """Do the work and return its status. If the work fails, say why in a sentence."""
    try:
        try:
            status = work()
        except SystemExit as end:  # argparse wrote the help
            status = int(end.code or 0)
        flush()
    except CredtuiError as error:
        say(f"credtui: {error}")
        return exit_code(error)
    except KeyboardInterrupt:
        say("")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        abandon_output()
        return ExitCode.BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  # people never see a traceback
        return _failed(error)
    else:
        return status


def _run(words: Sequence[str]) -> int:
    from credtui.cli.session import NOTHING_SAID, Session

    if not words:
        # There is nothing to parse, and making the parser would delay the portal.
        from credtui.cli.commands.open_portal import open_portal

        return open_portal(Session(NOTHING_SAID))
    from credtui.cli.grammar import local_parser

    said = local_parser().read(words)
    environ = {**os.environ, "CREDTUI_HOME": said.home} if said.home else os.environ
    return follow(Session(said, environ))


def follow(session: "Session") -> int:
    """Run a session's command, or the portal where there is none, and return the exit status."""
    try:
        status: int | None = session.arguments.run(session)
    except DoubtError as doubt:
        if getattr(session.arguments, "json", False):
            put_json({"outcome": doubt.code})
        raise
    return status or ExitCode.OK


def _failed(error: Exception) -> ExitCode:
    """Say why credtui failed. The traceback is left out, because it could quote a secret."""
    doubt = "Look before you try again: what was under way may or may not have been done."
    if reason := shortage(error):
        say(f"credtui: can't go on: {reason}. {doubt}")
        return ExitCode.UNAVAILABLE
    if isinstance(error, OSError):  # an output or a terminal failed; a store raises StoreError
        abandon_output()
        say(f"credtui: can't write the output: {(error.strerror or 'it failed').lower()}.")
        return ExitCode.UNAVAILABLE
    say(
        f"credtui: an error in credtui itself ({type(error).__name__}). {doubt} "
        f"For a report, set {_DETAILS}=1 and repeat it."
    )
    if os.environ.get(_DETAILS):
        import traceback

        for line in "".join(traceback.format_exception(error)).splitlines():
            say(line)
    return ExitCode.UNEXPECTED
