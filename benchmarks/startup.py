"""From starting the program to three cards on the page, compared with bare Textual."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import bare
from benchmarks.figures import print_table, ratio, spread
from benchmarks.installation import CREDTUI, environment, install
from benchmarks.program import Burst, Program

ROUNDS = 15


def main() -> None:
    """Start both programs in turns. The first round only fills the caches."""
    portal: list[Burst] = []
    least: list[Burst] = []
    with TemporaryDirectory() as folder:
        home = Path(folder, "home")
        client_id = install(home).encode()
        for _ in range(ROUNDS + 1):
            with Program([CREDTUI], environment(home)) as program:
                portal.append(program.read_until(client_id))
            with Program([sys.executable, bare.__file__]) as program:
                least.append(program.read_until(bare.TEXT.encode()))
    rows = []
    for name, bursts in (("credtui", portal[1:]), ("bare Textual", least[1:])):
        rows.append(
            [
                name,
                spread([burst.seconds * 1000 for burst in bursts]),
                spread([burst.cpu * 1000 for burst in bursts]),
            ]
        )
    wall = ratio([burst.seconds for burst in portal[1:]], [burst.seconds for burst in least[1:]])
    cpu = ratio([burst.cpu for burst in portal[1:]], [burst.cpu for burst in least[1:]])
    print_table(["", "ms", "ms of CPU"], [*rows, ["ratio (aim: 1.25)", wall, cpu]])
