"""What the token endpoint keeps: the key that signs access tokens, and which are revoked."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from credtui.domain.errors import DoubtError, StoreCorruptError
from credtui.store.tinydb.files import (
    append_durably,
    explained,
    read_file,
    replace_durably,
    sync_folder,
)
from credtui.store.tinydb.folders import file_mode, is_shared, make_folder
from credtui.store.tinydb.lock import locked

KEY_LENGTH = 32
"""Bytes in the key."""


def read_or_make_key(folder: Path, make: Callable[[int], bytes]) -> bytes:
    """Return the key in a folder; the first to ask makes it.

    Raises:
        StoreError: It can't be read or made.
    """
    path = folder / "token.key"
    make_folder(folder)
    mode = file_mode(shared=is_shared(folder))
    with locked(folder / "token.lock", mode), explained(path):
        if not path.exists():
            # Lost, it is made anew, and access tokens end early; in doubt, reading it tells.
            with suppress(DoubtError):
                replace_durably(path, make(KEY_LENGTH), mode)
        key = read_file(path)
    if len(key) != KEY_LENGTH:
        raise StoreCorruptError(
            f"{path} is damaged: it doesn't hold a key. Remove it, and start every token endpoint "
            "again; access tokens that were issued before are then invalid."
        )
    return key


class Revocations:
    """The folder `.revoked` of an environment: an empty file for each revoked access token.

    Its name tells when the token would have expired, and the file is of no use any more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".revoked"

    def add(self, token: str, expires_at: datetime, now: datetime) -> None:
        """Durably revoke the access token of this identity.

        Raises:
            StoreError: It may not be revoked for good: try again.
        """
        make_folder(self._folder)
        mode = file_mode(shared=is_shared(self._folder))
        path = self._path(token, expires_at)
        with explained(path):
            append_durably(path, b"", mode)
            # Also where it is there: whoever made it may have failed at this.
            sync_folder(self._folder)
        with suppress(OSError):
            self._sweep(now)

    def has(self, token: str, expires_at: datetime) -> bool:
        """Tell whether the access token of this identity is revoked."""
        path = self._path(token, expires_at)
        with explained(path):
            try:
                path.lstat()
            except FileNotFoundError:
                return False
        return True

    def _path(self, token: str, expires_at: datetime) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token):
            raise ValueError(token)
        return self._folder / f"{int(expires_at.timestamp())}.{token}"

    def _sweep(self, now: datetime) -> None:
        for path in self._folder.iterdir():
            expires_at = path.name.partition(".")[0]
            if expires_at.isdecimal() and int(expires_at) < now.timestamp():
                path.unlink(missing_ok=True)
