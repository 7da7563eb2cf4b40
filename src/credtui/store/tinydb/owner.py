"""Owners and permission bits of a store's files."""

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path


def is_shared(folder: Path) -> bool:
    """Tell whether a folder is set up for several Unix users: setgid and group-writable.

    Raises:
        OSError: The folder can't be examined.
    """
    shared = stat.S_ISGID | stat.S_IWGRP
    return folder.stat().st_mode & shared == shared


def file_mode(path: Path) -> int:
    """Return the permission bits for a new file: for the group too if its folder is shared.

    Raises:
        OSError: The folder can't be examined.
    """
    return 0o660 if is_shared(path.parent) else 0o600


class NotGivenError(PermissionError):
    """Root may not give a file to its owner."""


def give(descriptor: int, path: Path) -> None:
    """Give a file or folder that root has just made to the account that must own it.

    That account and its group own what is at the path now, or else the folder around it. For other
    users this does nothing: they own what they make. Only give a new file. A link in the place of
    an old one could lead to any file.

    Args:
        descriptor: The new file or folder.
        path: The path that the new file or folder will get.

    Raises:
        OSError: The file or folder can't be given.
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


def create_given(path: Path) -> None:
    """Create an empty file, if root works in another account's folder and the file is missing.

    The file gets its name only after it belongs to that account. So a kill can't leave a file that
    belongs to root.

    Raises:
        OSError: The file can't be created.
    """
    if os.geteuid() != 0 or path.parent.stat().st_uid == 0 or os.path.lexists(path):
        return
    from tempfile import mkstemp

    descriptor, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        give(descriptor, path)
        os.fchmod(descriptor, file_mode(path))
        with suppress(FileExistsError):  # another process was faster
            os.link(temporary, path)
    finally:
        os.close(descriptor)
        os.unlink(temporary)  # noqa: PTH108


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"'#{uid}'"  # the form that sudo takes
