"""Processes that use a store, each started in a few milliseconds.

One process imports everything, and then forks for each worker. A worker reports through a pipe,
which closes when the worker ends, even if it is killed.
"""

import asyncio
import ctypes
import json
import os
import random
import resource
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from credtui.configuration import Settings
from credtui.domain.audit import Action
from credtui.domain.errors import CredtuiError, StoreBusyError, StoreError
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.installation import Installation, now
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.store import TinyDBStore
from tests.support import UAT

PLACE = Place("uat", "acme")

Report = Callable[[object], None]


class Worker:
    """A process at work."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid = pid
        self._pipe = pipe
        self._rest = b""
        self._ended = False

    def send_signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def receive(self, timeout: float = 60) -> Any:
        """Return the next report; None if the process has ended and there are no more."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._rest:
            if self._ended:
                return None
            ready, _, _ = select.select([self._pipe], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"process {self.pid} reported nothing in {timeout} seconds"
            if not (read := os.read(self._pipe, 1 << 16)):
                self._ended = True
                os.close(self._pipe)
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def receive_all(self) -> Iterator[Any]:
        """Yield reports until the process has ended."""
        while (report := self.receive()) is not None:
            yield report

    def end(self) -> None:
        """Kill the process, and wait for its end."""
        if not self._ended:
            self.send_signal(signal.SIGKILL)
        for _ in self.receive_all():
            pass


class Workers:
    """Starts workers."""

    def __enter__(self) -> Self:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._started: list[Worker] = []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self._started:
            with suppress(OSError):
                worker.end()
        self._socket.close()
        self._process.wait()

    def start(self, task: Callable[..., None], *arguments: object) -> Worker:
        """Run one of this module's functions in a process of its own."""
        reader, writer = os.pipe()
        order = json.dumps([task.__name__, *map(_plain, arguments)]).encode()
        socket.send_fds(self._socket, [order], [writer])
        os.close(writer)
        worker = Worker(int(self._socket.recv(32)), reader)
        self._started.append(worker)
        return worker


def _plain(argument: object) -> object:
    return str(argument) if isinstance(argument, Path) else argument


def run_with_mounts(script: str, folder: Path) -> Any:
    """Run a script in a mount namespace of its own. Return the JSON that the script prints."""
    unshare = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else [])]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False).returncode:
        import pytest

        pytest.skip("this machine lets nobody mount a disk of a few kilobytes")
    ran = subprocess.run(
        [*unshare, sys.executable, "-c", script, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def make_service(folder: str, operator: str = "") -> CredentialService:
    return CredentialService(
        TinyDBStore(Path(folder)),
        UAT,
        "acme",
        Actor(operator=operator or f"process {os.getpid()}"),
        clock=now,
        random_bytes=secrets.token_bytes,
        bcrypt_cost=4,
    )


def generate_at_once(report: Report, folder: str, start: str) -> None:
    """Generate a credential as soon as the named pipe has a byte."""
    service = make_service(folder)
    report("ready")
    with Path(start).open("rb", buffering=0) as pipe:
        pipe.read(1)
    while True:
        try:
            issued = service.generate(f"Process {os.getpid()}")
        except StoreBusyError:
            continue  # the other processes take long on a slow disk
        except CredtuiError as error:
            report({"outcome": error.code, "sentence": str(error)})
        else:
            report({"outcome": "done", "secret": issued.secret.get_secret_value()})
        return


def change_for_ever(report: Report, folder: str, seed: int) -> None:
    """Change credentials at random. Report each change after the service has made it."""
    service = make_service(folder)
    store = TinyDBStore(Path(folder))
    chance = random.Random(seed)
    report({"ready": True})
    while True:
        page = service.page()
        client_ids = [credential.client_id for credential in page.credentials]
        actions = [Action.ROTATE, Action.RENAME, Action.MAKE_PRIMARY, Action.DELETE, Action.CONFIRM]
        action = chance.choice(actions)
        if not client_ids or (len(client_ids) < 3 and chance.random() < 0.5):
            action = Action.GENERATE
        client_id = chance.choice(client_ids) if client_ids else ""
        if action is Action.DELETE and client_id == page.primary:
            action = Action.ROTATE
        secret = None
        if action is Action.GENERATE:
            issued = service.generate(f"{chance.random()} \u00e9")
            client_id, secret = issued.credential.client_id, issued.secret.get_secret_value()
        elif action is Action.ROTATE:
            secret = service.rotate(client_id).secret.get_secret_value()
        elif action is Action.RENAME:
            service.rename(client_id, f"{chance.random()} \u00e9")
        elif action is Action.MAKE_PRIMARY:
            service.make_primary(client_id)
        elif action is Action.DELETE:
            service.delete(client_id)
        else:
            seen = next(found for found in page.credentials if found.client_id == client_id)
            service.confirm(client_id, seen=seen.generation, how="sent")
        page = service.page()
        report(
            {
                "events": store.events(PLACE)[0].number,
                "credentials": [found.model_dump(mode="json") for found in page.credentials],
                "primary": page.primary,
                "client_id": client_id,
                "secret": secret,
            }
        )


def hold(report: Report, folder: str) -> None:
    """Hold the store's lock until the process is killed."""
    with TinyDBStore(Path(folder)).transaction(PLACE):
        report("held")
        while True:
            signal.pause()


def attempt(
    report: Report,
    folder: str,
    uid: int | None = None,
    umask: int = 0o022,
    largest_file: int | None = None,
) -> None:
    """Read the page and generate a credential, and report whether each was done.

    Args:
        report: Sends a report.
        folder: The store's folder.
        uid: The user and group to become first.
        umask: The file mode creation mask.
        largest_file: The size in bytes that the kernel lets a file have.
    """
    os.umask(umask)
    _become(uid)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    service = make_service(folder)
    for action in (service.page, lambda: service.generate(f"Process {os.getpid()}")):
        try:
            action()
        except CredtuiError as error:
            report({"outcome": error.code, "sentence": str(error)})
        else:
            report({"outcome": "done", "sentence": ""})


def use(report: Report, folder: str, uid: int | None = None) -> None:
    """Use each of a store's files as this user, and report whether it was done."""
    _become(uid)
    store = TinyDBStore(Path(folder))
    service = make_service(folder)
    uses: dict[str, Callable[[], object]] = {
        "look": service.page,
        "watch": service.version,
        "list events": service.events,
        "verify events": service.verify_events,
        "read the key": lambda: store.token_key(secrets.token_bytes),
        "count uses": lambda: store.add_usage(PLACE, {}),
        "change": lambda: service.generate(f"Process {os.getpid()}"),
        "change again": lambda: service.generate(f"Process {os.getpid()} again"),
    }
    for name, action in uses.items():
        try:
            action()
        except CredtuiError as error:
            report([name, f"{error.code}: {error}"])
        else:
            report([name, "done"])


def command(report: Report, folder: str, out: str, err: str, *words: str) -> None:
    """Run a command line on a store, once a tracer has attached.

    The command's output goes to files. Two calls of `getppid` mark its beginning and its end.
    """
    from credtui.cli.grammar import local_parser
    from credtui.cli.run import follow, guarded
    from credtui.cli.session import Session

    for path, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    settings = Settings().model_copy(update={"bcrypt_cost": 4})
    session = Session(local_parser().read(words), actor=Actor(operator="process"))
    session.installation = Installation(settings, TinyDBStore(Path(folder)))
    _run_traced(report, lambda: guarded(lambda: follow(session)))


def revoke(report: Report, folder: str, expires_at: float) -> None:
    """Revoke the access token "token", once a tracer has attached."""
    expiry = datetime.fromtimestamp(expires_at, UTC)
    store = TinyDBStore(Path(folder))
    _run_traced(report, lambda: _status_of(lambda: store.revoke("uat", "token", expiry)))


def sweep(report: Report, folder: str, expires_at: float) -> None:
    """Sweep the expired revocation of "token", once a tracer has attached."""
    later = datetime.fromtimestamp(expires_at + 3600, UTC)  # its hour is over
    store = TinyDBStore(Path(folder))
    _run_traced(report, lambda: _status_of(lambda: store.sweep_revocations("uat", later)))


def _status_of(do: Callable[[], None]) -> int:
    try:
        do()
    except StoreError:
        return 6
    return 0


def _run_traced(report: Report, do: Callable[[], int]) -> None:
    allow_all, set_tracer = -1, 0x59616D61
    ctypes.CDLL(None).prctl(set_tracer, ctypes.c_ulong(allow_all))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    report("ready")
    signal.sigwait({signal.SIGUSR1})
    os.getppid()
    status = do()
    os.getppid()
    report(status)


def verify(report: Report, folder: str, uid: int | None = None) -> None:
    """Verify the audit log as this user, and report the number of its last event."""
    _become(uid)
    try:
        last = TinyDBStore(Path(folder)).verify_events(PLACE)
    except CredtuiError as error:
        report(f"{error.code}: {error}")
    else:
        report(last.number if last else 0)


def find_clients(
    report: Report, folder: str, client_ids: list[str], uid: int | None = None
) -> None:
    """Find clients, as this user, and report the names of their organizations."""
    _become(uid)

    async def find() -> list[str | None]:
        store = TinyDBStore(Path(folder))
        found = [await store.find_client("uat", client_id) for client_id in client_ids]
        return [client.place.organization if client else None for client in found]

    try:
        report(asyncio.run(find()))
    except CredtuiError as error:
        report(f"{error.code}: {error}")


def _become(uid: int | None) -> None:
    if uid is not None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)


def main() -> None:
    """Fork for each order from the socket."""
    with tempfile.TemporaryDirectory() as folder:
        # Use the modules that the program imports late, so that the workers needn't import them.
        first = make_service(folder).generate("First")
        asyncio.run(TinyDBStore(Path(folder)).find_client("uat", first.credential.client_id))
        TinyDBStore(Path(folder)).events(PLACE)
        for name in ("grammar", "run", "session", "commands.credentials", "commands.issuing"):
            import_module(f"credtui.cli.{name}")
        for name in ("cli.commands.operators", "service.operators", "domain.networks"):
            import_module(f"credtui.{name}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    orders = socket.socket(fileno=int(sys.argv[1]))
    while True:
        order, (*descriptors,), _, _ = socket.recv_fds(orders, 1 << 16, 1)
        if not order:
            return
        (writer,) = descriptors
        if pid := os.fork():
            os.close(writer)
            orders.send(str(pid).encode())
            continue
        orders.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        task, *arguments = json.loads(order)

        def report(what: object, writer: int = writer) -> None:
            os.write(writer, json.dumps(what).encode() + b"\n")

        try:
            globals()[task](report, *arguments)
        finally:
            sys.stderr.flush()
            os._exit(0)


if __name__ == "__main__":
    main()
