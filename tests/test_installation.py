import os
import pwd
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from credtui.configuration import Settings, find_home
from credtui.domain.errors import InvalidConfigurationError, InvalidOrganizationError
from credtui.domain.place import Place
from credtui.domain.secrets import matches, recognise
from credtui.installation import Installation, local_actor, now, open_installation, open_store
from tests.support import ALICE, SECRET, SteppedClock, seeded_bytes


def user_name() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def test_local_actor_is_the_operating_system_s_user() -> None:
    # The environment says who somebody claims to be.
    actor = local_actor("command line", {"USER": "mallory", "LOGNAME": "mallory"})
    assert actor.operator == user_name()
    assert actor.address is None
    assert actor.fingerprint is None
    assert actor.channel == "command line"


@pytest.mark.parametrize(
    ("connection", "address"),
    [
        ("203.0.113.9 50000 198.51.100.1 22", "203.0.113.9"),
        ("2001:db8::9 50000 2001:db8::1 22", "2001:db8::9"),
        ("fe80::1%eth0 50000 fe80::2%eth0 22", "fe80::1%eth0"),
        ("", None),
        ("   ", None),
        ("::ffff:203.0.113.9 50000 ::1 22", "203.0.113.9"),
        ("2001:DB8:0::9 50000 2001:db8::1 22", "2001:db8::9"),
        ("fe80::1%\x1b[2J 1", "fe80::1"),
        ("fe80::1%aaaaaaaaaaaaaaaa 1", "fe80::1"),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("\x1b[2Jx 1", None),
        ("\udcff 1", None),
        (f"{SECRET.get_secret_value()} 50000", None),
        ("9" * 100_000, None),
    ],
)
def test_local_actor_has_the_address_of_an_ssh_client(connection: str, address: str | None) -> None:
    actor = local_actor("portal", {"SSH_CONNECTION": connection})
    assert actor.address == address
    assert actor.model_dump_json()


def test_now_is_in_utc() -> None:
    assert now().tzinfo is UTC
    assert timedelta() <= now() - now() + timedelta(seconds=1) <= timedelta(seconds=2)


def test_open_credtui_without_a_file(tmp_path: Path) -> None:
    home = tmp_path / "not" / "there"
    installation = open_installation(environ={"CREDTUI_HOME": str(home)})
    assert installation.settings == Settings()
    assert installation.service(ALICE).page().credentials == ()
    assert not home.exists(), "looking at the page must not need to write"
    issued = installation.service(ALICE).generate("Payout")
    assert recognise(issued.secret.get_secret_value()) == "uat"
    assert (home / "store" / "uat" / "acme.json").exists()


def test_open_credtui_with_a_file_and_flags(tmp_path: Path) -> None:
    (tmp_path / "credtui.toml").write_text('organization = "globex"\nrotation_days = 30\n')
    environ = {"CREDTUI_HOME": str(tmp_path)}
    installation = open_installation(environ=environ, flags={"environment": "production"})
    service = installation.service(ALICE)
    assert installation.settings.rotation_days == 30
    assert service.organization == "globex"
    assert service.audience == "urn:ripplexcurrent-prod:globex"
    service.generate("Payout")
    assert (tmp_path / "store" / "production" / "globex.json").exists()


def test_open_credtui_in_a_given_home(tmp_path: Path) -> None:
    home = find_home({"CREDTUI_HOME": str(tmp_path)})
    installation = open_installation(home=home, environ={"CREDTUI_HOME": "/nonexistent"})
    installation.service(ALICE).generate("Payout")
    assert home.store_folder.is_dir()


def test_open_credtui_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "credtui.toml").write_text("colour = 1\n")
    with pytest.raises(InvalidConfigurationError, match="unknown key colour"):
        open_installation(environ={"CREDTUI_HOME": str(tmp_path)})


def test_service_for_another_place(tmp_path: Path) -> None:
    clock = SteppedClock()
    installation = Installation(
        Settings(), open_store(tmp_path), clock=clock, random_bytes=seeded_bytes()
    )
    service = installation.service(ALICE, environment="production", organization="globex")
    issued = service.generate("Payout")
    assert recognise(issued.secret.get_secret_value()) == "prod"
    assert issued.credential.created_at == clock.now
    assert installation.service(ALICE).page().credentials == ()
    stored = open_store(tmp_path).load(Place("production", "globex")).credentials[0]
    assert matches(issued.secret, stored.secret_hash)
    assert stored.secret_hash.get_secret_value().startswith("$2b$10$")
    with pytest.raises(InvalidOrganizationError):
        installation.service(ALICE, organization="../etc")


def test_randomness_is_the_system_s_by_default(tmp_path: Path) -> None:
    secrets = {
        Installation(Settings(), open_store(tmp_path / name))
        .service(ALICE)
        .generate("Payout")
        .secret.get_secret_value()
        for name in ("one", "other")
    }
    assert len(secrets) == 2
