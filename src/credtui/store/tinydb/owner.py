"""Owners and permission bits: a store's files belong to one account, or to a group's members."""

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path


def is_shared(folder: Path) -> bool:
    """Tell whether a folder is set up for several Unix users: setgid and group-writable.

    Raises:
        OSError: It can't be told.
    """
    shared = stat.S_ISGID | stat.S_IWGRP
    return folder.stat().st_mode & shared == shared


def file_mode(path: Path) -> int:
    """Return the permission bits of a file with credentials in it, which its folder decides.

    Raises:
        OSError: The folder can't be looked at.
    """
    return 0o660 if is_shared(path.parent) else 0o600


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


def create_given(path: Path) -> None:
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
        os.fchmod(descriptor, file_mode(path))
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
