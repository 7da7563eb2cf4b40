"""From `ssh -t HOST` to three cards, compared with bare Textual as the forced command."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.ssh.conftest import ACCOUNT, LOCAL, Host

from benchmarks import bare
from benchmarks.figures import print_table, ratio, spread
from benchmarks.installation import CREDTUI, install
from benchmarks.program import Program

ROUNDS = 10
AIMS = {1: "1.6", 5: "1.8"}
"""The aim for the ratio, by how many keys a client offers. The operator's key is the last one."""


def main() -> None:
    """Connect to both hosts in turns. The first round only fills the caches."""
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        portal, least = Host(Path(first)), Host(Path(second))
        try:
            client_id = install(portal.home, configuration='theme = "dark"\n').encode()
            key = _make_keys(portal)
            credtui: tuple[str | Path, ...] = (CREDTUI, "--home", portal.home)
            rows = [_compare("list", (*credtui, "list"), "")]
            _serve_portal(portal, key)
            for name in ("rita", "other1"):
                offered = (portal.folder / f"{name}.pub").read_text().split()[:2]
                asked = (*credtui, "authorized-keys", ACCOUNT, *offered)
                rows.append(_compare(f"authorized-keys, key of {name}", asked, "3"))
            print_table(["credtui", "ms", "python -c pass, ms", "ratio", "aim"], rows)
            _serve_bare(least)
            _connect(portal, client_id, least)
        finally:
            portal.stop()
            least.stop()


def _serve_portal(host: Host, key: str) -> None:
    """Start sshd as docs/ssh.md has it."""
    operators = host.installation.operator_service(LOCAL)
    operators.add("rita", keys=[key], representative=True)
    asked = f"/usr/bin/env {CREDTUI} --home {host.home} authorized-keys %u %t %k"
    host.start_with(
        "AuthorizedKeysFile none",
        f"AuthorizedKeysCommand {asked}",
        f"AuthorizedKeysCommandUser {ACCOUNT}",
    )


def _serve_bare(host: Host) -> None:
    """Start an sshd that knows one key from a file, and runs bare Textual for it."""
    known = host.folder / "authorized_keys"
    key = _make_keys(host)
    known.write_text(f'restrict,pty,command="{sys.executable} {bare.__file__}" {key}\n')
    host.start_with(f"AuthorizedKeysFile {known}", "StrictModes no")


def _make_keys(host: Host) -> str:
    """Make an operator's keys, and keys that no operator has. Return the operator's public key."""
    for number in range(1, max(AIMS)):
        host.make_key(f"other{number}")
    return host.make_key("rita")


def _connect(portal: Host, client_id: bytes, least: Host) -> None:
    rows = []
    for offered, aim in AIMS.items():
        ours, theirs = [], []
        for _ in range(ROUNDS + 1):
            ours.append(_wait_for(client_id, portal, offered))
            theirs.append(_wait_for(bare.TEXT.encode(), least, offered))
        rows.append(_row(f"{offered} {'key' if offered == 1 else 'keys'}", ours, theirs, aim))
    print_table(["offered", "ms to three cards", "bare Textual, ms", "ratio", "aim"], rows)


def _wait_for(text: bytes, host: Host, offered: int) -> float:
    """Return the seconds from starting ssh until a text is on its terminal."""
    *others, key = [*(f"other{number}" for number in range(1, offered)), "rita"]
    # ssh offers the keys in the order in which they are named.
    first, *rest = [*others, key]
    named = [word for name in rest for word in ("-i", str(host.folder / name))]
    words = host.words(first, options=["-t", *named])
    with Program(words, {"HOME": str(host.folder)}) as program:
        return program.read_until(text).seconds


def _compare(name: str, words: Sequence[str | Path], aim: str) -> Sequence[str]:
    """Measure a command in turns with a Python that does nothing, and return a row."""
    ours, theirs = [], []
    for _ in range(3 * ROUNDS + 1):
        ours.append(_run(words))
        theirs.append(_run((sys.executable, "-c", "pass")))
    return _row(name, ours, theirs, aim)


def _run(words: Sequence[str | Path]) -> float:
    began = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _row(name: str, ours: Sequence[float], theirs: Sequence[float], aim: str) -> Sequence[str]:
    """Return a row of the table, without the first round."""
    ours, theirs = [[1000 * seconds for seconds in values[1:]] for values in (ours, theirs)]
    return [name, spread(ours), spread(theirs), ratio(ours, theirs), aim]
