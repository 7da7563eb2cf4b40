"""The key that signs access tokens, and the revoked access tokens."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from credtui.domain.errors import DoubtError, StoreCorruptError, StoreError
from credtui.domain.secrets import RandomBytes
from credtui.regular_files import read_file
from credtui.store.port import TOKEN_KEY_LENGTH
from credtui.store.spans import Span, join_spans
from credtui.store.tinydb.files import append_durably, explained, replace_durably, sync_folder
from credtui.store.tinydb.folders import make_folder
from credtui.store.tinydb.lock import locked
from credtui.store.tinydb.mark_file import MarkFile
from credtui.store.tinydb.watch import identify

HOUR = 3600
"""Seconds of expiry whose revocations share a folder."""

_TRIES = 10


def read_or_make_key(folder: Path, make: RandomBytes) -> bytes:
    """Return the key in a folder, and make it if there is none.

    Raises:
        StoreError: The key can't be read or made.
    """
    make_folder(folder)
    with locked(folder / "token.lock"):
        MarkFile(folder).ensure_in_use()
        key = read_key(folder)
        if key is None:
            # Doubt is no error. The key is read below; if it is lost later, tokens end early.
            with suppress(DoubtError):
                write_key(folder, make(TOKEN_KEY_LENGTH))
            key = read_key(folder)
    return key or b""


def read_key(folder: Path) -> bytes | None:
    """Return the key in a folder, None if there is none.

    Raises:
        StoreError: The key can't be read.
    """
    path = _key_file(folder)
    with explained(path):
        try:
            key = read_file(path)
        except FileNotFoundError:
            return None
    if len(key) != TOKEN_KEY_LENGTH:
        raise StoreCorruptError(
            f"{path} is damaged: it doesn't hold a key. Remove it, and start every token endpoint "
            "again; access tokens that were issued before are then invalid."
        )
    return key


def write_key(folder: Path, key: bytes) -> None:
    """Replace the key in a folder. The caller must be the only writer.

    Raises:
        StoreError: The key can't be written.
        DoubtError: The key may not have been written, or may be lost.
    """
    replace_durably(_key_file(folder), key)


def _key_file(folder: Path) -> Path:
    return folder / "token.key"


class Revocations:
    """The folder `.revoked` of an environment: an empty file for each revoked access token.

    The file is `HOUR/EXPIRY.TOKEN`. EXPIRY is the Unix time when the token expires, and HOUR the
    number of the hour that this time is in. So a sweep lists only the hours that are over. Earlier
    versions wrote `EXPIRY.TOKEN` into `.revoked` itself. These files count until a sweep removes
    them.

    After its token expires, a file only matters if the clock ran ahead and is set back. So a sweep
    removes the file, and notes the time in the file `swept`. Every token that expires at a noted
    time counts as revoked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".revoked"
        self._mark = MarkFile(folder.parent)
        self._swept = self._folder / "swept"
        # The identity of the file `swept` that was read last, and its spans.
        self._spans: tuple[object, Sequence[Span]] = (None, ())

    def add(self, token: str, expires_at: datetime) -> None:
        """Durably revoke the access token of this identity.

        Raises:
            StoreError: The revocation may not be durable. Try again.
        """
        self._mark.ensure_in_use()
        self._add(token, expires_at)
        # No lock keeps a mark from being made meanwhile, so that a copy may lack the revocation.
        self._mark.ensure_in_use()

    def _add(self, token: str, expires_at: datetime) -> None:
        path = self._path(token, expires_at)
        with explained(path):
            for more_tries in reversed(range(_TRIES)):
                try:
                    _create(path)
                    break
                except FileNotFoundError:
                    # A sweep may have removed the folder, by this clock or by one that is ahead.
                    if not more_tries:
                        raise

    def has(self, token: str, expires_at: datetime) -> bool:
        """Tell whether the access token of this identity is revoked.

        Raises:
            StoreError: The revocations can't be read.
        """
        while (answer := self.recall(token, expires_at)) is None:
            identity = identify(self._swept)
            self._spans = (identity, self._read_swept())
        return answer

    def recall(self, token: str, expires_at: datetime) -> bool | None:
        """Tell whether the access token is revoked. This costs three calls of `stat`.

        Returns:
            None after a sweep: then the file `swept` must be read, as `has` does.

        Raises:
            StoreError: The revocations can't be read.
        """
        path = self._path(token, expires_at)
        for place in (path, self._folder / path.name):
            with explained(place), suppress(FileNotFoundError):
                place.lstat()
                return True
        # A sweep notes the time before it removes the file. So look for the file first.
        identity, spans = self._spans
        if identity != identify(self._swept):
            return None
        expiry = int(expires_at.timestamp())
        return any(first <= expiry <= last for first, last in spans)

    def sweep(self, now: datetime) -> None:
        """Remove the files of tokens that have expired. The tokens stay revoked.

        An hour's files are removed when the hour is over.

        Raises:
            StoreError: The files can't be removed.
        """
        with explained(self._folder):
            paths = _list(self._folder)
            of_earlier_versions = _expiries(paths).items()
            self._remove({path: at for path, at in of_earlier_versions if at < now.timestamp()})
            for hour in paths:
                if _is_over(hour, now) and hour.is_dir():
                    self._remove(_expiries(_list(hour)))
                    # Another process may have removed the folder, or added a file.
                    with suppress(OSError):
                        hour.rmdir()

    def _remove(self, expiries: Mapping[Path, int]) -> None:
        """Note when tokens have expired, and remove their files."""
        if not expiries:
            return
        with locked(self._folder / "sweep.lock"):
            self._mark.ensure_in_use()
            expired = {(at, at) for at in expiries.values()}
            swept = join_spans([*self._read_swept(), *expired])
            try:
                replace_durably(self._swept, json.dumps(swept).encode())
            except DoubtError as doubt:  # The files stay for the next sweep.
                raise StoreError(f"Can't use {doubt.args[0]}.") from doubt
            for path in expiries:
                path.unlink(missing_ok=True)

    def kept(self) -> Mapping[str, int]:
        """Return the tokens whose files are there, with the Unix times when they expire.

        Raises:
            StoreError: The folder can't be read.
        """
        with explained(self._folder):
            return {path.name.partition(".")[2]: at for path, at in self._files().items()}

    def spans(self) -> Sequence[Span]:
        """Return the swept spans of time.

        Raises:
            StoreError: They can't be read.
        """
        return self._read_swept()

    def put(self, kept: Mapping[str, int], spans: Sequence[Span]) -> None:
        """Replace what `kept` and `spans` return. The caller must be the only writer.

        Raises:
            StoreError: It can't be replaced. It may have been in part.
            DoubtError: The same.
        """
        before = self.kept()
        for token, expiry in kept.items():
            if before.get(token) != expiry:
                self._add(token, datetime.fromtimestamp(expiry, UTC))
        if self._read_swept() != [*spans]:
            make_folder(self._folder)
            replace_durably(self._swept, json.dumps(spans).encode())
        with explained(self._folder):
            for path, expiry in self._files().items():
                if kept.get(path.name.partition(".")[2]) != expiry:
                    path.unlink()

    def _files(self) -> Mapping[Path, int]:
        paths = _list(self._folder)
        found = dict(_expiries(paths))
        for hour in paths:
            if hour.name.isdecimal():
                found.update(_expiries(_list(hour)))
        return found

    def _path(self, token: str, expires_at: datetime) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token):
            raise ValueError(token)
        expiry = int(expires_at.timestamp())
        return self._folder / str(expiry // HOUR) / f"{expiry}.{token}"

    def _read_swept(self) -> list[Span]:
        with explained(self._swept):
            try:
                content = read_file(self._swept)
            except FileNotFoundError:
                return []
        try:
            return [(int(first), int(last)) for first, last in json.loads(content)]
        except (ValueError, TypeError, RecursionError):
            raise StoreCorruptError(
                f"{self._swept} is damaged: it doesn't hold what credtui wrote. Remove it; revoked "
                "access tokens then count again if a clock is set back."
            ) from None


def _create(path: Path) -> None:
    make_folder(path.parent)
    append_durably(path, b"")
    # Sync for an old file too: the process that made it may have failed to.
    sync_folder(path.parent)


def _list(folder: Path) -> Sequence[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return ()


def _is_over(hour: Path, now: datetime) -> bool:
    return hour.name.isdecimal() and (int(hour.name) + 1) * HOUR <= now.timestamp()


def _expiries(paths: Iterable[Path]) -> Mapping[Path, int]:
    """Return the revocations among files, with the times when their tokens expire."""
    names = ((path, path.name.partition(".")) for path in paths)
    return {path: int(at) for path, (at, dot, _) in names if dot and at.isdecimal()}
