"""Reading a file that somebody else may have put there, without waiting or reading for ever."""

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 1 << 26
"""The largest file that is read whole, in bytes. 10,000 operators need a twentieth of this."""


def read_file(path: "Path | str") -> bytes:
    """Return a file's content.

    Raises:
        OSError: The file can't be read, isn't a regular file, or is larger than LARGEST.
    """
    with os.fdopen(open_file(path), "rb") as file:
        content = file.read(LARGEST + 1)
    ensure_readable(path, content)
    return content


def open_file(path: "Path | str", flags: int = os.O_RDONLY, mode: int = 0) -> int:
    """Return the descriptor of a regular file, without ever waiting.

    A person who may write in the folder can put something else in the file's place, such as a named
    pipe that nobody writes to, or a device without an end.

    Raises:
        OSError: The file can't be opened, or isn't a regular file.
    """
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a pipe opened for writing that has no reader
            raise _irregular(path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _irregular(path)
    return descriptor


def ensure_readable(path: "Path | str", content: bytes) -> None:
    """Check that `read_file` would read a file with this content.

    Raises:
        OSError: The content is larger than LARGEST.
    """
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))


def _irregular(path: "Path | str") -> OSError:
    return OSError(errno.EINVAL, "not a regular file", str(path))
