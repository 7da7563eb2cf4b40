"""Bytes on the line, key to paint and CPU time at 80x24, compared with two other programs.

The first run installs the other programs, each into an environment of its own under build/. `make
clean` removes build/.
"""

import subprocess
import time
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import print_table
from benchmarks.installation import CREDTUI, INSTALLED, environment, install
from benchmarks.program import Burst, Program

ROUNDS = 3
TIMES = 3
IDLE = 10.0


class Subject(NamedTuple):
    """A program, and the keys that a person presses in it.

    Attributes:
        name: The program's name in the tables.
        argv: The command that starts it.
        env: The environment variables that it gets, besides those that all programs get.
        ready: A text on the screen once the program can be used.
        moves: Two keys that move the focus there and back.
        opens: The key that opens a dialog, or something like it.
        closes: The key that closes it again.
        to_field: The keys that lead to a field to type into.
    """

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str]
    ready: str
    moves: tuple[str, str]
    opens: str
    closes: str
    to_field: Sequence[str]


STEPS = ("first paint", "focus move", "opening a dialog", "typing a character")


def main() -> None:
    """Use each program in turns as a person would."""
    with TemporaryDirectory() as folder:
        subjects = [*_credtui(Path(folder)), *_others(Path(folder))]
        taken: dict[str, dict[str, list[Burst]]] = {subject.name: {} for subject in subjects}
        for _ in range(ROUNDS):
            for subject in subjects:
                _use(subject, taken[subject.name])
    names = [subject.name for subject in subjects]
    print("bytes")
    print_table(["", *names], [[step, *_medians(taken, step, "bytes")] for step in STEPS])
    print("ms until painted; until ready, for the first paint")
    print_table(["", *names], [[step, *_medians(taken, step, "ms")] for step in STEPS])
    print("ms of CPU")
    print_table(["", *names], [[step, *_medians(taken, step, "cpu")] for step in STEPS])
    print(f"idle for {IDLE:g} s")
    print_table(
        ["", *names],
        [
            ["bytes", *_medians(taken, "idle", "bytes")],
            ["ms of CPU", *_medians(taken, "idle", "cpu")],
        ],
    )


def _use(subject: Subject, taken: dict[str, list[Burst]]) -> None:
    def note(step: str, burst: Burst) -> None:
        taken.setdefault(step, []).append(burst)

    with Program(subject.argv, subject.env) as program:
        start = program.read_until(subject.ready.encode())
        rest = program.settle(time.perf_counter(), program.cpu)
        note("first paint", Burst(start.data + rest.data, start.seconds, start.cpu))
        note("idle", program.rest(IDLE))
        for _ in range(TIMES):
            for key in subject.moves:
                note("focus move", program.press(key))
        for _ in range(TIMES):
            note("opening a dialog", program.press(subject.opens))
            program.press(subject.closes)
        for key in subject.to_field:
            program.press(key)
        for character in "abcdefghij":
            note("typing a character", program.press(character))


def _medians(taken: dict[str, dict[str, list[Burst]]], step: str, what: str) -> list[str]:
    figures = {
        "bytes": lambda burst: len(burst.data),
        "ms": lambda burst: burst.seconds * 1000,
        "cpu": lambda burst: burst.cpu * 1000,
    }
    return [f"{median(map(figures[what], steps[step])):.0f}" for steps in taken.values()]


def _credtui(folder: Path) -> list[Subject]:
    subjects = []
    for name, configuration in (("credtui", ""), ("not frugal", "frugal_output = false\n")):
        home = folder / name
        subjects.append(
            Subject(
                name,
                [CREDTUI],
                environment(home),
                ready=install(home, configuration=configuration),
                moves=("j", "k"),
                opens="e",
                closes="\x1b",
                to_field=["e"],
            )
        )
    return subjects


def _others(folder: Path) -> list[Subject]:
    env = {"HOME": str(folder / "home"), "TMPDIR": str(folder)}
    (folder / "home").mkdir()
    (folder / "collection").mkdir()
    found = []
    # Segmentation faults with the newest tree-sitter.
    if posting := _installed("posting", "posting==2.11.1", "tree-sitter==0.25.2"):
        found.append(
            Subject(
                "posting",
                [posting, "--collection", folder / "collection"],
                env,
                ready="Search requests",
                moves=("\t", "\x1b[Z"),
                opens="\x1bOP",
                closes="\x1b",
                to_field=["\x0c"],
            )
        )
    if harlequin := _installed("harlequin", "harlequin==2.17.0"):
        found.append(
            Subject(
                "harlequin",
                [harlequin, "--no-download-tzdata"],
                env,
                ready="memory",
                moves=("\x1bOQ", "\x1bOS"),
                opens="\x1bOP",
                closes="\x1b",
                to_field=["\x1bOQ"],
            )
        )
    return found


def _installed(name: str, *requirements: str) -> Path | None:
    """Install a program if it isn't installed, and return its path. Print a line if that fails."""
    folder = INSTALLED / requirements[0]
    program = folder / "bin" / name
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", *requirements]
        subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if not program.exists():
        print(f"{requirements[0]}: not installed")
        return None
    return program
