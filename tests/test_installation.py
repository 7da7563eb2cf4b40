from datetime import UTC, timedelta
from pathlib import Path

import pytest

from credtui.configuration import Settings
from credtui.domain.errors import InvalidConfigurationError, InvalidOrganizationError
from credtui.domain.place import Place
from credtui.domain.secrets import matches, recognise
from credtui.home import find_home
from credtui.installation import Installation, now, open_installation
from credtui.store.port import Store
from tests.stores import open_store, program_environ
from tests.support import ALICE, SteppedClock, seeded_bytes


def test_now_is_in_utc() -> None:
    assert now().tzinfo is UTC
    assert timedelta() <= now() - now() + timedelta(seconds=1) <= timedelta(seconds=2)


def test_open_credtui_without_a_file(tmp_path: Path) -> None:
    home = tmp_path / "not" / "there"
    installation = open_installation(environ=program_environ(home))
    assert installation.settings == Settings()
    assert installation.service(ALICE).page().credentials == ()
    assert not home.exists(), "looking at the page must not need to write"
    issued = installation.service(ALICE).generate("Payout")
    assert recognise(issued.secret.get_secret_value()) == "uat"
    assert open_store(home / "store").load(Place("uat", "acme")).credentials


def test_open_credtui_with_a_file_and_flags(tmp_path: Path) -> None:
    (tmp_path / "credtui.toml").write_text('organization = "globex"\nrotation_days = 30\n')
    installation = open_installation(
        environ=program_environ(tmp_path), flags={"environment": "production"}
    )
    service = installation.service(ALICE)
    assert installation.settings.rotation_days == 30
    assert service.organization == "globex"
    assert service.audience == "urn:ripplexcurrent-prod:globex"
    service.generate("Payout")
    assert open_store(tmp_path / "store").load(Place("production", "globex")).credentials


def test_open_credtui_in_a_given_home(tmp_path: Path) -> None:
    home, other = (program_environ(tmp_path / name) for name in ("home", "other"))
    installation = open_installation(home=find_home(home), environ=other)
    installation.service(ALICE).generate("Payout")
    assert open_installation(environ=home).service(ALICE).page().credentials
    assert not open_installation(environ=other).service(ALICE).page().credentials


def test_open_credtui_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "credtui.toml").write_text("colour = 1\n")
    with pytest.raises(InvalidConfigurationError, match="unknown key colour"):
        open_installation(environ=program_environ(tmp_path))


def test_service_for_another_place(store: Store, clock: SteppedClock) -> None:
    installation = Installation(Settings(), store, clock=clock, random_bytes=seeded_bytes())
    service = installation.service(ALICE, environment="production", organization="globex")
    issued = service.generate("Payout")
    assert recognise(issued.secret.get_secret_value()) == "prod"
    assert issued.credential.created_at == clock.now
    assert installation.service(ALICE).page().credentials == ()
    stored = store.load(Place("production", "globex")).credentials[0]
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
