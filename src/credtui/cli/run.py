"""From the words of a command line to an exit status."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from credtui.cli.exit_codes import ExitCode, exit_code
from credtui.cli.output import abandon_output, flush, prepare_streams, put_json, say
from credtui.cli.shortage import ensure_open_files, shortage
from credtui.domain.errors import CredtuiError, DoubtError

if TYPE_CHECKING:
    from argparse import Namespace

    from credtui.cli.session import Session

_DETAILS = "CREDTUI_TRACEBACK"


def run(words: Sequence[str]) -> int:
    """Do what a command line says, and return the exit status."""
    prepare_streams()
    return guarded(lambda: _run(words))


def guarded(work: Callable[[], int]) -> int:
    """Return what the work returns; where it fails, say why in a sentence and return a status."""
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
    except Exception as error:  # noqa: BLE001  # no traceback reaches a person
        return _failed(error)
    else:
        return status


def _run(words: Sequence[str]) -> int:
    if not words:
        # Nothing is to be understood: making the parser would only delay the portal.
        from credtui.cli.open_portal import open_portal
        from credtui.installation import local_actor, open_installation

        return open_portal(open_installation(), local_actor("portal"))
    from credtui.cli.grammar import local_parser

    arguments = local_parser().read(words)
    command = arguments.command
    if command == "demo":
        from credtui.cli.open_portal import open_demo

        return open_demo()
    if command in ("authorized-keys", "ssh-session"):
        from credtui.cli.ssh import authorized_keys, ssh_session

        return {"authorized-keys": authorized_keys, "ssh-session": ssh_session}[command](arguments)
    from credtui.cli.session import Session
    from credtui.installation import local_actor, open_installation

    environ = {**os.environ, "CREDTUI_HOME": arguments.home} if arguments.home else os.environ
    installation = open_installation(environ=environ, flags=place_flags(arguments))
    actor = local_actor("command line" if command else "portal")
    return follow(Session(arguments, installation, actor))


def place_flags(arguments: "Namespace") -> dict[str, str | None]:
    """Return the flags that go before what the configuration says."""
    return {"organization": arguments.organization, "environment": arguments.environment}


def follow(session: "Session") -> int:
    """Run a session's command, or the portal where there is none."""
    command = session.arguments.command
    if command is None:
        from credtui.cli.open_portal import open_portal

        return open_portal(session.installation, session.actor, forced=session.forced)
    if command == "serve":
        from credtui.server import run_server

        ensure_open_files()
        asked = session.arguments
        return run_server(session.installation, asked.host, asked.port, asked.workers)
    if command == "audit":
        from credtui.cli.audit import audit

        audit(session)
        return ExitCode.OK
    try:
        if " " in command:  # one of a group
            from credtui.cli.representative import COMMANDS

            COMMANDS[command](session)
        else:
            from credtui.cli.credentials import VERBS

            VERBS[command](session)
    except DoubtError as doubt:
        if getattr(session.arguments, "json", False):
            put_json({"outcome": doubt.code})
        raise
    return ExitCode.OK


def _failed(error: Exception) -> ExitCode:
    """Say why credtui failed, without the traceback, which could quote what must not be seen."""
    doubt = "Look before you try again: what was under way may or may not have been done."
    if reason := shortage(error):
        say(f"credtui: can't go on: {reason}. {doubt}")
        return ExitCode.UNAVAILABLE
    if isinstance(error, OSError):  # the store explains its own: this is an output, or a terminal
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
