"""What the system may refuse at any moment: open files, memory, threads, a part of the program."""

import errno
import os
from contextlib import ExitStack, suppress

from credtui.cli.errors import ShortageError

_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}

_OPEN_FILES = 16
"""Open files that an event loop, the store and a clipboard tool need at most at once."""


def ensure_open_files() -> None:
    """Go on only if what runs for long can open the files that it needs.

    A shortage that showed later could take a secret from the screen.

    Raises:
        ShortageError: It can't.
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
    """Return what the system refused, in a few words; None for any other error."""
    match error:
        case MemoryError():
            return "memory is short"
        case OSError() if error.errno in _SHORTAGES:
            return os.strerror(error.errno or 0).lower()
        case ImportError():
            with suppress(OSError):
                # An import that may open no file tells that there is no such module.
                os.close(os.open("/", os.O_RDONLY))
                return f"a part of it can't be loaded ({error})"
            return os.strerror(errno.EMFILE).lower()
        case RuntimeError() if "start new thread" in str(error):
            return "no more threads can be started"
    return None
