"""How look-ups for clients share questions to the database."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from credtui.domain.client import Client
from credtui.domain.errors import ClientNotAuthenticatedError, StoreCorruptError, StoreError
from credtui.domain.models import IssuedSecret
from credtui.service.clients.service import ClientService
from credtui.service.credentials import CredentialService
from credtui.store.postgres import lookups
from credtui.store.postgres.lookups import LINES, Batches
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from tests.postgres.server import Server
from tests.support import ALICE, SECRET, UAT, SteppedClock, make_credential, seeded_bytes

ADDRESS = "203.0.113.9"


class Answering:
    """Answers questions once a test lets it: with the question itself, or with an error."""

    def __init__(self) -> None:
        self.batches: list[Sequence[str]] = []
        self.error: Exception | None = None
        self._may_answer = asyncio.Semaphore(0)

    async def __call__(self, questions: Sequence[str]) -> Sequence[str | Exception]:
        self.batches.append(questions)
        await self._may_answer.acquire()
        if self.error:
            raise self.error
        return [ValueError(each) if each == "odd" else each.upper() for each in questions]

    def answer(self, batches: int = 1) -> None:
        for _ in range(batches):
            self._may_answer.release()


async def settle() -> None:
    """Let everything run that is ready."""
    for _ in range(10):
        await asyncio.sleep(0)


class TestBatches:
    async def test_a_question_is_never_added_to_a_batch_that_has_begun(self) -> None:
        answering = Answering()
        batches = Batches(answering)
        asked = [asyncio.create_task(batches.ask(name)) for name in ("a", "b")]
        await settle()
        asked += [asyncio.create_task(batches.ask(name)) for name in ("c",)]
        await settle()
        # All lines are busy, so these wait for the next batch.
        asked += [asyncio.create_task(batches.ask(name)) for name in ("d", "e", "f")]
        await settle()
        assert answering.batches == [["a", "b"], ["c"]]
        assert len(answering.batches) == LINES
        answering.answer()
        await settle()
        assert answering.batches == [["a", "b"], ["c"], ["d", "e", "f"]]
        answering.answer(2)
        assert await asyncio.gather(*asked) == ["A", "B", "C", "D", "E", "F"]

    async def test_one_that_asks_while_nothing_is_asked_does_not_wait(self) -> None:
        answering = Answering()
        batches = Batches(answering)
        for name in ("a", "b"):
            answering.answer()
            assert await batches.ask(name) == name.upper()
        assert answering.batches == [["a"], ["b"]]

    async def test_who_asks_again_as_the_last_line_ends_is_answered(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lookups, "LINES", 1)

        async def answer(questions: Sequence[str]) -> Sequence[str]:
            return questions

        batches = Batches(answer)
        async with asyncio.timeout(10):
            for name in ("a", "b", "c"):
                assert await batches.ask(name) == name

    async def test_who_goes_takes_no_answer_from_others(self) -> None:
        answering = Answering()
        batches = Batches(answering)
        asked = [asyncio.create_task(batches.ask(name)) for name in ("a", "b", "c")]
        await settle()
        asked[1].cancel()
        answering.answer()
        assert (await asked[0], await asked[2]) == ("A", "C")
        assert asked[1].cancelled()

    async def test_an_error_reaches_all_who_wait_for_an_answer(self) -> None:
        answering = Answering()
        batches = Batches(answering)
        asked = [asyncio.create_task(batches.ask(name)) for name in ("a", "b")]
        await settle()
        asked.append(asyncio.create_task(batches.ask("c")))
        await settle()
        asked.append(asyncio.create_task(batches.ask("d")))
        await settle()
        answering.error = StoreError("It can't be reached.")
        answering.answer(2)
        for one in asked:
            with pytest.raises(StoreError, match="can't be reached"):
                await one
        assert answering.batches == [["a", "b"], ["c"]], "nobody waits for the same error again"
        answering.error = None
        answering.answer()
        assert await batches.ask("e") == "E"

    async def test_a_question_without_an_answer_spares_the_others(self) -> None:
        answering = Answering()
        batches = Batches(answering)
        asked = [asyncio.create_task(batches.ask(name)) for name in ("a", "odd", "c")]
        answering.answer()
        with pytest.raises(ValueError, match="odd"):
            await asked[1]
        assert (await asked[0], await asked[2]) == ("A", "C")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server.create(settings={"log_statement": "all"}) as server:
        migrate(server.url())
        yield server


class Counted:
    """A token endpoint's service, and the statements that its look-ups have sent."""

    def __init__(self, server: Server, store: PostgresStore, clients: ClientService) -> None:
        self.clients = clients
        self._server = server
        self._store = store
        self._seen = self._statements()

    def take(self) -> int:
        """Return how many statements were sent since the last call."""
        before, self._seen = self._seen, self._statements()
        return self._seen - before

    def _statements(self) -> int:
        return self._server.log.count("SELECT why_not, revoked")


@pytest.fixture
def store(server: Server) -> Iterator[PostgresStore]:
    store = PostgresStore(server.url())
    yield store
    store.close()


@pytest.fixture
def issued(store: PostgresStore) -> IssuedSecret:
    return service(store).generate("Payout gateway")


def service(store: PostgresStore, organization: str = "acme") -> CredentialService:
    return CredentialService(
        store,
        UAT,
        organization,
        ALICE,
        clock=SteppedClock(),
        random_bytes=seeded_bytes(len(organization)),
        bcrypt_cost=4,
    )


@pytest.fixture
async def counted(
    server: Server, store: PostgresStore, issued: IssuedSecret
) -> AsyncIterator[Counted]:
    clients = ClientService(
        store,
        {"uat": UAT},
        token_lifetime=3600,
        introspection_clients=[issued.credential.client_id],
        clock=SteppedClock(),
        random_bytes=seeded_bytes(2),
        bcrypt_cost=4,
    )
    async with clients:
        yield Counted(server, store, clients)


class TestStatements:
    """Each request asks once for each client that it names."""

    async def test_a_known_client(self, counted: Counted, issued: IssuedSecret) -> None:
        clients, client_id = counted.clients, issued.credential.client_id
        client = await clients.authenticate(client_id, issued.secret, ADDRESS)
        # One finds the client, one is for strangers, and one follows bcrypt.
        assert counted.take() == 3
        for address in (ADDRESS, "203.0.113.10"):
            client = await clients.authenticate(client_id, issued.secret, address)
            assert counted.take() == 1
        token = clients.issue(client, issued.audience, ADDRESS)
        assert await clients.read(token)
        assert counted.take() == 1
        assert await clients.introspect(client, token)
        assert counted.take() == 1
        await clients.revoke(client, token)
        assert counted.take() == 0
        assert await clients.read(token) is None
        assert counted.take() == 1

    async def test_a_stranger(self, counted: Counted, issued: IssuedSecret) -> None:
        for client_id in (make_credential(9).client_id, issued.credential.client_id):
            with pytest.raises(ClientNotAuthenticatedError):
                await counted.clients.authenticate(client_id, SECRET, ADDRESS)
            # The second is for a Client ID that nobody has, whether or not the first was found.
            assert counted.take() == 2

    async def test_what_arrives_together_shares_a_statement(
        self, counted: Counted, issued: IssuedSecret
    ) -> None:
        clients, client_id = counted.clients, issued.credential.client_id
        client = await clients.authenticate(client_id, issued.secret, ADDRESS)
        tokens = [clients.issue(client, issued.audience, ADDRESS) for _ in range(50)]
        counted.take()
        answers = await asyncio.gather(
            *(clients.authenticate(client_id, issued.secret, ADDRESS) for _ in range(50)),
            *(clients.read(token) for token in tokens),
        )
        assert all(answers)
        assert counted.take() == 1


async def test_a_damaged_client_spares_the_others(store: PostgresStore, server: Server) -> None:
    one, other = (service(store, name).generate("Batch").credential for name in ("acme", "globex"))
    server.execute("ALTER TABLE credtui.credential DISABLE TRIGGER ALL")
    server.execute(
        "UPDATE credtui.credential SET retired = '[{}]' WHERE client_id = %s", [one.client_id]
    )
    damaged, found = await asyncio.gather(
        store.find_client("uat", one.client_id),
        store.find_client("uat", other.client_id),
        return_exceptions=True,
    )
    assert isinstance(damaged, StoreCorruptError)
    assert found is not None
    assert not isinstance(found, BaseException)
    assert found.client_id == other.client_id


async def test_nobody_waits_long_for_a_server_that_hangs(
    server: Server, issued: IssuedSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "PATIENCE", 0.3)
    store = PostgresStore(f"{server.url()}?connect_timeout=2")
    client_id = issued.credential.client_id

    async def find() -> Client | None:
        return await store.find_client("uat", client_id)

    assert await find()
    server.pause()
    try:
        asked: list[asyncio.Task[Client | None]] = []
        # One line has a connection, and one opens its own. The third batch waits for a line.
        for _ in range(3):
            asked += [asyncio.create_task(find()) for _ in range(9)]
            await settle()
        said = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(each, StoreError) for each in said)
        late = "no answer in time"
        assert [late in str(each) for each in said] == [*[True] * 9, *[False] * 9, *[True] * 9]
    finally:
        server.resume()
    assert await find()
    store.close()
