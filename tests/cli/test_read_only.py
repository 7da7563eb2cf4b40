"""Commands where nothing can be written, such as on a backup."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from credtui.cli.exit_codes import ExitCode
from tests.cli.conftest import PROGRAM, Credtui
from tests.terminal import restrained, seal


def test_what_only_looks_works_and_what_changes_is_refused(
    credtui: Credtui, environ: Mapping[str, str], home: Path
) -> None:
    credtui("generate", "One")
    looks = (("list", "--json"), ("show", "One"), ("audit",), ("audit", "--verify"))
    told = [credtui(*words).out for words in looks]
    lock = home / "store" / "uat" / "acme.lock"
    lock.unlink()  # as in a backup
    seal(home / "store")

    def ran(*words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [*restrained(), *PROGRAM, *words],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    assert [ran(*words) for words in looks] == [(ExitCode.OK, out, "") for out in told]
    sentence = f"credtui: Can't use {lock}: permission denied. Nothing was changed.\n"
    assert ran("rotate", "One") == (ExitCode.UNAVAILABLE, "", sentence)
