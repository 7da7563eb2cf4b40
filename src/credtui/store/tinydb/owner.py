"""Whose files are: what root makes in another account's store must be that account's."""

import os
import pwd
from contextlib import suppress
from pathlib import Path


class NotGivenError(PermissionError):
    """Root may not give a file to its owner."""


def give(descriptor: int, path: Path) -> None:
    """Give a file or folder that was just made to whom it must belong.

    That is the owner and group of what is at the path, else of the folder around it. Only root can
    do so, and must: what others make is their own. Only what was just made may be given: a link in
    the place of another file could lead to any file.

    Args:
        descriptor: The new file or folder.
        path: Where it is going to be.

    Raises:
        OSError: It can't be given.
    """
    if os.geteuid() != 0:
        return
    try:
        owner = path.lstat()
    except FileNotFoundError:
        owner = path.parent.stat()
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) == (owner.st_uid, owner.st_gid):
        return
    try:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except OSError as error:
        name = _name(owner.st_uid)
        raise NotGivenError(
            error.errno,
            f"{name} must own it, and root can't give files away here; "
            f"run credtui as that user: sudo -u {name} credtui",
        ) from error


def create_given(path: Path, mode: int) -> None:
    """Create an empty file in another account's folder, unless one is there.

    It appears under its name once it is that account's, so that a kill can't leave it root's.

    Raises:
        OSError: It can't be created.
    """
    if os.geteuid() != 0 or path.parent.stat().st_uid == 0 or os.path.lexists(path):
        return
    from tempfile import mkstemp

    descriptor, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        give(descriptor, path)
        os.fchmod(descriptor, mode)
        with suppress(FileExistsError):  # somebody else was faster
            os.link(temporary, path)
    finally:
        os.close(descriptor)
        os.unlink(temporary)  # noqa: PTH108


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"'#{uid}'"  # as sudo takes it
