"""Clients, their verified secrets and access tokens, at the moments when something changes."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr
from typing_extensions import override

from credtui.domain.audit import Action
from credtui.domain.client import Client
from credtui.domain.errors import (
    AddressNotAllowedError,
    ClientNotAuthenticatedError,
    ForeignTokenError,
    MayNotIntrospectError,
    StoreError,
    TooManyRevocationsError,
    WrongAudienceError,
)
from credtui.domain.models import Handover, IssuedSecret, StoredCredential
from credtui.domain.place import Place
from credtui.domain.secrets import RandomBytes
from credtui.domain.usage import Caller, Usage, hour_of
from credtui.service.clients import usage_recorder
from credtui.service.clients.service import ClientService
from credtui.service.clients.throttle import REVOCATIONS
from credtui.service.clients.tokens import AccessTokens
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets
from credtui.service.credentials import CredentialService
from credtui.store.port import Store
from credtui.store.tinydb.store import TinyDBStore
from tests.conftest import MakeService
from tests.support import (
    ALICE,
    PRODUCTION,
    SECRET,
    UAT,
    SteppedClock,
    make_credential,
    seeded_bytes,
)

pytestmark = pytest.mark.each_store

ADDRESS = "203.0.113.9"

Find = Callable[[], Client]
"""Looks the client up."""


@pytest.fixture
def issued(service: CredentialService) -> IssuedSecret:
    return service.generate("Payout gateway")


@pytest.fixture
def client_id(issued: IssuedSecret) -> str:
    return issued.credential.client_id


@pytest.fixture
def find(store: Store, client_id: str) -> Find:
    def look_up() -> Client:
        client = asyncio.run(store.find_client("uat", client_id))
        assert client is not None
        return client

    return look_up


def test_networks_are_the_clients() -> None:
    client = Client(Place("uat", "acme"), make_credential(1))
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
        self, secrets: VerifiedSecrets, find: Find, issued: IssuedSecret
    ) -> None:
        client = find()
        assert not secrets.remembers(client, issued.secret)
        assert secrets.verify(client, issued.secret)
        assert secrets.remembers(client, issued.secret)

    @pytest.mark.parametrize("secret", [SECRET, SecretStr("x"), SecretStr("")])
    def test_what_is_wrong_is_not(
        self, secrets: VerifiedSecrets, find: Find, secret: SecretStr
    ) -> None:
        client = find()
        assert not secrets.verify(client, secret)
        assert not secrets.remembers(client, secret)
        assert not secrets.verify(None, secret)

    def test_a_rotation_outdates_it(
        self,
        secrets: VerifiedSecrets,
        find: Find,
        service: CredentialService,
        issued: IssuedSecret,
        client_id: str,
    ) -> None:
        before = find()
        assert secrets.verify(before, issued.secret)
        service.rotate(client_id)
        after = find()
        assert not secrets.remembers(after, issued.secret)
        assert not secrets.verify(after, issued.secret)

    def test_a_rotation_during_the_hash_outdates_it(
        self,
        secrets: VerifiedSecrets,
        find: Find,
        service: CredentialService,
        issued: IssuedSecret,
        client_id: str,
    ) -> None:
        """The record that was read has this hash, but the record on disk has another by now."""
        before = find()
        service.rotate(client_id)
        assert secrets.verify(before, issued.secret)
        assert not secrets.remembers(find(), issued.secret)

    def test_a_previous_secret_is_recognised(
        self,
        secrets: VerifiedSecrets,
        find: Find,
        service: CredentialService,
        issued: IssuedSecret,
        client_id: str,
    ) -> None:
        service.rotate(client_id)
        service.rotate(client_id)
        client = find()
        assert secrets.verify_previous(client, issued.secret)
        assert not secrets.remembers(client, issued.secret)
        assert not secrets.verify_previous(client, SECRET)
        assert not secrets.verify_previous(None, issued.secret)

    def test_what_was_presented_longest_ago_is_forgotten_first(
        self,
        random_bytes: RandomBytes,
        find: Find,
        service: CredentialService,
        issued: IssuedSecret,
        client_id: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("credtui.service.clients.verified._REMEMBERED", 2)
        secrets = VerifiedSecrets(random_bytes, bcrypt_cost=4)
        first = find()
        service.rotate(client_id)
        second_secret = service.rotate(client_id).secret
        second = find()
        third_secret = service.rotate(client_id).secret
        third = find()
        for client, secret in (
            (first, issued.secret),
            (second, second_secret),
            (first, issued.secret),
            (third, third_secret),
        ):
            assert secrets.verify(client, secret)
        assert secrets.remembers(first, issued.secret)
        assert not secrets.remembers(second, second_secret)
        assert secrets.remembers(third, third_secret)


class TestAccessTokens:
    CLIENT = Client(Place("uat", "acme"), make_credential(1))

    @pytest.fixture
    def tokens(self, random_bytes: RandomBytes) -> AccessTokens:
        return AccessTokens(b"k" * 32, 600, random_bytes)

    def test_a_token_says_what_it_was_issued_for(
        self, tokens: AccessTokens, clock: SteppedClock
    ) -> None:
        claims = tokens.read(tokens.issue(self.CLIENT, "urn:x:acme", clock()), clock())
        assert claims is not None
        assert (claims.client_id, claims.environment) == (self.CLIENT.client_id, "uat")
        assert claims.audience == "urn:x:acme"
        assert claims.expiry == clock() + timedelta(seconds=600)
        assert tokens.is_bound(claims, self.CLIENT.credential)

    def test_it_expires(self, tokens: AccessTokens, clock: SteppedClock) -> None:
        token = tokens.issue(self.CLIENT, "urn:x:acme", clock())
        clock.advance(timedelta(seconds=599))
        assert tokens.read(token, clock()) is not None
        clock.advance(timedelta(seconds=1))
        assert tokens.read(token, clock()) is None

    def test_it_is_bound_to_the_secret_and_to_nothing_else(
        self, tokens: AccessTokens, clock: SteppedClock
    ) -> None:
        claims = tokens.read(tokens.issue(self.CLIENT, "urn:x:acme", clock()), clock())
        assert claims is not None

        def bound(**changes: object) -> bool:
            changed: StoredCredential = self.CLIENT.credential.model_copy(update=changes)
            return tokens.is_bound(claims, changed)

        assert bound(name="Renamed", handover=Handover(how="sent"), generation=2)
        other = SecretStr("$2b$04$" + "x" * 53)
        assert not bound(secret_hash=other)
        other_key = AccessTokens(b"l" * 32, 600, seeded_bytes())
        assert not other_key.is_bound(claims, self.CLIENT.credential)

    def test_another_key_signs_nothing_here(
        self, tokens: AccessTokens, clock: SteppedClock
    ) -> None:
        token = tokens.issue(self.CLIENT, "urn:x:acme", clock())
        said = jwt.decode(token, options={"verify_signature": False})
        for forged in (
            jwt.encode(said, "x" * 32, algorithm="HS256"),
            jwt.encode(said, "", algorithm="none"),
            token[:-4] + "AAAA",
        ):
            assert tokens.read(forged, clock()) is None

    def test_one_that_an_earlier_version_issued_is_not_read(
        self, tokens: AccessTokens, clock: SteppedClock
    ) -> None:
        said = jwt.decode(
            tokens.issue(self.CLIENT, "urn:x:acme", clock()), options={"verify_signature": False}
        )
        del said["bind"]
        said["gen"] = 1
        assert tokens.read(jwt.encode(said, b"k" * 32, algorithm="HS256"), clock()) is None


class TestClientService:
    @pytest.fixture
    async def clients(
        self, store: Store, clock: SteppedClock, random_bytes: RandomBytes, client_id: str
    ) -> AsyncIterator[ClientService]:
        async with ClientService(
            store,
            {"uat": UAT, "production": PRODUCTION},
            token_lifetime=600,
            introspection_clients=[client_id],
            clock=clock,
            random_bytes=random_bytes,
            bcrypt_cost=4,
        ) as clients:
            yield clients

    @pytest.fixture
    async def client(self, clients: ClientService, issued: IssuedSecret) -> Client:
        return await clients.authenticate(issued.credential.client_id, issued.secret, ADDRESS)

    @pytest.fixture
    def token(self, clients: ClientService, client: Client, issued: IssuedSecret) -> str:
        return clients.issue(client, issued.audience, ADDRESS)

    async def test_a_client_gets_a_token_that_counts(
        self, clients: ClientService, client: Client, token: str, clock: SteppedClock
    ) -> None:
        claims = await clients.read(token)
        assert claims is not None
        assert claims.client_id == client.client_id
        clock.advance(timedelta(seconds=100))
        assert clients.seconds_left(claims) == 500
        assert await clients.introspect(client, token) == claims

    async def test_what_a_client_may_not_have(
        self,
        clients: ClientService,
        client: Client,
        token: str,
        make_service: MakeService,
    ) -> None:
        with pytest.raises(ClientNotAuthenticatedError, match="Unknown client, or wrong secret"):
            await clients.authenticate(client.client_id, SECRET, ADDRESS)
        with pytest.raises(ClientNotAuthenticatedError, match="mistyped or cut"):
            await clients.authenticate(client.client_id, SecretStr("x"), ADDRESS)
        with pytest.raises(WrongAudienceError, match="urn:ripplexcurrent-uat:acme"):
            clients.issue(client, "x", ADDRESS)
        issued = make_service(organization="globex").generate("x")
        other = await clients.authenticate(issued.credential.client_id, issued.secret, ADDRESS)
        with pytest.raises(MayNotIntrospectError):
            await clients.introspect(other, token)
        with pytest.raises(ForeignTokenError):
            await clients.revoke(other, token)
        assert await clients.read(token) is not None

    async def test_a_gateway_sees_tokens_of_its_own_environment_only(
        self, store: Store, token: str, make_service: MakeService, clock: SteppedClock
    ) -> None:
        gateway = make_service(environment=PRODUCTION).generate("Gateway")
        async with ClientService(
            store,
            {"uat": UAT, "production": PRODUCTION},
            token_lifetime=600,
            introspection_clients=[gateway.credential.client_id],
            clock=clock,
            random_bytes=seeded_bytes(2),
            bcrypt_cost=4,
        ) as clients:
            asking = await clients.authenticate(
                gateway.credential.client_id, gateway.secret, ADDRESS
            )
            assert await clients.introspect(asking, token) is None
            own = clients.issue(asking, gateway.audience, ADDRESS)
            assert await clients.introspect(asking, own) is not None

    async def test_a_client_of_another_network(
        self, clients: ClientService, store: Store, client: Client, issued: IssuedSecret
    ) -> None:
        with store.transaction(client.place) as held:
            held.organization = held.organization.set_networks(["192.0.2.0/24"])
            held.record(issued.credential.created_at, ALICE, Action.SET_NETWORKS)
        await clients.authenticate(client.client_id, issued.secret, "192.0.2.7")
        with pytest.raises(AddressNotAllowedError, match=f"acme does not allow .* from {ADDRESS}"):
            await clients.authenticate(client.client_id, issued.secret, ADDRESS)

    async def test_a_rotation_and_a_deletion_end_it(
        self, clients: ClientService, client: Client, token: str, service: CredentialService
    ) -> None:
        service.rename(client.client_id, "Renamed")
        assert await clients.read(token) is not None
        service.rotate(client.client_id)
        assert await clients.read(token) is None

    async def test_revoking_one_leaves_others(
        self, clients: ClientService, client: Client, token: str, issued: IssuedSecret
    ) -> None:
        other = clients.issue(client, issued.audience, ADDRESS)
        await clients.revoke(client, token)
        assert await clients.read(token) is None
        assert await clients.read(other) is not None
        await clients.revoke(client, "no token at all")

    async def test_a_client_may_revoke_so_many_tokens_a_minute(
        self,
        clients: ClientService,
        client: Client,
        token: str,
        issued: IssuedSecret,
        make_service: MakeService,
    ) -> None:
        for _ in range(REVOCATIONS.amount):
            await clients.revoke(client, token)
            await clients.revoke(client, "no token at all")
        kept = clients.issue(client, issued.audience, ADDRESS)
        with pytest.raises(TooManyRevocationsError) as refused:
            await clients.revoke(client, kept)
        assert 1 <= refused.value.seconds <= 60
        assert await clients.read(kept) is not None
        assert await clients.read(token) is None
        # What costs no file isn't limited, and each client has a limit of its own.
        await clients.revoke(client, "no token at all")
        other = make_service(organization="globex").generate("x")
        its_client = await clients.authenticate(other.credential.client_id, other.secret, ADDRESS)
        its_token = clients.issue(its_client, other.audience, ADDRESS)
        with pytest.raises(ForeignTokenError):
            await clients.revoke(client, its_token)
        await clients.revoke(its_client, its_token)
        assert await clients.read(its_token) is None

    @pytest.mark.files
    async def test_after_a_restore_a_token_of_the_lost_generation_is_dead(
        self,
        clients: ClientService,
        issued: IssuedSecret,
        service: CredentialService,
        store_folder: Path,
    ) -> None:
        """After the restore, a rotation makes a second secret with the same generation."""
        client_id = issued.credential.client_id
        backup = store_folder.with_name("backup")
        shutil.copytree(store_folder, backup)
        lost = service.rotate(client_id)
        client = await clients.authenticate(client_id, lost.secret, ADDRESS)
        token = clients.issue(client, lost.audience, ADDRESS)
        assert await clients.read(token) is not None
        shutil.copytree(backup, store_folder, dirs_exist_ok=True)
        assert await clients.read(token) is None
        again = service.rotate(client_id)
        assert again.credential.generation == lost.credential.generation
        assert await clients.read(token) is None

    async def test_a_revoked_token_stays_dead_when_a_clock_is_set_right(
        self,
        clients: ClientService,
        store: Store,
        client: Client,
        token: str,
        clock: SteppedClock,
        issued: IssuedSecret,
    ) -> None:
        await clients.revoke(client, token)
        right = clock()
        clock.advance(timedelta(days=400))
        ahead = clients.issue(client, issued.audience, ADDRESS)
        await clients.revoke(client, ahead)
        clock.advance(timedelta(days=1))
        store.sweep_revocations("uat", clock())
        clock.now = right
        assert await clients.read(token) is None
        # The sweep, made at a moment far ahead, revokes no token that is issued now.
        clock.advance()
        fresh = clients.issue(client, issued.audience, ADDRESS)
        assert await clients.read(fresh) is not None

    async def test_a_token_of_an_environment_that_is_not_served_does_not_count(
        self,
        store: Store,
        token: str,
        clock: SteppedClock,
        random_bytes: RandomBytes,
    ) -> None:
        async with ClientService(
            store,
            {"production": PRODUCTION},
            token_lifetime=600,
            introspection_clients=[],
            clock=clock,
            random_bytes=random_bytes,
            bcrypt_cost=4,
        ) as others:
            assert await others.read(token) is None

    async def test_usage_is_written_at_the_end(
        self,
        clients: ClientService,
        client: Client,
        issued: IssuedSecret,
        store: Store,
        clock: SteppedClock,
    ) -> None:
        clients.issue(client, issued.audience, ADDRESS)
        await clients.__aexit__(None, None, None)
        assert store.usage(client.place)[client.client_id].issued_lately(clock()) == 1


class SlowStore(TinyDBStore):
    """A store that adds usage once a test lets it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.adding = threading.Event()
        self.may_add = threading.Event()

    @override
    def add_usage(self, place: Place, usage: Mapping[str, Usage]) -> None:
        self.adding.set()
        assert self.may_add.wait(60)
        super().add_usage(place, usage)


class TestUsageRecorder:
    def test_of_too_many_that_wait_the_longest_unused_are_lost(
        self,
        tmp_path: Path,
        clock: SteppedClock,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(usage_recorder, "MAX_UNWRITTEN", 2)
        folder, credential = tmp_path / "away", make_credential(1)
        store = TinyDBStore(folder)
        recorder = UsageRecorder(store)
        for name in ("acme", "globex", "acme", "initech"):
            recorder.record_token(Client(Place("uat", name), credential), "10.0.0.1", clock())
            with pytest.raises(StoreError, match="is not there"):
                recorder.write()
        folder.mkdir()
        recorder.write()
        kept = [store.usage(Place("uat", name)) for name in ("acme", "globex", "initech")]
        counts = [sum(usage.issued.values()) for used in kept for usage in used.values()]
        assert (counts, kept[1]) == ([2, 1], {})
        assert "Uses of 1 credentials were not recorded" in caplog.text

    def test_two_that_write_at_once_write_each_use_once(
        self, tmp_path: Path, clock: SteppedClock
    ) -> None:
        store, client = SlowStore(tmp_path), Client(Place("uat", "acme"), make_credential(1))
        recorder = UsageRecorder(store)
        recorder.record_token(client, "10.0.0.1", clock())
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(recorder.write)
            assert store.adding.wait(60)
            other = pool.submit(recorder.write)
            with suppress(TimeoutError):
                other.result(0.1)
            store.may_add.set()
            one.result()
            other.result()
        assert store.usage(client.place)[client.client_id].issued_lately(clock()) == 1

    def test_callers_are_told_with_their_tokens_and_generation(
        self,
        store: Store,
        find: Find,
        service: CredentialService,
        clock: SteppedClock,
        client_id: str,
    ) -> None:
        recorder, other_process = UsageRecorder(store), UsageRecorder(store)
        first = clock()
        for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"):
            recorder.record_token(find(), address, first)
        other_process.record_token(find(), "10.0.0.2", first)
        service.rotate(client_id)
        rotated = clock()
        clock.advance(timedelta(hours=1))
        later = clock()
        recorder.record_token(find(), "10.0.0.1", later)
        other_process.write()
        recorder.write()
        usage = store.usage(Place("uat", "acme"))[client_id]
        assert usage.callers == (
            Caller(address="10.0.0.2", generation=1, last_at=first, issued={hour_of(first): 3}),
            Caller(
                address="10.0.0.1",
                generation=2,
                last_at=later,
                issued={hour_of(first): 2, hour_of(later): 1},
            ),
        )
        assert usage.issued == {hour_of(first): 5, hour_of(later): 1}
        assert (usage.last_used_from, usage.last_used_at) == ("10.0.0.1", later)
        assert usage.used_since(2, rotated)
        assert not usage.used_since(1, rotated)

    def test_one_batch_of_many_addresses_keeps_the_last(
        self, store: Store, find: Find, clock: SteppedClock, client_id: str
    ) -> None:
        recorder = UsageRecorder(store)
        for number in range(20):
            recorder.record_token(find(), f"10.0.0.{number}", clock())
        recorder.record_token(find(), "10.0.0.14", clock())
        recorder.write()
        usage = store.usage(Place("uat", "acme"))[client_id]
        assert [caller.address for caller in usage.callers] == [
            f"10.0.0.{number}" for number in (12, 13, 15, 16, 17, 18, 19, 14)
        ]
        assert usage.issued_lately(clock()) == 21

    def test_uses_of_previous_secrets_are_counted_anew_after_a_rotation(
        self,
        store: Store,
        find: Find,
        service: CredentialService,
        clock: SteppedClock,
        client_id: str,
    ) -> None:
        recorder = UsageRecorder(store)
        for _ in range(3):
            service.rotate(client_id)
            for _ in range(2):
                recorder.record_previous_secret(find(), "10.0.0.2", clock())
        recorder.write()
        use = store.usage(Place("uat", "acme"))[client_id].previous_secret
        assert use is not None
        assert (use.generation, use.count) == (4, 2)

    @pytest.mark.files
    def test_what_can_not_be_written_is_kept(
        self,
        store: Store,
        store_folder: Path,
        find: Find,
        clock: SteppedClock,
        client_id: str,
    ) -> None:
        recorder = UsageRecorder(store)
        client = find()
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
        assert [caller.address for caller in usage.callers] == ["10.0.0.1", "10.0.0.3"]
        assert usage.previous_secret is not None
        assert usage.previous_secret.count == 2
        assert usage.previous_secret.last_from == "10.0.0.4"
