"""The table [server] of the configuration file."""

from pathlib import Path

import pytest

from credtui.configuration import ServerSettings, load_settings
from credtui.domain.errors import InvalidConfigurationError

CLIENT_ID = "cid_" + "a" * 16


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "credtui.toml"


def test_every_key(file: Path) -> None:
    assert load_settings(file, environ={}).server == ServerSettings()
    file.write_text(
        f"""[server]
        token_lifetime = 900
        trusted_proxies = ["10.0.0.0/24", "::1"]
        introspection_clients = ["{CLIENT_ID}"]
        keep_alive = 30
        """
    )
    assert load_settings(file, environ={}).server == ServerSettings(
        token_lifetime=900,
        trusted_proxies=["10.0.0.0/24", "::1/128"],
        introspection_clients=[CLIENT_ID],
        keep_alive=30,
    )
    assert len(ServerSettings.model_fields) == 4, "test the new key here, too"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("token_lifetime = 5", "server.token_lifetime must be a whole number of seconds from 60"),
        ("token_lifetime = '900'", "server.token_lifetime must be a whole number"),
        ("trusted_proxies = ['x']", "server.trusted_proxies.0 must be a list of networks"),
        ("trusted_proxies = ['10.0.0.1/24']", "server.trusted_proxies.0 must be a list"),
        ("trusted_proxies = '10.0.0.0/24'", "server.trusted_proxies must be a list of networks"),
        ("introspection_clients = ['x']", "introspection_clients.0 must be a list of the Client"),
        ("keep_alive = 0", "server.keep_alive must be a whole number of seconds from 1 to 3600"),
        ("keep_alive = 3601", "server.keep_alive must be a whole number of seconds from 1 to 3600"),
        ("port = 1", "unknown key server.port; allowed are token_lifetime, trusted_proxies"),
    ],
)
def test_a_wrong_value_is_explained(file: Path, text: str, sentence: str) -> None:
    file.write_text(f"[server]\n{text}\n")
    with pytest.raises(InvalidConfigurationError, match=sentence):
        load_settings(file, environ={})


def test_it_must_be_a_table(file: Path) -> None:
    file.write_text("server = 3\n")
    with pytest.raises(InvalidConfigurationError, match=r"server must be a table \[server\]"):
        load_settings(file, environ={})
