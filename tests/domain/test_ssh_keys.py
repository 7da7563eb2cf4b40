"""SSH public keys."""

import base64
import subprocess
from pathlib import Path

import pytest

from credtui.domain.refusals import InvalidKeyError
from credtui.domain.ssh_keys import key_lines, parse_public_key
from tests.terminal import need_program


def line(type_: str, *fields: bytes) -> str:
    """A key's line, whatever its fields."""
    parts = (type_.encode(), *fields)
    data = b"".join(len(part).to_bytes(4) + part for part in parts)
    return f"{type_} {base64.b64encode(data).decode()}"


ED25519 = line("ssh-ed25519", bytes(range(32)))
OTHER = line("ssh-ed25519", bytes(range(1, 33)))
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"
PUTTY_PRIVATE = f"""\
PuTTY-User-Key-File-3: ssh-ed25519
Encryption: none
Comment: bob's key
Public-Lines: 2
{ED25519.split()[1]}
Private-Lines: 1
AAAAIHNlY3JldHNlY3JldHNlY3JldA==
Private-MAC: 0123
"""

PRIVATE_KEYS = {
    "OpenSSH": PRIVATE,
    "OpenSSH without its first line": PRIVATE.partition("\n")[2],
    "only the last line": "c2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n",
    "PuTTY 3": PUTTY_PRIVATE,
    "PuTTY 2": PUTTY_PRIVATE.replace("File-3", "File-2"),
    "PKCS 1": "-----BEGIN RSA PRIVATE KEY-----\nMIIEc2VjcmV0\n",
    "PKCS 1, encrypted": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nc2VjcmV0\n",
    "PKCS 8": "-----BEGIN PRIVATE KEY-----\nMIIEc2VjcmV0\n",
    "PKCS 8, encrypted": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIEc2VjcmV0\n",
    "PKCS 12 as text": "Bag Attributes\n  name: x\n-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n",
    "ssh.com": "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nc2VjcmV0\n",
    "SSH 1": "SSH PRIVATE KEY FILE FORMAT 1.1\n\0\0c2VjcmV0\n",
    "GnuPG": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQc2VjcmV0\n",
    "age": "# created: 2026\n# public key: age1x\nAGE-SECRET-KEY-1C2VJCMV0\n",
}


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
        (f"{ED25519}\r{OTHER}", "one line"),
        (f"{ED25519}\u2028{OTHER}", "not such a key"),
        (f"{ED25519}\n\ufeff{OTHER}", "one line"),
        (f'command="sh" {ED25519}', "without options"),
        (f"restrict,pty {ED25519}", "without options"),
        (f"# {ED25519}", "without options"),
        (f"host.example.com {ED25519}", "without options"),
        ("nonsense", "begins with its type"),
        (line("ssh-dss", bytes(64)), "begins with its type"),
        ("ssh-ed25519", "not such a key"),
        ("ssh-ed25519 AAAA", "not such a key"),
        ("ssh-ed25519 ====", "not such a key"),
        ("ssh-ed25519 !!!!", "not such a key"),
        (ED25519.replace(" ", " !"), "not such a key"),
        (ED25519[:-4], "not such a key"),
        (ED25519.replace("ssh-ed25519", "ssh-rsa"), "not such a key"),
        (line("ssh-ed25519", bytes(31)), "not such a key"),
        (line("ssh-ed25519", bytes(32), b"more"), "not such a key"),
        (line("ssh-rsa", b"\x01\x00\x01", b"\x00\xff" + bytes(127)), "not such a key"),
        (line("ssh-rsa", b"\x01\x00\x01", b"\x7f" + bytes(255)), "not such a key"),
        (line("ecdsa-sha2-nistp256", b"nistp384", bytes(65)), "not such a key"),
        (line("ecdsa-sha2-nistp256", b"nistp256", bytes(64)), "not such a key"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "certificate"),
        (f"cert-authority {ED25519}", "without options"),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----", "begins with its type"),
        (line("ecdsa-sha2-nistp384", b"nistp256", bytes(97)), "not such a key"),
        (line("ecdsa-sha2-nistp384", b"nistp384", bytes(96)), "not such a key"),
        (line("ecdsa-sha2-nistp521", b"nistp256", bytes(133)), "not such a key"),
        (line("ecdsa-sha2-nistp521", b"nistp521", bytes(132)), "not such a key"),
        (
            line("ecdsa-sha2-nistp256", b"nistp384", bytes(97)).replace("nistp256", "nistp384"),
            "not such a key",
        ),
        (line("sk-ssh-ed25519@openssh.com", bytes(31), b"ssh:"), "not such a key"),
        (
            line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp384", bytes(65), b"ssh:"),
            "not such a key",
        ),
    ],
)
def test_what_is_no_key(text: str, reason: str) -> None:
    with pytest.raises(InvalidKeyError, match=reason) as caught:
        parse_public_key(text)
    assert "\n" not in str(caught.value)


def test_white_space_around_a_key_does_not_count() -> None:
    assert parse_public_key(f"\n  {ED25519}\t bob  at home \r\n").line == f"{ED25519} bob at home"


def test_a_comment_is_only_text() -> None:
    key = parse_public_key(f"{ED25519} \x1b[31mred {'x' * 100}")
    assert key.comment.startswith("\ufffd[31mred")
    assert len(key.comment) == 60


@pytest.mark.parametrize("text", PRIVATE_KEYS.values(), ids=PRIVATE_KEYS)
@pytest.mark.parametrize("before", ["", "\ufeff", "\n", f"{ED25519}\n", f"{ED25519} "])
@pytest.mark.parametrize("end", ["\n", "\r\n", " "], ids=["LF", "CRLF", "pasted as one line"])
def test_a_private_key_is_named_so_and_not_repeated(text: str, before: str, end: str) -> None:
    with pytest.raises(InvalidKeyError, match="That is a private key") as caught:
        parse_public_key(before + text.replace("\n", end))
    assert "\n" not in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("ed25519", ()), ("rsa", ()), ("rsa", ("-m", "PEM")), ("rsa", ("-m", "PKCS8"))],
)
def test_what_another_program_exports_can_be_converted(
    tmp_path: Path, kind: str, options: tuple[str, ...]
) -> None:
    keygen = need_program("ssh-keygen")
    path = tmp_path / "key"
    subprocess.run([keygen, "-q", "-N", "", "-t", kind, "-f", path], check=True)
    exported = subprocess.run(
        [keygen, "-e", *options, "-f", path], capture_output=True, text=True, check=True
    ).stdout
    with pytest.raises(InvalidKeyError, match="convert it with ssh-keygen -i") as caught:
        parse_public_key(exported)
    (tmp_path / "FILE").write_text(exported)
    command = str(caught.value).partition("convert it with ")[2].removesuffix(".").split()
    converted = subprocess.run(
        [keygen, *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert parse_public_key(converted.stdout).data in path.with_suffix(".pub").read_text()


@pytest.mark.parametrize("separator", list("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))
def test_only_line_feed_and_carriage_return_end_a_line(separator: str) -> None:
    key = parse_public_key(f"{ED25519} bob{separator}laptop\r\n")
    assert key.comment == "bob\ufffdlaptop"
    assert parse_public_key(key.line) == key
    with pytest.raises(InvalidKeyError, match="not such a key"):
        parse_public_key(f"{ED25519}{separator}bob")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r", " \t\r\n\r\n"])
def test_a_byte_order_mark_and_the_ends_of_lines_are_no_part_of_a_key(end: str) -> None:
    assert parse_public_key(f"\ufeff{ED25519} bob  b{end}").line == f"{ED25519} bob b"


def test_the_lines_of_a_file() -> None:
    text = f"\ufeff# of bob\r\n{ED25519} a\u2028b\r\n\r\n  \t\n{OTHER} c\r# d\n"
    assert key_lines(text) == [f"{ED25519} a\u2028b", f"{OTHER} c"]
