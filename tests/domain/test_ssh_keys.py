"""SSH public keys."""

import base64
import subprocess
from pathlib import Path

import pytest

from credtui.domain.errors import InvalidKeyError
from credtui.domain.ssh_keys import parse_public_key
from tests.terminal import need_program


def line(type_: str, *fields: bytes) -> str:
    """A key's line, whatever its fields."""
    parts = (type_.encode(), *fields)
    data = b"".join(len(part).to_bytes(4) + part for part in parts)
    return f"{type_} {base64.b64encode(data).decode()}"


ED25519 = line("ssh-ed25519", bytes(range(32)))
OTHER = line("ssh-ed25519", bytes(range(1, 33)))
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"


@pytest.mark.parametrize(
    "options",
    [
        ("-t", "ed25519"),
        ("-t", "rsa", "-b", "2048"),
        ("-t", "ecdsa", "-b", "256"),
        ("-t", "ecdsa", "-b", "384"),
        ("-t", "ecdsa", "-b", "521"),
    ],
    ids=" ".join,
)
def test_as_openssh_makes_them(tmp_path: Path, options: tuple[str, ...]) -> None:
    program = need_program("ssh-keygen")
    path = tmp_path / "key"
    subprocess.run([program, "-q", "-N", "", "-C", "bob@host", "-f", path, *options], check=True)
    public = path.with_name("key.pub")
    key = parse_public_key(public.read_text())
    shown = subprocess.run(
        [program, "-l", "-f", public], capture_output=True, text=True, check=True
    )
    assert key.fingerprint == shown.stdout.split()[1]
    assert key.comment == "bob@host"
    assert key.line == public.read_text().strip()


@pytest.mark.parametrize(
    "text",
    [
        line("sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"),
        line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", bytes(65), b"ssh:"),
    ],
)
def test_keys_on_a_token(text: str) -> None:
    assert parse_public_key(text).line == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "one line"),
        (PRIVATE, "private key"),
        (f"{ED25519}\n{OTHER}", "one line"),
        (f"{ED25519}\u2028{OTHER}", "one line"),
        (f'command="sh" {ED25519}', "without options"),
        (f"restrict,pty {ED25519}", "without options"),
        (f"# {ED25519}", "without options"),
        ("nonsense", "begins with its type"),
        (line("ssh-dss", bytes(64)), "begins with its type"),
        ("ssh-ed25519", "not such a key"),
        ("ssh-ed25519 AAAA", "not such a key"),
        ("ssh-ed25519 ====", "not such a key"),
        ("ssh-ed25519 !!!!", "not such a key"),
        (ED25519[:-4], "not such a key"),
        (ED25519.replace("ssh-ed25519", "ssh-rsa"), "not such a key"),
        (line("ssh-ed25519", bytes(31)), "not such a key"),
        (line("ssh-ed25519", bytes(32), b"more"), "not such a key"),
        (line("ssh-rsa", b"\x01\x00\x01", b"\x00\xff" + bytes(127)), "not such a key"),
        (line("ecdsa-sha2-nistp256", b"nistp384", bytes(65)), "not such a key"),
        (line("ecdsa-sha2-nistp256", b"nistp256", bytes(64)), "not such a key"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "begins with its type"),
    ],
)
def test_what_is_no_key(text: str, reason: str) -> None:
    with pytest.raises(InvalidKeyError, match=reason) as caught:
        parse_public_key(text)
    assert "\n" not in str(caught.value)


def test_a_comment_is_only_text() -> None:
    key = parse_public_key(f"{ED25519} \x1b[31mred {'x' * 100}")
    assert key.comment.startswith("\ufffd[31mred")
    assert len(key.comment) == 60
