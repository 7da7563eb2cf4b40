"""Ends the servers of a folder, and removes the folder.

Run as a program, it does so as soon as its standard input ends. The process that made the folder
holds the other end of that pipe, so no server and no file outlives it, even when it is killed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


def children(parent: int) -> list[int]:
    """Return the processes that a process started. A server's own children start none."""
    return [pid for pid in _all_processes() if _parent(pid) == parent]


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_tree(pid: int) -> list[int]:
    """Kill a process and its children at once, also if they are stopped. Return who was killed."""
    # A stopped process can't start another child before it is killed.
    signal_all([pid], signal.SIGSTOP)
    family = [*children(pid), pid]
    signal_all(family, signal.SIGKILL)
    return family


def is_alive(pid: int) -> bool:
    """Tell whether a process runs. One that has ended may wait for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2][1] != "Z"
    except OSError:
        return False


def demolish(folder: Path) -> None:
    """Kill every program that has a path in this folder as an argument, and remove the folder."""
    for pid in _running_in(folder):
        kill_tree(pid)
    # A killed PostgreSQL leaves a few bytes of shared memory, which only a start would remove.
    for file in folder.rglob("postmaster.pid"):
        with suppress(OSError, IndexError):
            memory = file.read_text().splitlines()[6].split()[1]
            subprocess.run(["ipcrm", "-m", memory], check=False, stderr=subprocess.DEVNULL)
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.05)  # a killed process may still write for a moment


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int:
    try:
        # The second field is the program's name in parentheses, and may hold anything.
        return int(
            Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1]
        )
    except (OSError, IndexError):
        return 0


def _running_in(folder: Path) -> list[int]:
    inside = os.fsencode(folder) + b"/"
    found = []
    for pid in _all_processes():
        with suppress(OSError):
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if any(argument.startswith(inside) for argument in arguments):
                found.append(pid)
    return found


if __name__ == "__main__":
    sys.stdin.read()
    demolish(Path(sys.argv[1]))
