"""A new secret reaches standard output, or is marked as never seen."""

import functools
import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.domain.permissions import Actor
from credtui.installation import open_installation
from tests.cli.conftest import PROGRAM, Credtui
from tests.store.tinydb.tracing import needs_strace


@pytest.fixture
def client_id(credtui: Credtui) -> str:
    return str(credtui("generate", "Payout gateway", "--json").json["client_id"])


@pytest.fixture
def full_disk() -> Iterator[TextIO]:
    with Path("/dev/full").open("w") as file:
        yield file


def rotate(environ: Mapping[str, str], stdout: TextIO | int | None) -> tuple[int, str]:
    done = subprocess.run(
        [*PROGRAM, "rotate", "Payout gateway"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


def test_a_written_secret_is_confirmed(credtui: Credtui, client_id: str) -> None:
    facts = credtui("show", client_id, "--json").json
    assert (facts["secret_state"], facts["confirmed"]) == ("delivered", True)
    event = credtui("audit", "--json").json["events"][0]
    assert (event["action"], event["detail"]) == ("confirm secret", "delivered")


def test_a_secret_that_cannot_be_written_stays_unconfirmed(
    credtui: Credtui, client_id: str, environ: Mapping[str, str], full_disk: TextIO
) -> None:
    status, err = rotate(environ, full_disk)
    assert status == ExitCode.UNDELIVERED
    assert f"rotate {client_id} again" in err
    facts = credtui("show", client_id, "--json").json
    assert (facts["generation"], facts["confirmed"]) == (2, False)
    assert (facts["secret_state"], facts["on_screen"]) == ("never seen", None)
    assert "secret never seen" in credtui("list").out


class _ReaderLeaves:
    """A standard output whose reader leaves between the check and the write."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        raise OSError

    def write(self, _: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self) -> None:
        pass


def test_a_reader_who_leaves_at_the_last_moment(
    credtui: Credtui, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", _ReaderLeaves())
        assert credtui("rotate", client_id).status == ExitCode.UNDELIVERED
    assert credtui("show", client_id, "--json").json["confirmed"] is False


class _MeanwhileDone(io.StringIO):
    """A standard output. Somebody makes a change right after a secret was written to it."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def flush(self) -> None:
        if self.getvalue() and not self.closed:
            meanwhile, self._meanwhile = self._meanwhile, lambda: None
            meanwhile()


def test_a_credential_that_somebody_rotates_meanwhile(
    credtui: Credtui, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = open_installation().service(Actor(operator="rita"))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", _MeanwhileDone(lambda: service.rotate(client_id)))
        ran = credtui("rotate", client_id)
    assert ran.status == ExitCode.UNDELIVERED
    assert "is not valid any more" in ran.err
    assert "Nothing was changed" not in ran.err
    facts = credtui("show", client_id, "--json").json
    assert (facts["generation"], facts["confirmed"]) == (3, False)


def test_a_permission_that_is_taken_meanwhile(
    credtui: Credtui, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators = open_installation().operator_service(Actor(operator="rita"))
    with monkeypatch.context() as patch:
        add = functools.partial(operators.add, "rita", representative=True)
        patch.setattr(sys, "stdout", written := _MeanwhileDone(add))
        ran = credtui("rotate", client_id)
    assert ran.status == 0
    assert written.getvalue().startswith("csk_uat_")
    assert "may stay marked as never seen" in ran.err


def test_without_a_reader_nothing_is_changed(
    credtui: Credtui, client_id: str, environ: Mapping[str, str]
) -> None:
    """`rotate ID | no-such-program` must not cost the previous secret."""
    reader, writer = os.pipe()
    os.close(reader)
    status, err = rotate(environ, writer)
    os.close(writer)
    assert status == ExitCode.USAGE
    assert "Nothing was changed" in err
    assert credtui("show", client_id, "--json").json["generation"] == 1


def _read_only() -> int:
    return os.open(os.devnull, os.O_RDONLY)


def _wrong_end_of_a_pipe() -> int:
    reader, writer = os.pipe()
    os.close(writer)
    return reader


def _socket_whose_other_end_is_closed() -> int:
    ours, theirs = socket.socketpair()
    theirs.close()
    return ours.detach()


@pytest.mark.parametrize(
    "opened", [_read_only, _wrong_end_of_a_pipe, _socket_whose_other_end_is_closed]
)
def test_where_standard_output_takes_nothing_nothing_is_changed(
    credtui: Credtui, client_id: str, environ: Mapping[str, str], opened: Callable[[], int]
) -> None:
    descriptor = opened()
    status, err = rotate(environ, descriptor)
    os.close(descriptor)
    assert status == ExitCode.USAGE
    assert "Nothing was changed" in err
    assert credtui("show", client_id, "--json").json["generation"] == 1


def test_with_standard_output_closed_nothing_is_changed(
    credtui: Credtui, client_id: str, environ: Mapping[str, str]
) -> None:
    line = f"exec {sys.executable} -m credtui rotate {client_id} >&-"
    done = subprocess.run(["/bin/sh", "-c", line], env=environ, check=False, timeout=60)
    assert done.returncode == ExitCode.USAGE
    assert credtui("show", client_id, "--json").json["generation"] == 1


def test_with_standard_error_closed_the_secret_arrives(
    credtui: Credtui, client_id: str, environ: Mapping[str, str]
) -> None:
    line = f"exec {sys.executable} -m credtui rotate {client_id} 2>&-"
    done = subprocess.run(
        ["/bin/sh", "-c", line], env=environ, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert done.stdout.startswith(b"csk_uat_")
    assert done.stdout.count(b"\n") == 1


@pytest.mark.parametrize("gone", ["full disk", "no reader"])
def test_with_standard_error_unwritable_the_secret_arrives(
    credtui: Credtui, client_id: str, environ: Mapping[str, str], full_disk: TextIO, gone: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*PROGRAM, "rotate", client_id],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=full_disk if gone == "full disk" else writer,
        check=False,
        timeout=60,
    )
    os.close(writer)
    assert done.returncode == 0
    assert done.stdout.startswith(b"csk_uat_")
    facts = credtui("show", client_id, "--json").json
    assert (facts["generation"], facts["confirmed"]) == (2, True)


def test_a_list_that_nobody_reads_ends_quietly(
    credtui: Credtui, client_id: str, environ: Mapping[str, str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*PROGRAM, "list"],
        env=environ,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (ExitCode.BROKEN_PIPE, b"")


def test_a_list_on_a_full_disk_says_so(
    credtui: Credtui, client_id: str, environ: Mapping[str, str], full_disk: TextIO
) -> None:
    done = subprocess.run(
        [*PROGRAM, "list"],
        env=environ,
        stdout=full_disk,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == ExitCode.UNAVAILABLE
    assert done.stderr == "credtui: can't write the output: no space left on device.\n"


@pytest.mark.files
@needs_strace
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("words", [("rotate", "Payout gateway"), ("generate", "Another")])
def test_a_signal_after_the_change_waits_for_the_secret(
    credtui: Credtui,
    client_id: str,
    environ: Mapping[str, str],
    tmp_path: Path,
    name: str,
    words: tuple[str, str],
) -> None:
    """The signal arrives when the store's file has been renamed."""
    trace = ["strace", "-f", "-o", str(tmp_path / "trace")]
    inject = ["-e", "trace=rename", "-e", f"inject=rename:signal={name}:when=1"]
    done = subprocess.run(
        [*trace, *inject, *PROGRAM, *words],
        env={**environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ".acme.json.new" in (tmp_path / "trace").read_text()
    assert done.stdout.startswith("csk_uat_")
    assert done.returncode == (ExitCode.INTERRUPTED if name == "SIGINT" else -getattr(signal, name))
    assert credtui("show", words[1], "--json").json["confirmed"]
