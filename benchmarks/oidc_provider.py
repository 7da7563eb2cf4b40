"""Access tokens a second on one core, compared with node's oidc-provider.

The first run installs oidc-provider with npm, into a folder of its own under build/. `make clean`
removes build/.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from benchmarks.endpoint import Server, free_port, generate, running, serve, wait_for_port
from benchmarks.figures import print_table, spread
from benchmarks.installation import INSTALLED, on_disk
from benchmarks.load import Answers, ask, form, post

ROUNDS = 30
SECONDS = 0.4
PACKAGE = "oidc-provider@9.13.3"

_PROGRAM = Path(__file__).with_suffix(".mjs")
_FORMATS = {"oidc-provider, opaque": "opaque", "oidc-provider, JWT": "jwt"}


def main() -> None:
    """Ask the servers in turns. They have one core, and the client has another."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("not measured: this needs two cores")
        return
    with TemporaryDirectory(dir=on_disk()) as folder, ExitStack() as stack:
        parameters = form(generate(Path(folder) / "store"))
        with _on_core(cores[0]):
            servers = {
                **_start_others(stack, parameters),
                "credtui": stack.enter_context(running(serve, Path(folder) / "store")),
            }
        stack.enter_context(_on_core(cores[1]))
        request = post(parameters)
        for server in servers.values():  # the first requests are slower
            ask(server.port, request, 1.0)
        answers: dict[str, list[Answers]] = {name: [] for name in servers}
        costs: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, server in servers.items():
                before = server.processor_time()
                answers[name].append(ask(server.port, request, SECONDS))
                used = server.processor_time() - before
                costs[name].append(used / len(answers[name][-1].waits) * 1e6)
    _print(answers, costs)


def _start_others(stack: ExitStack, parameters: Mapping[str, str]) -> Mapping[str, Server]:
    folder = INSTALLED / PACKAGE
    if not _install(folder):
        print(f"{PACKAGE}: not installed")
        return {}
    client = [parameters[name] for name in ("client_id", "client_secret", "audience")]
    return {
        name: stack.enter_context(_node(folder / _PROGRAM.name, token_format, *client))
        for name, token_format in _FORMATS.items()
    }


def _install(folder: Path) -> bool:
    """Install oidc-provider if it isn't installed, and tell whether it is."""
    installed = folder / "node_modules" / "oidc-provider"
    npm = shutil.which("npm")
    if not shutil.which("node") or not npm:
        return False
    if not installed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--prefix", folder, PACKAGE],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    if not installed.exists():
        return False
    # node looks for packages beside the program.
    shutil.copy(_PROGRAM, folder)
    return True


@contextmanager
def _node(program: Path, *arguments: str) -> Iterator[Server]:
    """Run a program that serves a port."""
    port = free_port()
    with subprocess.Popen(
        ["node", program, str(port), *arguments],
        env={**os.environ, "NODE_ENV": "production"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for_port(port, lambda: process.poll() is None)
            yield Server(port, process.pid)
        finally:
            process.kill()


@contextmanager
def _on_core(core: int) -> Iterator[None]:
    """Keep this process, and the processes that it starts, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _print(answers: Mapping[str, Sequence[Answers]], costs: Mapping[str, Sequence[float]]) -> None:
    rows = []
    base = 0.0
    for name, rounds in answers.items():
        rates = [taken.rate for taken in rounds]
        base = base or median(rates)
        waits = [wait for taken in rounds for wait in taken.waits]
        rows.append(
            [
                name,
                spread(rates),
                f"{median(rates) / base:.2f}",
                f"{quantiles(waits, n=100)[98] * 1000:.2f}",
                spread(costs[name]),
            ]
        )
    print_table(["one core", "requests/s", "ratio", "p99 ms", "processor us/request"], rows)
