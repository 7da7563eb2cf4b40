"""Follows docs/ssh.md, command by command.

The commands run as they stand in the page, but in a folder. SUBSTITUTIONS lists the paths and names
that are replaced. The programs in `stand_ins` replace those that would change the computer that
runs the tests.
"""

import grp
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.ssh.conftest import ACCOUNT, Host, need_terminals_of_sshd
from tests.terminal import Terminal, need_program

REPOSITORY = Path(__file__).parents[2]
GUIDE = (REPOSITORY / "docs" / "ssh.md").read_text()
BLOCKS = re.findall(r"^```(\w+) ?([\w ]*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
GROUP = grp.getgrgid(os.getgid()).gr_name

SUBSTITUTIONS = [
    # sshd runs a program only from folders that only root can write. That is so for env.
    ("AuthorizedKeysCommand /opt", "AuthorizedKeysCommand /usr/bin/env /opt"),
    ("/opt/credtui", "{root}/opt/credtui"),
    ("/var/lib/credtui", "{root}/var/lib/credtui"),
    ("/etc/ssh/", "{root}/etc/ssh/"),
    # All accounts of the page are the account that runs the tests.
    ("Match User credtui", f"Match User {ACCOUNT}"),
    ("AuthorizedKeysCommandUser credtui", f"AuthorizedKeysCommandUser {ACCOUNT}"),
    ("-o root -g root", f"-o {ACCOUNT} -g {GROUP}"),
    ("-o credtui -g credtui", f"-o {ACCOUNT} -g {GROUP}"),
    ("credtui@bastion", f"{ACCOUNT}@bastion"),
    ("alice@bastion", f"{ACCOUNT}@bastion"),
]


def blocks(language: str, label: str = "") -> list[str]:
    return [text for kind, marked, text in BLOCKS if (kind, marked) == (language, label)]


class Guided(Host):
    """The host that the guide sets up, and the computers from which people use it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        for folder in ("bin", "etc/ssh/sshd_config.d", "opt", "var/lib", "work", "home/.local/bin"):
            (root / folder).mkdir(parents=True)
        (root / "work" / "credtui").symlink_to(REPOSITORY)
        for name in ("rita", "alice", "bob"):
            public = self.make_key(name)
            (root / "work" / f"{name}.pub").write_text(public + "\n")
        self._write_stand_ins()

    def run(self, block: str, who: str = "rita") -> str:
        """Run a block of the guide as a person, and return its standard output."""
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", self.adapted(block)],
            cwd=self.root / "work",
            env=self.environment(who),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done
        return done.stdout

    def open(self, block: str, who: str) -> Terminal:
        """Run a block in a terminal."""
        need_terminals_of_sshd()
        words = ["/bin/sh", "-eu", "-c", self.adapted(block)]
        return Terminal(words, cwd=self.root / "work", env=self.environment(who))

    def adapted(self, block: str) -> str:
        for text, other in SUBSTITUTIONS:
            block = block.replace(text, other.replace("{root}", str(self.root)))
        return block

    def environment(self, who: str) -> Mapping[str, str]:
        return {
            "PATH": f"{self.root}/bin:{self.root}/home/.local/bin:{os.environ['PATH']}",
            "HOME": str(self.root / "home"),
            "WHO": who,
            # The stand-in for python3 brings the packages that pip would fetch.
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def _write_stand_ins(self) -> None:
        root, site = self.root, Path(os.__file__).parent
        packages = "\n".join(path for path in sys.path if path.endswith("site-packages"))
        venv_packages = f"lib/{site.name}/site-packages/tests.pth"
        if os.getuid() == 0:
            # Run the real program on account files in the folder.
            for name in ("passwd", "group", "shadow", "gshadow"):
                (root / "etc" / name).touch()
            useradd = f'exec {need_program("useradd")} --prefix {root} "$@"'
        else:
            useradd = "exit 0"
        installed = Path(sys.executable).with_name("credtui")
        stand_ins = {
            "sudo": 'if [ "$1" = -u ]; then shift 2; fi; exec "$@"',
            "apt-get": '[ "$1 $2" = "install --yes" ]',
            "useradd": useradd,
            # Use the packages of the tests in place of those that pip would install.
            "python3": f'"{sys.executable}" "$@" && echo "{packages}" > "$3/{venv_packages}"',
            # Link the script that is installed for the tests.
            "pipx": f'[ "$*" = "install ./credtui" ] && ln -s {installed} ~/.local/bin/credtui',
            "sshd": f'exec {need_program("sshd")} -f {root}/etc/ssh/sshd_config "$@"',
            "systemctl": '[ "$*" = "reload ssh" ]',
            "ssh": f'exec {need_program("ssh")} -F {root}/ssh_config -i "{root}/$WHO" "$@"',
        }
        for name, script in stand_ins.items():
            path = root / "bin" / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        (root / "ssh_config").write_text(
            "Host bastion.example.com\n"
            f"HostName 127.0.0.1\nPort {self.port}\nBatchMode yes\nIdentitiesOnly yes\n"
            "IdentityAgent none\nStrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n"
            "LogLevel ERROR\n"
        )


@pytest.fixture
def guided(tmp_path: Path) -> Iterator[Guided]:
    guided = Guided(tmp_path)
    try:
        yield guided
    finally:
        guided.stop()


def test_every_block_is_run_below() -> None:
    known = {
        ("sh", ""),
        ("sh", "alice"),
        ("sh", "alice terminal"),
        ("sh", "personal"),
        ("sh", "personal terminal"),
        ("text", ""),
    }
    assert {(kind, label) for kind, label, _ in BLOCKS} == known


def test_the_guide(guided: Guided) -> None:
    install, account, representative, tell_sshd, manage = blocks("sh")
    guided.run(install)
    guided.run(account)
    data = guided.root / "var/lib/credtui/data"
    assert data.stat().st_mode & 0o777 == 0o700
    if os.getuid() == 0:
        assert "/var/lib/credtui:/bin/sh" in (guided.root / "etc/passwd").read_text()
    guided.run(representative)

    include = f"Include {guided.root}/etc/ssh/sshd_config.d/*.conf"
    guided.configure(include)
    guided.run(tell_sshd)
    guided.start_with(include)

    managed = guided.run(manage)
    assert managed.startswith("acme\n")
    assert re.search(r"^alice +acme: Can Edit +SHA256:", managed, re.MULTILINE)
    assert re.search(r"^bob +acme: Can View +SHA256:", managed, re.MULTILINE)
    assert re.search(r"rita \(ssh from 127\.0\.0\.1\)  add operator done  bob", managed)

    (used,) = blocks("sh", "alice")
    secret, _, rest = guided.run(used, "alice").partition("\n")
    assert secret.startswith("csk_uat_")
    page, end = json.JSONDecoder().raw_decode(rest)
    assert [credential["name"] for credential in page["credentials"]] == ["Payout gateway"]
    assert re.fullmatch(
        r"\nAUDIENCE=urn:ripplexcurrent-uat:acme\nCLIENT_ID=cid_\w+\nCLIENT_SECRET=csk_uat_\w+\n"
        r"usage: credtui rotate .*",
        rest[end:],
        re.DOTALL,
    )

    (shown,) = blocks("text")
    type_, key, _ = (guided.root / "rita.pub").read_text().split()
    ask = "/opt/credtui/bin/credtui --home /var/lib/credtui/data authorized-keys"
    told = guided.run(f"{ask} {ACCOUNT} {type_} {key}")
    pattern = re.escape(guided.adapted(shown)).replace("…", r"[\w+/=]+")
    assert re.fullmatch(pattern, told)

    (portal,) = blocks("sh", "alice terminal")
    with guided.open(portal, "alice") as terminal:
        terminal.wait_for("New Credential")
        terminal.press("q")
        assert terminal.wait_exit() == 0


@pytest.mark.files
def test_the_guide_for_your_own_account(guided: Guided) -> None:
    (used,) = blocks("sh", "personal")
    out = guided.run(used, "alice")
    assert out.startswith("csk_uat_")
    assert out.endswith("Payout gateway\n")
    assert (guided.root / "home/.local/share/credtui/store/uat/acme.json").exists()
    guided.start_with(
        f"AuthorizedKeysFile {guided.root}/alice.pub",
        "StrictModes no",
    )
    (portal,) = blocks("sh", "personal terminal")
    with guided.open(portal, "alice") as terminal:
        terminal.wait_for("Payout gateway")
        terminal.press("q")
        assert terminal.wait_exit() == 0
