"""Searches for a secret in files, and in the arguments and the environment of processes."""

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
    """Return the files, and the parts of processes, that hold a secret in any of its forms."""
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
            # Only Linux has /proc. Elsewhere processes aren't searched.
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
    """Return the secret, its body alone, and both as formats and protocols write them."""
    body = plain.rpartition("_")[2]
    assert len(body) > 30, "that is not a secret"
    forms = set()
    for text in (plain, body):
        raw = text.encode()
        forms |= {
            raw,
            raw[::-1],
            # The halves, in case a line break or a colour stands between them.
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
    """Yield what base64 makes of a secret.

    A text before it, as in `id:secret`, shifts the secret by one or two bytes.
    """
    for offset in range(3):
        encoded = base64.b64encode(b"\x00" * offset + raw)
        # The first and last characters depend on what stands before and after.
        inner = encoded[4 if offset else 0 : -4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
