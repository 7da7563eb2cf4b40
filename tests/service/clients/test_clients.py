"""Clients, their verified secrets and access tokens, at the moments when something changes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from credtui.domain.errors import StoreError
from credtui.domain.models import IssuedSecret
from credtui.domain.place import Place
from credtui.domain.secrets import RandomBytes
from credtui.service.clients.known import Client, Clients
from credtui.service.clients.tokens import AccessTokens
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.store import TinyDBStore
from tests.conftest import MakeService
from tests.support import PRODUCTION, SECRET, UAT, SteppedClock

ENVIRONMENTS = {"uat": UAT, "production": PRODUCTION}


@pytest.fixture
def clients(store: TinyDBStore) -> Iterator[Clients]:
    clients = Clients(store, ENVIRONMENTS, limit=2)
    yield clients
    clients.close()


@pytest.fixture
def issued(service: CredentialService) -> IssuedSecret:
    return service.generate("Payout gateway")


@pytest.fixture
def client_id(issued: IssuedSecret) -> str:
    return issued.credential.client_id


def found(clients: Clients, client_id: str) -> Client:
    client = clients.find("uat", client_id)
    assert client is not None
    return client


class TestClients:
    def test_a_client_is_found_and_then_recalled(self, clients: Clients, client_id: str) -> None:
        assert clients.recall("uat", client_id) is None
        client = found(clients, client_id)
        assert client.place == Place("uat", "acme")
        assert client.audience == "urn:ripplexcurrent-uat:acme"
        assert clients.recall("uat", client_id) is client
        assert clients.recall("production", client_id) is None

    def test_nothing_is_recalled_after_a_change(
        self, clients: Clients, client_id: str, service: CredentialService
    ) -> None:
        for _ in range(3):
            found(clients, client_id)
            service.rotate(client_id)
            assert clients.recall("uat", client_id) is None
        assert found(clients, client_id).credential.generation == 4

    def test_a_deleted_client_is_gone_even_if_its_index_entry_stayed(
        self, clients: Clients, service: CredentialService, store_folder: Path, client_id: str
    ) -> None:
        other = service.generate("Other").credential.client_id
        found(clients, other)
        service.delete(other)
        (store_folder / "uat" / ".clients" / other).symlink_to("acme")
        assert clients.recall("uat", other) is None
        assert clients.find("uat", other) is None
        found(clients, client_id)

    def test_an_entry_that_names_another_organization_finds_nothing(
        self, clients: Clients, make_service: MakeService, store_folder: Path, client_id: str
    ) -> None:
        make_service(organization="globex").generate("x")
        entry = store_folder / "uat" / ".clients" / client_id
        entry.unlink()
        entry.symlink_to("globex")
        assert clients.find("uat", client_id) is None

    def test_those_asked_for_last_are_remembered(
        self, clients: Clients, make_service: MakeService
    ) -> None:
        ids = [
            make_service(organization=name).generate("x").credential.client_id
            for name in ("a", "b", "c")
        ]
        for client_id in ids:
            found(clients, client_id)
        recalled = [clients.recall("uat", client_id) is not None for client_id in ids]
        assert recalled == [False, True, True]

    def test_networks_are_the_clients(self, clients: Clients, client_id: str) -> None:
        client = found(clients, client_id)
        assert client.may_come_from("203.0.113.9")
        client = client._replace(networks=("192.0.2.0/24", "2001:db8::/32"))
        assert client.may_come_from("192.0.2.7")
        assert client.may_come_from("2001:db8::7")
        assert not client.may_come_from("203.0.113.9")
        assert not client.may_come_from("unknown")


class TestVerifiedSecrets:
    @pytest.fixture
    def secrets(self, random_bytes: RandomBytes) -> VerifiedSecrets:
        return VerifiedSecrets(random_bytes, bcrypt_cost=4)

    def test_what_was_verified_is_remembered(
        self, secrets: VerifiedSecrets, clients: Clients, issued: IssuedSecret, client_id: str
    ) -> None:
        client = found(clients, client_id)
        assert not secrets.remembers(client, issued.secret)
        assert secrets.verify(client, issued.secret)
        assert secrets.remembers(client, issued.secret)

    @pytest.mark.parametrize("secret", [SECRET, SecretStr("x"), SecretStr("")])
    def test_what_is_wrong_is_not(
        self, secrets: VerifiedSecrets, clients: Clients, client_id: str, secret: SecretStr
    ) -> None:
        client = found(clients, client_id)
        assert not secrets.verify(client, secret)
        assert not secrets.remembers(client, secret)
        assert not secrets.verify(None, secret)

    def test_a_rotation_outdates_it(
        self,
        secrets: VerifiedSecrets,
        clients: Clients,
        service: CredentialService,
        issued: IssuedSecret,
        client_id: str,
    ) -> None:
        before = found(clients, client_id)
        assert secrets.verify(before, issued.secret)
        service.rotate(client_id)
        after = found(clients, client_id)
        assert not secrets.remembers(after, issued.secret)
        assert secrets.remembers_previous(after, issued.secret)
        assert not secrets.verify(after, issued.secret)

    def test_a_rotation_during_the_hash_outdates_it(
        self,
        secrets: VerifiedSecrets,
        clients: Clients,
        service: CredentialService,
        issued: IssuedSecret,
        client_id: str,
    ) -> None:
        """The hash is right about the record that was read, which is no longer the record."""
        before = found(clients, client_id)
        service.rotate(client_id)
        assert secrets.verify(before, issued.secret)
        assert not secrets.remembers(found(clients, client_id), issued.secret)

    def test_a_previous_secret_is_recognised(
        self,
        secrets: VerifiedSecrets,
        clients: Clients,
        service: CredentialService,
        issued: IssuedSecret,
        client_id: str,
    ) -> None:
        service.rotate(client_id)
        service.rotate(client_id)
        client = found(clients, client_id)
        assert not secrets.remembers_previous(client, issued.secret)
        assert secrets.verify_previous(client, issued.secret)
        assert secrets.remembers_previous(client, issued.secret)
        assert not secrets.remembers(client, issued.secret)
        assert not secrets.verify_previous(client, SECRET)

    def test_what_was_verified_first_is_forgotten_first(
        self,
        secrets: VerifiedSecrets,
        clients: Clients,
        service: CredentialService,
        issued: IssuedSecret,
        client_id: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("credtui.service.clients.verified._REMEMBERED", 2)
        all_issued = [issued, service.rotate(client_id), service.rotate(client_id)]
        client = found(clients, client_id)
        for one in all_issued:
            assert secrets.verify(client, one.secret) or secrets.verify_previous(client, one.secret)
        remembered = [
            secrets.remembers(client, one.secret) or secrets.remembers_previous(client, one.secret)
            for one in all_issued
        ]
        assert remembered == [False, True, True]


class TestAccessTokens:
    @pytest.fixture
    def tokens(self, store: TinyDBStore, random_bytes: RandomBytes) -> AccessTokens:
        return AccessTokens(store, 600, random_bytes)

    def test_a_token_says_what_it_was_issued_for(
        self, tokens: AccessTokens, clients: Clients, clock: SteppedClock, client_id: str
    ) -> None:
        client = found(clients, client_id)
        claims = tokens.read(tokens.issue(client, clock()), clock())
        assert claims is not None
        assert (claims.client_id, claims.environment, claims.generation) == (client_id, "uat", 1)
        assert claims.audience == client.audience
        assert claims.expiry == clock() + timedelta(seconds=600)
        assert tokens.counts(claims, client)

    def test_it_expires(
        self, tokens: AccessTokens, clients: Clients, clock: SteppedClock, client_id: str
    ) -> None:
        token = tokens.issue(found(clients, client_id), clock())
        clock.advance(timedelta(seconds=599))
        assert tokens.read(token, clock()) is not None
        clock.advance(timedelta(seconds=1))
        assert tokens.read(token, clock()) is None

    def test_it_counts_for_its_generation_only(
        self,
        tokens: AccessTokens,
        clients: Clients,
        clock: SteppedClock,
        service: CredentialService,
        client_id: str,
    ) -> None:
        claims = tokens.read(tokens.issue(found(clients, client_id), clock()), clock())
        assert claims is not None
        service.rotate(client_id)
        assert not tokens.counts(claims, found(clients, client_id))
        assert not tokens.counts(claims, None)

    def test_revoking_one_leaves_others(
        self, tokens: AccessTokens, clients: Clients, clock: SteppedClock, client_id: str
    ) -> None:
        client = found(clients, client_id)
        one, other = (tokens.read(tokens.issue(client, clock()), clock()) for _ in range(2))
        assert one is not None
        assert other is not None
        tokens.revoke(one, clock())
        assert not tokens.counts(one, client)
        assert tokens.counts(other, client)

    def test_another_key_signs_nothing_here(
        self, tokens: AccessTokens, clients: Clients, clock: SteppedClock, client_id: str
    ) -> None:
        token = tokens.issue(found(clients, client_id), clock())
        said = jwt.decode(token, options={"verify_signature": False})
        for forged in (
            jwt.encode(said, "x" * 32, algorithm="HS256"),
            jwt.encode(said, "", algorithm="none"),
            token[:-4] + "AAAA",
        ):
            assert tokens.read(forged, clock()) is None


class TestUsageRecorder:
    def test_uses_of_previous_secrets_are_counted_anew_after_a_rotation(
        self,
        store: TinyDBStore,
        clients: Clients,
        service: CredentialService,
        clock: SteppedClock,
        client_id: str,
    ) -> None:
        recorder = UsageRecorder(store)
        for _ in range(3):
            service.rotate(client_id)
            for _ in range(2):
                recorder.record_previous_secret(found(clients, client_id), "10.0.0.2", clock())
        recorder.write()
        use = store.usage(Place("uat", "acme"))[client_id].previous_secret
        assert use is not None
        assert (use.generation, use.count) == (4, 2)

    def test_what_can_not_be_written_is_kept(
        self,
        store: TinyDBStore,
        store_folder: Path,
        clients: Clients,
        clock: SteppedClock,
        client_id: str,
    ) -> None:
        recorder = UsageRecorder(store)
        client = found(clients, client_id)
        assert recorder.last_address(client) is None
        in_the_way = store_folder / "uat" / ".usage"
        in_the_way.write_text("")
        recorder.record_token(client, "10.0.0.1", clock())
        recorder.record_previous_secret(client, "10.0.0.2", clock())
        with pytest.raises(StoreError):
            recorder.write()
        recorder.record_token(client, "10.0.0.3", clock())
        recorder.record_previous_secret(client, "10.0.0.4", clock())
        in_the_way.unlink()
        recorder.write()
        recorder.write()
        usage = store.usage(client.place)[client_id]
        assert usage.issued_lately(clock()) == 2
        assert usage.last_used_at == clock()
        assert usage.last_used_from == recorder.last_address(client) == "10.0.0.3"
        assert usage.previous_secret is not None
        assert usage.previous_secret.count == 2
        assert usage.previous_secret.last_from == "10.0.0.4"
