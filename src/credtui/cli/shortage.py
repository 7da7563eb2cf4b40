"""Telling that the system refuses open files, memory, threads, or a module of the program."""

import errno
import os
from contextlib import ExitStack, suppress

from credtui.cli.errors import ShortageError

_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}

_OPEN_FILES = 16
"""The most files that an event loop, the store and a clipboard tool have open at the same time."""


def ensure_open_files() -> None:
    """Check that the portal, or the token endpoint, can open the files that it needs.

    If files ran short later, a new secret could vanish from the screen.

    Raises:
        ShortageError: Fewer files can be opened.
    """
    with ExitStack() as opened:
        try:
            for _ in range(_OPEN_FILES):
                opened.callback(os.close, os.open("/", os.O_RDONLY))
        except OSError as error:
            raise ShortageError(
                f"{os.strerror(error.errno or 0)}: credtui needs {_OPEN_FILES} more than are "
                "open already. Raise the limit (ulimit -n), and try again."
            ) from None


def shortage(error: Exception) -> str | None:
    """Return in a few words what the system refused, None if the error has another cause."""
    match error:
        case MemoryError():
            return "memory is short"
        case OSError() if error.errno in _SHORTAGES:
            return os.strerror(error.errno or 0).lower()
        case ImportError():
            with suppress(OSError):
                # Python also reports a missing module when it can't open another file.
                os.close(os.open("/", os.O_RDONLY))
                return f"a part of it can't be loaded ({error})"
            return os.strerror(errno.EMFILE).lower()
        case RuntimeError() if "start new thread" in str(error):
            return "no more threads can be started"
    return None
