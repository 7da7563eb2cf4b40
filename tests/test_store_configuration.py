"""The table [store] of the configuration file."""

from pathlib import Path

import pytest

from credtui.configuration import StoreSettings, load_settings
from credtui.domain.errors import CredtuiError, InvalidConfigurationError
from credtui.home import open_operator_keys

URL = "postgresql://credtui@db1:5432,db2:5433/credtui?sslmode=verify-full&passfile=/etc/pass"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "credtui.toml"


def test_every_key(file: Path) -> None:
    assert load_settings(file, environ={}).store == StoreSettings()
    file.write_text(f'[store]\nurl = "{URL}"\nrequire_synchronous = true\n')
    assert load_settings(file, environ={}).store == StoreSettings(url=URL, require_synchronous=True)
    assert len(StoreSettings.model_fields) == 2, "test the new key here, too"


def test_the_environment_variable_wins(file: Path) -> None:
    file.write_text('[store]\nurl = "postgresql:///a"\nrequire_synchronous = true\n')
    settings = load_settings(file, environ={"CREDTUI_STORE_URL": URL})
    assert settings.store == StoreSettings(url=URL, require_synchronous=True)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("url = 'mysql://x'", "store.url must be a URL that begins with postgresql://"),
        ("url = 'postgresql://a:hunter2@h/d'", "store.url must have no password"),
        ("url = 'postgresql://:hunter2@h/d'", "store.url must have no password"),
        ("url = 'postgres://h/d?password=hunter2'", "store.url must have no password"),
        ("url = 'postgres://h/d?a=b&%70assword=hunter2'", "store.url must have no password"),
        ("url = 'postgres://h/d?sslpassword=hunter2'", "store.url must have no password"),
        ("url = 'postgresql://h/hunter2 x'", "store.url must have no characters that"),
        ("url = 'postgresql://[hunter2/d'", "store.url must be a URL of libpq"),
        ("require_synchronous = 1", "store.require_synchronous must be true or false"),
        ("port = 1", "unknown key store.port; allowed are url, require_synchronous"),
    ],
)
def test_a_wrong_value_is_explained(file: Path, text: str, sentence: str) -> None:
    file.write_text(f"[store]\n{text}\n")
    with pytest.raises(InvalidConfigurationError, match=sentence) as refused:
        load_settings(file, environ={})
    assert str(refused.value).startswith(f"{file}: ")
    assert "hunter2" not in str(refused.value)


def test_a_wrong_variable_is_named(file: Path) -> None:
    with pytest.raises(InvalidConfigurationError) as refused:
        load_settings(file, environ={"CREDTUI_STORE_URL": "postgresql://a:hunter2@h"})
    assert str(refused.value).startswith("environment variable CREDTUI_STORE_URL: store.url must ")
    assert "hunter2" not in str(refused.value)


def test_it_must_be_a_table(file: Path) -> None:
    file.write_text("store = 3\n")
    with pytest.raises(InvalidConfigurationError, match=r"store must be a table \[store\]"):
        load_settings(file, environ={"CREDTUI_STORE_URL": URL})


@pytest.mark.parametrize(
    ("text", "way_in"),
    [
        ("theme = 3", "credtui.store.tinydb"),
        ("restored = [", "the file"),
        ("theme = 3\n[store]\nurl = 'postgresql://127.0.0.1:1/x'", "The database x at"),
        ("[store]\nrequire_synchronous = true", "credtui.store.tinydb"),
    ],
)
def test_sshd_s_question_reads_only_the_address(
    file: Path, tmp_path: Path, text: str, way_in: str
) -> None:
    file.write_text(text)
    if way_in == "credtui.store.tinydb":
        keys = open_operator_keys(str(file), str(tmp_path / "store"))
        assert type(keys).__module__.startswith(way_in)
        return
    with pytest.raises(CredtuiError) as refused:
        open_operator_keys(str(file), str(tmp_path / "store")).operators_for_key(b"x")
    assert ("must be TOML" if way_in == "the file" else way_in) in str(refused.value)
