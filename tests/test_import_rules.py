"""The package keeps the rules of which room may import which, and a wrong import fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its rules."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check(copy: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_imports_there_are_keep_the_rules(copy: Path) -> None:
    checked = check(copy)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("server/endpoints.py", "credtui.store.port"),
        ("server/app.py", "credtui.store.tinydb.store"),
        ("tui/app.py", "credtui.store.port"),
        ("cli/commands/ssh_session.py", "credtui.store.port"),
        ("service/clients/service.py", "credtui.store.tinydb.client_files"),
        ("demo.py", "credtui.store.tinydb.store"),
        ("configuration.py", "credtui.store.postgres.migrate"),
        ("configuration.py", "credtui.store.tinydb.files"),
        ("installation.py", "credtui.store.tinydb.store"),
        ("home.py", "credtui.service.credentials"),
        ("service/credentials.py", "credtui.installation"),
        ("domain/client.py", "credtui.store.port"),
        ("store/port.py", "credtui.service.credentials"),
        ("tui/app.py", "credtui.server.app"),
    ],
)
def test_a_wrong_import_fails(copy: Path, module: str, imported: str) -> None:
    path = copy / "src" / "credtui" / module
    path.write_text(f"{path.read_text()}\nimport {imported}\n")
    checked = check(copy)
    assert checked.returncode == 1
    name = module.removesuffix(".py").replace("/", ".")
    assert f"credtui.{name} -> {imported}" in checked.stdout
