"""Looks for a secret where none may be: in files, and in what a process shows of itself."""

import base64
import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

SKIPPED = {"__pycache__", ".git", ".venv"}


def assert_no_secret(
    secret: SecretStr | str, *folders: Path, processes: Iterable[int | str] = ("self",)
) -> None:
    """Fail if a secret is in a file under the folders, or in a process's arguments or environment.

    Args:
        secret: The secret.
        folders: Folders, or single files. Names of files count as well.
        processes: Process ids, "self" for this one.
    """
    places = found_in(secret, *folders, processes=processes)
    assert not places, f"a secret is in {', '.join(places)}"


def found_in(
    secret: SecretStr | str, *folders: Path, processes: Iterable[int | str] = ()
) -> list[str]:
    """Return the places where a secret is, in one of the forms that it may be written in."""
    plain = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    pattern = re.compile(b"|".join(map(re.escape, sorted(_forms(plain)))))
    places = []
    for folder in folders:
        assert folder.exists(), f"{folder} isn't there: nothing was searched"
        for path in _files(folder):
            content = path.read_bytes()
            if content[:2] == b"\x1f\x8b":
                content = gzip.decompress(content)
            if pattern.search(content) or pattern.search(str(path).encode()):
                places.append(str(path))
    for process in processes:
        for name in ("cmdline", "environ"):
            path = Path("/proc", str(process), name)
            # Where there is no /proc the arguments are for `ps` to show; Linux is enough.
            if path.exists() and pattern.search(path.read_bytes()):
                places.append(str(path))
    return places


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not SKIPPED.intersection(path.parts):
            yield path


def _forms(plain: str) -> set[bytes]:
    """The secret, its body alone, and the ways in which formats and protocols write them."""
    body = plain.rpartition("_")[2]
    assert len(body) > 30, "that is not a secret"
    forms = set()
    for text in (plain, body):
        raw = text.encode()
        forms |= {
            raw,
            raw[::-1],
            # In halves, in case a line break or a colour lies between.
            raw[:24],
            raw[-24:],
            quote(text).encode(),
            "".join(f"%{byte:02X}" for byte in raw).encode(),
            "".join(f"%{byte:02x}" for byte in raw).encode(),
            raw.hex().encode(),
            raw.hex().upper().encode(),
            repr(list(raw)).encode(),
            text.encode("utf-16-le"),
            text.encode("utf-16-be"),
            *_base64_forms(raw),
        }
    return forms


def _base64_forms(raw: bytes) -> Iterator[bytes]:
    """What base64 makes of it wherever it begins in what is encoded, as in `id:secret`."""
    for offset in range(3):
        encoded = base64.b64encode(b"\x00" * offset + raw)
        # The first and last characters depend on what stands before and after.
        inner = encoded[4 if offset else 0 : -4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
