"""The scan that other tests rely on does find a secret."""

import base64
import gzip
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from credtui.domain.secrets import generate_secret
from tests.secrets_scan import assert_no_secret, found_in
from tests.support import SECRET, SECRET_HASH, make_credential, seeded_bytes

PLAIN = SECRET.get_secret_value()

WRITTEN: dict[str, bytes] = {
    "plain": PLAIN.encode(),
    "in JSON": b'{"CLIENT_SECRET": "' + PLAIN.encode() + b'"}',
    "in binary": b"\x00\xff" + PLAIN.encode() + b"\x00",
    "body alone": PLAIN.removeprefix("csk_uat_").encode(),
    "cut": PLAIN[:40].encode(),
    "the end": PLAIN[-30:].encode(),
    "broken in two lines": PLAIN[:28].encode() + b"\n" + PLAIN[28:].encode(),
    "backwards": PLAIN[::-1].encode(),
    "percent-encoded": quote(PLAIN).encode(),
    "every byte percent-encoded": "".join(f"%{byte:02X}" for byte in PLAIN.encode()).encode(),
    "hexadecimal": PLAIN.encode().hex().encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "list of bytes": repr(list(PLAIN.encode())).encode(),
    "compressed": gzip.compress(b"x" * 1000 + PLAIN.encode()),
    **{
        f"base64 after {before} characters": base64.b64encode(b"c" * before + PLAIN.encode())
        for before in (0, 1, 2, 3, 21)
    },
    "HTTP Basic": base64.b64encode(b"cid_0123456789abcdef:" + PLAIN.encode()),
    "base64 for URLs": base64.urlsafe_b64encode(b"\xff\xfb" + PLAIN.encode()),
    "base64 of the body": base64.b64encode(b"abcd" + PLAIN[8:].encode() + b"efg"),
}


@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN)
def test_found_in_a_file(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "down" / ".hidden"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"before " + content if content[:2] != b"\x1f\x8b" else content)
    assert found_in(SECRET, tmp_path) == [str(file)]
    with pytest.raises(AssertionError, match=r"a secret is in .*\.hidden"):
        assert_no_secret(SECRET, tmp_path)


def test_found_in_a_file_s_name(tmp_path: Path) -> None:
    (tmp_path / f"{PLAIN}.txt").touch()
    assert found_in(SECRET, tmp_path)


def test_not_found_where_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "hash").write_text(SECRET_HASH.get_secret_value())
    (tmp_path / "credential").write_text(make_credential().model_dump_json())
    (tmp_path / "other").write_text(generate_secret("uat", seeded_bytes(8)).get_secret_value())
    assert_no_secret(SECRET, tmp_path)


def test_a_folder_that_is_not_there_is_no_proof(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nothing was searched"):
        assert_no_secret(SECRET, tmp_path / "missing")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize(
    ("arguments", "environ", "name"),
    [([PLAIN], {}, "cmdline"), ([], {"X": PLAIN}, "environ"), ([], {}, None)],
)
def test_found_in_a_process(
    arguments: list[str], environ: dict[str, str], name: str | None
) -> None:
    program = "print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", program, *arguments],
        env={**os.environ, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = found_in(SECRET, processes=[process.pid])
        process.communicate(b"\n")
    assert found == ([f"/proc/{process.pid}/{name}"] if name else [])
