"""TLS, in the modes that libpq has."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.domain.errors import StoreError
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from tests.cli.conftest import PROGRAM, in_process
from tests.postgres import certificates, programs
from tests.postgres.server import Server
from tests.store.postgres.everything import use_all
from tests.store.test_contract import ACME

HERE = "127.0.0.1"
REMOTE = "0.0.0.0"  # noqa: S104  # the same computer to Linux, and no loopback address to credtui


@dataclass(frozen=True)
class Encrypted:
    """A server with a certificate for db.example."""

    server: Server
    authority: Path
    another: Path

    def url(self, mode: str, *, name: str = "db.example", at: str = HERE, ca: str = "") -> str:
        """Return an address with a host's name, which isn't looked up."""
        root = f"&sslrootcert={ca or self.authority}" if mode.startswith("verify") else ""
        return (
            f"postgresql://postgres@{name}:{self.server.port}/postgres"
            f"?hostaddr={at}&sslmode={mode}{root}"
        )


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = certificates.authority()
    ours, another = folder / "ours.crt", folder / "another.crt"
    ours.write_bytes(authority.pem)
    another.write_bytes(certificates.authority().pem)
    certificate = certificates.server_certificate(authority, "db.example")
    with Server.create(binaries=programs.debian_15(), tls=certificate) as server:
        migrate(server.url())
        yield Encrypted(server, ours, another)


def hazards(url: str) -> list[str]:
    store = PostgresStore(url)
    try:
        return list(store.hazards())
    finally:
        store.close()


def test_everything_works_with_verify_full(encrypted: Encrypted) -> None:
    store = PostgresStore(encrypted.url("verify-full"))
    use_all(store, ACME, 1)
    store.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (lambda it: it.url("verify-full", name="db2.example"), "does not match host name"),
        (lambda it: it.url("verify-full", ca=str(it.another)), "certificate verify failed"),
        (lambda it: it.url("verify-ca", ca=str(it.another)), "certificate verify failed"),
        (lambda it: it.url("verify-full", ca="/nowhere"), 'file "/nowhere" does not exist'),
    ],
)
def test_another_server_is_refused_in_a_sentence(
    encrypted: Encrypted, tmp_path: Path, url: object, reason: str
) -> None:
    address = url(encrypted)  # type: ignore[operator]
    with pytest.raises(StoreError, match=reason):
        PostgresStore(address).load(ACME)
    environ = {"PATH": os.environ["PATH"], "CREDTUI_HOME": str(tmp_path)}
    ran = in_process([*PROGRAM, "store", "status", address], environ)
    assert (ran.status, ran.out, ran.err.count("\n")) == (ExitCode.UNAVAILABLE, "", 1)
    assert ran.err.startswith("credtui: The database postgres at db")
    assert reason in ran.err


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca"])
def test_a_remote_server_that_proves_nothing_is_a_hazard(encrypted: Encrypted, mode: str) -> None:
    (hazard,) = hazards(encrypted.url(mode, at=REMOTE))
    assert hazard == (
        "The connection to the database doesn't prove which server answers "
        f"(sslmode={mode}): use sslmode=verify-full."
    )
    assert hazards(encrypted.url(mode)) == [], "on this computer, nobody is in between"


def test_the_mode_may_come_from_the_environment(
    encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = encrypted.url("verify-full", at=REMOTE).replace("sslmode=verify-full", "a=b")
    url = url.replace("&a=b", "")
    monkeypatch.setenv("PGSSLMODE", "require")
    assert "sslmode=require" in hazards(url.partition("&sslrootcert")[0])[0]
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert hazards(url) == []


def test_verify_full_is_no_hazard(encrypted: Encrypted) -> None:
    assert hazards(encrypted.url("verify-full", at=REMOTE)) == []


def test_status_tells_of_tls(encrypted: Encrypted, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "CREDTUI_HOME": str(tmp_path)}
    for mode, tls in (("verify-full", True), ("disable", False)):
        ran = in_process(
            [*PROGRAM, "store", "status", "--json", encrypted.url(mode, at=REMOTE)], environ
        )
        assert (ran.json["tls"], ran.json["sslmode"]) == (tls, mode)
        assert len(ran.json["hazards"]) == (0 if tls else 1)
