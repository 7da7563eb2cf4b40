"""A real sshd on the loopback address, with configuration and keys of its own."""

import grp
import os
import pwd
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from credtui.domain.permissions import Actor, Permission
from credtui.installation import Installation, open_installation
from tests.stores import program_environ
from tests.terminal import TIMEOUT, Terminal, need_program

ACCOUNT = pwd.getpwuid(os.getuid()).pw_name
LOCAL = Actor(operator="rita", channel="command line")


class Ran(NamedTuple):
    """The status and the output of a command that ran on the host."""

    status: int
    out: str
    err: str


class Host:
    """A host: sshd, an account that keeps credtui's data, and the keys of clients."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "data"
        self.port = _free_port()
        self.account_home = folder / "home"
        self.account_home.mkdir()
        self.log = folder / "sshd.log"
        self.configuration = folder / "etc" / "ssh" / "sshd_config"
        self._ssh = need_program("ssh")
        self._sshd: subprocess.Popen[bytes] | None = None
        self._masters: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}

    @property
    def installation(self) -> Installation:
        """The installation on the host."""
        return open_installation(environ=program_environ(self.home))

    def make_key(self, name: str, *options: str) -> str:
        """Make a pair of keys, and return the public one."""
        path = self.folder / name
        generate = [need_program("ssh-keygen"), "-q", "-N", "", "-C", f"{name}@laptop"]
        kind = options or ("-t", "ed25519")
        subprocess.run([*generate, "-f", str(path), *kind], check=True)
        return path.with_name(f"{name}.pub").read_text().strip()

    def start(self, *extra: str) -> None:
        """Start sshd.

        Args:
            extra: More lines of its configuration.
        """
        # sshd runs a program for keys only if it, and all folders above it, belong to root and only
        # root can write them. That is so for env, and needn't be so for this Python.
        program = f"/usr/bin/env {sys.executable} -m credtui --home {self.home}"
        self.start_with(
            "AuthorizedKeysFile none",
            f"AuthorizedKeysCommand {program} authorized-keys %u %t %k",
            f"AuthorizedKeysCommandUser {ACCOUNT}",
            *extra,
        )

    def configure(self, *lines: str) -> None:
        """Write a configuration of sshd that ends with these lines."""
        if not (self.folder / "host_key").exists():
            self.make_key("host_key")
        first = [
            f"ListenAddress 127.0.0.1:{self.port}",
            f"HostKey {self.folder / 'host_key'}",
            "PidFile none",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "LogLevel VERBOSE",
            # The shell reads .bashrc there before a forced command. The account's own .bashrc must
            # not change a test.
            f"SetEnv HOME={self.account_home}",
        ]
        self.configuration.parent.mkdir(parents=True, exist_ok=True)
        self.configuration.write_text("\n".join([*first, *lines]) + "\n")

    def start_with(self, *lines: str) -> None:
        """Start sshd with these lines at the end of its configuration."""
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.configure(*lines)
        self._sshd = sshd = subprocess.Popen(
            [need_program("sshd"), "-D", "-f", self.configuration, "-E", self.log]
        )
        _wait_for(self._listens, lambda: sshd.poll() is None)

    def connect(self, key: str) -> None:
        """Open a connection that later commands with this key share."""
        if key in self._masters:
            return
        path = str(self.folder / f"{key}.line")
        words = self.words(key, options=["-M", "-N", "-S", path])
        master = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        self._masters[key] = path, master
        _wait_for(Path(path).exists, lambda: master.poll() is None)

    def stop(self) -> None:
        """Stop sshd, and close the connections that are open."""
        for _, master in self._masters.values():
            master.terminate()
            master.wait(TIMEOUT)
        if self._sshd:
            self._sshd.terminate()
            self._sshd.wait(TIMEOUT)

    def words(self, key: str, *words: str, options: Sequence[str] = ()) -> list[str]:
        """Return the command line of a client that connects with a key."""
        return [
            self._ssh,
            *("-F", "none", "-p", str(self.port), "-i", str(self.folder / key)),
            *("-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            *("-o", "LogLevel=ERROR"),
            *(("-S", self._masters[key][0]) if key in self._masters else ()),
            *options,
            "--",
            f"{ACCOUNT}@127.0.0.1",
            *words,
        ]

    def ssh(
        self,
        key: str,
        *words: str,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        typed: str = "",
    ) -> Ran:
        """Run a command on the host, and return its status and output."""
        done = subprocess.run(
            self.words(key, *words, options=options),
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **(env or {})},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def portal(self, key: str, *words: str) -> Terminal:
        """Open the portal from a terminal."""
        need_terminals_of_sshd()
        return Terminal(self.words(key, *words, options=["-t"]), env={"HOME": str(self.folder)})

    def sessions(self) -> list[str]:
        """Return the command lines of the sessions that run on the host."""
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return [line for line in lines if "ssh-session" in line and str(self.home) in line]

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host that isn't started yet."""
    host = Host(tmp_path)
    try:
        yield host
    finally:
        host.stop()


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host")


@pytest.fixture(scope="module")
def bastion(shared_folder: Path) -> Iterator[Host]:
    """A started host with a representative rita, alice who may edit acme, and bob who may view."""
    host = Host(shared_folder)
    operators = host.installation.operator_service(LOCAL)
    operators.add("rita", keys=[host.make_key("rita")], representative=True)
    for organization in ("acme", "globex"):
        operators.create_organization(organization, "uat")
    operators.add("alice", keys=[host.make_key("alice")], permissions={"acme": Permission.CAN_EDIT})
    operators.add("bob", keys=[host.make_key("bob")], permissions={"acme": Permission.CAN_VIEW})
    host.make_key("mallory")
    host.start()
    try:
        yield host
    finally:
        host.stop()


@pytest.fixture
def empty(bastion: Host) -> Host:
    """The host, without the credentials that other tests left in the organization acme."""
    service = bastion.installation.service(LOCAL)
    for credential in service.page().credentials:
        service.delete(credential.client_id, typed_name=credential.name)
    return bastion


def need_terminals_of_sshd() -> None:
    """If sshd can't give terminals, skip the test, or fail it in CI. Root's sshd always can."""
    if os.getuid() == 0:
        return
    ours, theirs = os.openpty()
    owned = os.fstat(theirs).st_gid == grp.getgrnam("tty").gr_gid
    os.close(ours)
    os.close(theirs)
    if not owned:
        reason = "/dev/pts is mounted without gid=5: only root's sshd can give terminals here"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def _wait_for(holds: Callable[[], bool], goes_on: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert goes_on(), "it has ended"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def _free_port() -> int:
    """Return a free port.

    It is below the ports that the system gives to clients, so no client takes it before sshd does.
    """
    first = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]
    while True:
        port = secrets.choice(range(10_000, int(first)))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
