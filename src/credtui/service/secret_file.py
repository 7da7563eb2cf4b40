"""A secret as text for a file or a program, and how a new file is written."""

import json
import os
import re
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from credtui.domain.errors import SaveRefusedError
from credtui.domain.models import IssuedSecret
from credtui.domain.pasted import holds_secret

_BARE = re.compile(r"[A-Za-z0-9_%+,./:@-]+")
"""Text that every shell takes literally. `=` isn't in it: zsh reads `=ls` as a path."""


class Format(StrEnum):
    """The format of the text. The value is the usual ending of a file's name."""

    ENV = ".env"
    JSON = ".json"


def render(issued: IssuedSecret, form: Format) -> str:
    """Return the text of a file, with the keys audience, client_id and client_secret.

    In a file of environment variables, the keys are in upper case. A value that a shell wouldn't
    take literally stands in single quotes. The configuration allows no such quotes in an audience.
    """
    values = {
        "audience": issued.audience,
        "client_id": issued.credential.client_id,
        "client_secret": issued.secret.get_secret_value(),
    }
    if form is Format.JSON:
        if issued.doubt:
            values["outcome"] = issued.doubt.code
        return json.dumps(values, indent=2) + "\n"
    return "".join(f"{key.upper()}={_quoted(value)}\n" for key, value in values.items())


def save(issued: IssuedSecret, path: Path, form: Format) -> None:
    """Write a new file that only its owner can read. An existing file is never overwritten.

    Raises:
        SaveRefusedError: The file can't be written there. No part of it is left.
    """
    if holds_secret(path.name):
        raise SaveRefusedError("A file's name can't have a secret in it: names can be listed.")
    try:
        path = path.expanduser()
    except RuntimeError:
        raise SaveRefusedError(f"Can't write {path}: there is no such home folder.") from None
    try:
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
    except FileExistsError:
        raise SaveRefusedError(f"{path} exists already; choose another name.") from None
    except (OSError, ValueError) as error:
        raise SaveRefusedError(f"Can't write {path}: {_reason(error)}.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(render(issued, form))
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise SaveRefusedError(f"Can't write {path}: {_reason(error)}.") from None


def _quoted(value: str) -> str:
    return value if _BARE.fullmatch(value) else f"'{value}'"


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "that can't be the name of a file"
    return (error.strerror or "the system gives no reason").lower()
