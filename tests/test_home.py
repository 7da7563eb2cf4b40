import os
import subprocess
import sys
from pathlib import Path

import pytest

from credtui.domain.errors import InvalidConfigurationError
from credtui.home import find_home


def test_credtui_home(tmp_path: Path) -> None:
    home = find_home({"CREDTUI_HOME": str(tmp_path)})
    assert home == (tmp_path / "credtui.toml", tmp_path / "store")


def test_credtui_home_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_home({"CREDTUI_HOME": "x"}).store_folder == tmp_path / "x" / "store"


def test_credtui_home_may_begin_with_a_tilde() -> None:
    home = find_home({"CREDTUI_HOME": "~/x"})
    assert home.store_folder == Path.home() / "x" / "store"


def test_credtui_home_of_an_unknown_user() -> None:
    with pytest.raises(InvalidConfigurationError) as refused:
        find_home({"CREDTUI_HOME": "~nobody-has-this-name/x"})
    assert str(refused.value) == (
        "environment variable CREDTUI_HOME: it must be a folder; not '~nobody-has-this-name/x'."
    )


def home_of(tmp_path: Path, *, uid: int | None = None, **environ: str) -> str:
    program = f"""
import os, platformdirs.unix
from credtui.configuration import load_settings
from credtui.domain.errors import CredtuiError
from credtui.home import find_home
os.setuid({os.getuid() if uid is None else uid})
try:
    home = find_home()
    load_settings(home.configuration_file)
    print(*home)
except CredtuiError as error:
    print(error)
"""
    path = os.pathsep.join(filter(None, sys.path))
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"], **environ},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout.strip()


def test_the_usual_folders(tmp_path: Path) -> None:
    configuration, store = home_of(tmp_path, HOME=str(tmp_path)).split()
    assert Path(configuration).name == "credtui.toml"
    assert Path(store).name == "store"
    for path in (configuration, store):
        assert Path(path).is_relative_to(tmp_path)
        assert Path(path).parent.name == "credtui"


def test_without_home_the_password_file_tells(tmp_path: Path) -> None:
    configuration, store = home_of(tmp_path).split()
    assert Path(configuration).is_absolute()
    assert Path(store).is_absolute()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without an account")
def test_an_account_without_a_home(tmp_path: Path) -> None:
    assert home_of(tmp_path, uid=54321) == (
        "This account has no home folder; name one in the environment variable CREDTUI_HOME."
    )
    assert list(tmp_path.iterdir()) == []
