"""What is written for people and for programs."""

import errno
import sys
from datetime import UTC, datetime, timedelta

import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.cli.output import put, put_json, say
from credtui.cli.run import guarded
from credtui.cli.table import put_table
from credtui.cli.wording import days, minute
from tests.support import SECRET

Capture = pytest.CaptureFixture[str]


def test_columns_are_aligned_whatever_is_in_them(capsys: Capture) -> None:
    put_table(("ID", "NAME"), [("支払", "one"), ("e\u0301", "two"), ("é\x1b", ""), ("", "four")])
    assert capsys.readouterr().out.splitlines() == [
        "ID    NAME",
        "支払  one",
        "e\u0301     two",
        "é\ufffd",
        "      four",
    ]


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (10, ["ID  NAME", "x   yyyyyy", "    z"]),
        (9, ["ID    x", "NAME  yyyyyy", "", "NAME  z", ""]),
    ],
)
def test_columns_that_do_not_fit_become_blocks(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, columns: int, lines: list[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    put_table(("ID", "NAME"), [("x", "yyyyyy"), ("", "z")])
    assert capsys.readouterr().out.splitlines() == lines


def test_what_is_kept_is_shown_as_text(capsys: Capture) -> None:
    put("a\x1b[31m")
    say(f"b\x1b[31m {SECRET.get_secret_value()}")
    put_json({"name": "é\x1b"})
    out, err = capsys.readouterr()
    assert out == 'a\ufffd[31m\n{\n  "name": "\\u00e9\\u001b"\n}\n'
    assert err == "b\ufffd[31m [secret]\n"


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(hours=23), "0 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=1, hours=23), "1 day"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_ages_are_in_whole_days(age: timedelta, text: str) -> None:
    assert days(age) == text


def test_moments_are_to_the_minute() -> None:
    assert minute(datetime(2026, 3, 1, 9, 5, 59, tzinfo=UTC)) == "2026-03-01 09:05 UTC"


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_stream_is_no_error(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    """The stream is None if a shell started the program with `>&-`."""

    def work() -> int:
        put("result")
        put_json({})
        put_table(("ID",), [("x",)])
        say("message")
        return ExitCode.OK

    monkeypatch.setattr(sys, closed, None)
    assert guarded(work) == ExitCode.OK
    out, err = capsys.readouterr()
    assert (out, err) == ("", "message\n") if closed == "stdout" else ("result\n{}\nID\nx\n", "")


@pytest.mark.parametrize(
    ("number", "status"),
    [(errno.EIO, ExitCode.UNAVAILABLE), (errno.EPIPE, ExitCode.BROKEN_PIPE)],
)
def test_a_failure_beside_a_closed_standard_output_is_told(
    monkeypatch: pytest.MonkeyPatch, number: int, status: ExitCode
) -> None:
    def fail() -> int:
        raise OSError(number, "no use")

    monkeypatch.setattr(sys, "stdout", None)
    assert guarded(fail) == status
