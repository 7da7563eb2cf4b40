"""Refusals: what they cost, what they tell, and what they don't."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import bcrypt
import pytest
from pydantic import SecretStr

from credtui.domain.errors import ClientNotAuthenticatedError, TooManyGuessesError
from credtui.domain.models import IssuedSecret
from credtui.domain.place import Place
from credtui.domain.secrets import generate_secret
from credtui.service.clients.authentication import HELD_BACK, Authentication
from credtui.service.clients.throttle import AT_CLIENT, BY_ADDRESS
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets
from credtui.service.credentials import CredentialService
from credtui.store.port import Store
from credtui.store.tinydb import client_files
from tests.support import SteppedClock, seeded_bytes

pytestmark = pytest.mark.each_store

UNKNOWN = "cid_" + "x" * 16
STRANGERS = 10
"""The niceness of the threads that check strangers' secrets."""
SEARCH = 19
"""The niceness of the thread that looks for previous secrets."""

_random = seeded_bytes(99)


def guess() -> SecretStr:
    return generate_secret("uat", _random)


@pytest.fixture
def usage(store: Store) -> UsageRecorder:
    return UsageRecorder(store)


@pytest.fixture
async def authentication(
    store: Store, clock: SteppedClock, usage: UsageRecorder
) -> AsyncIterator[Authentication]:
    secrets = VerifiedSecrets(seeded_bytes(5), bcrypt_cost=4)
    authentication = Authentication(store, {"uat": "uat"}, secrets, usage, clock=clock)
    await authentication.start()
    yield authentication
    authentication.close()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The niceness of the thread in which each hash was computed."""
    seen: list[int] = []
    check = bcrypt.checkpw

    def checkpw(password: bytes, hashed: bytes) -> bool:
        matches = check(password, hashed)
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return matches

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    return seen


@pytest.fixture
def never_rotated(service: CredentialService) -> IssuedSecret:
    return service.generate("Never rotated")


@pytest.fixture
def rotated(service: CredentialService) -> tuple[str, SecretStr, SecretStr]:
    """A Client ID, a previous secret and the present one."""
    first = service.generate("Rotated")
    client_id = first.credential.client_id
    return client_id, first.secret, service.rotate(client_id).secret


@pytest.fixture
def searching_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the store search for each Client ID that its index lacks."""
    monkeypatch.setattr(client_files, "LOOK_EVERY", 0.0)


CLASSES = [
    "unknown Client ID",
    "never rotated",
    "rotated",
    "previous secret",
    "previous secret that was admitted",
    "previous secret that was refused elsewhere",
]


@pytest.fixture(params=CLASSES)
async def pair(
    request: pytest.FixtureRequest,
    authentication: Authentication,
    service: CredentialService,
    never_rotated: IssuedSecret,
    rotated: tuple[str, SecretStr, SecretStr],
) -> tuple[str, SecretStr]:
    """A Client ID and a secret that are refused."""
    client_id, previous, present = rotated
    match request.param:
        case "unknown Client ID":
            return UNKNOWN, guess()
        case "never rotated":
            return never_rotated.credential.client_id, guess()
        case "rotated":
            return client_id, guess()
        case "previous secret that was admitted":
            await authentication.admit(client_id, present, "10.9.9.9")
            service.rotate(client_id)
            return client_id, present
        case "previous secret that was refused elsewhere":
            await refuse(authentication, client_id, previous, "10.9.9.9")
            await searches(authentication)
    return client_id, previous


async def refuse(
    authentication: Authentication, client_id: str, secret: SecretStr, address: str
) -> None:
    with pytest.raises(ClientNotAuthenticatedError, match="Unknown client, or wrong secret"):
        await authentication.admit(client_id, secret, address)


async def searches(authentication: Authentication) -> None:
    """Wait until no previous secrets are looked for any more."""
    while authentication._refused._searches:  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(0.001)


@pytest.fixture
def hardly_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes an answer that tells to wait come soon."""
    monkeypatch.setattr("credtui.service.clients.authentication.HELD_BACK", 0.01)


@pytest.mark.usefixtures("hardly_held_back")
class TestEachRefusalIsTheSame:
    async def test_it_costs_the_same_hashes_in_the_same_threads(
        self, authentication: Authentication, pair: tuple[str, SecretStr], checks: list[int]
    ) -> None:
        await refuse(authentication, *pair, "10.0.0.1")
        await searches(authentication)
        assert checks == [STRANGERS, SEARCH, SEARCH]
        # Repeating it costs nothing.
        await refuse(authentication, *pair, "10.0.0.1")
        await searches(authentication)
        assert len(checks) == 3
        # But nobody learns from that what another has presented.
        await refuse(authentication, *pair, "10.0.0.2")
        await searches(authentication)
        assert checks == [STRANGERS, SEARCH, SEARCH] * 2

    @pytest.mark.usefixtures("never_rotated")
    async def test_the_same_secret_at_another_client_id_is_another_guess(
        self, authentication: Authentication, checks: list[int]
    ) -> None:
        secret = guess()
        for number in range(2):
            await refuse(authentication, f"cid_{number:016}", secret, "10.0.0.1")
            await searches(authentication)
        assert checks == [STRANGERS, SEARCH, SEARCH] * 2

    async def test_it_waits_for_the_pace(
        self, authentication: Authentication, pair: tuple[str, SecretStr]
    ) -> None:
        authentication._pace = 0.1
        for _ in range(2):
            began = time.monotonic()
            await refuse(authentication, *pair, "10.0.0.1")
            assert time.monotonic() - began >= 0.1

    async def test_it_counts_once_as_a_guess(
        self, authentication: Authentication, pair: tuple[str, SecretStr]
    ) -> None:
        address = "10.0.0.1"
        for _ in range(BY_ADDRESS.amount + 5):
            await refuse(authentication, *pair, address)
        for _ in range(BY_ADDRESS.amount - 1):
            await refuse(authentication, UNKNOWN, guess(), address)
        with pytest.raises(TooManyGuessesError):
            await authentication.admit(UNKNOWN, guess(), address)
        await refuse(authentication, *pair, address)

    @pytest.mark.files
    @pytest.mark.usefixtures("searching_always")
    async def test_it_makes_the_store_search(
        self,
        authentication: Authentication,
        pair: tuple[str, SecretStr],
        store_folder: Path,
    ) -> None:
        """A store with many organizations takes long to search for a Client ID it doesn't have."""
        await refuse(authentication, UNKNOWN, guess(), "10.9.9.9")
        # Listing a folder renews its time of access.
        folder = store_folder / "uat"
        status = folder.stat()
        os.utime(folder, ns=(status.st_atime_ns - 10**15, status.st_mtime_ns))
        before = folder.stat().st_atime_ns
        await refuse(authentication, *pair, "10.0.0.1")
        assert folder.stat().st_atime_ns != before


class TestPreviousSecrets:
    def uses(self, usage: UsageRecorder, store: Store, client_id: str) -> int:
        usage.write()
        use = store.usage(Place("uat", "acme"))[client_id].previous_secret
        return use.count if use else 0

    async def test_each_use_is_counted(
        self,
        authentication: Authentication,
        rotated: tuple[str, SecretStr, SecretStr],
        usage: UsageRecorder,
        store: Store,
    ) -> None:
        client_id, previous, _ = rotated
        attempts = [refuse(authentication, client_id, previous, "10.0.0.1") for _ in range(50)]
        await asyncio.gather(*attempts)
        for _ in range(10):
            await refuse(authentication, client_id, previous, "10.0.0.1")
            await refuse(authentication, client_id, guess(), "10.0.0.1")
        await searches(authentication)
        assert self.uses(usage, store, client_id) == 60

    async def test_their_users_keep_nobody_from_the_present_one(
        self,
        authentication: Authentication,
        rotated: tuple[str, SecretStr, SecretStr],
        checks: list[int],
    ) -> None:
        """Instances of a client share an address, and not all have the new secret yet."""
        client_id, previous, present = rotated
        for _ in range(2):
            attempts = [refuse(authentication, client_id, previous, "10.0.0.1") for _ in range(200)]
            await asyncio.gather(*attempts)
        await searches(authentication)
        admissions = [authentication.admit(client_id, present, "10.0.0.1") for _ in range(200)]
        await asyncio.gather(*admissions)
        assert len(checks) == 4

    async def test_one_that_waited_too_long_to_be_looked_for_is_examined_again(
        self,
        authentication: Authentication,
        rotated: tuple[str, SecretStr, SecretStr],
        checks: list[int],
        usage: UsageRecorder,
        store: Store,
    ) -> None:
        client_id, previous, _ = rotated
        lane = authentication._refused._lane
        lane._room, room = 0, lane._room
        await refuse(authentication, client_id, previous, "10.0.0.1")
        await searches(authentication)
        assert checks == [STRANGERS]
        lane._room = room
        await refuse(authentication, client_id, previous, "10.0.0.1")
        await searches(authentication)
        assert checks == [STRANGERS, STRANGERS, SEARCH, SEARCH]
        assert self.uses(usage, store, client_id) == 1


@pytest.mark.usefixtures("hardly_held_back")
class TestFamiliarAddresses:
    """An address from which a client was admitted, while others guess at the client."""

    @pytest.fixture
    async def guessed_at(
        self, authentication: Authentication, never_rotated: IssuedSecret
    ) -> IssuedSecret:
        """A client that nobody may guess at any more for a while."""
        for number in range(AT_CLIENT.amount):
            await refuse(
                authentication, never_rotated.credential.client_id, guess(), f"10.1.1.{number}"
            )
        return never_rotated

    async def test_strangers_must_wait(
        self, authentication: Authentication, guessed_at: IssuedSecret
    ) -> None:
        client_id = guessed_at.credential.client_id
        with pytest.raises(TooManyGuessesError):
            await authentication.admit(client_id, guessed_at.secret, "10.0.0.1")
        # Nobody must wait to be admitted as another client.
        await refuse(authentication, UNKNOWN, guess(), "10.0.0.1")

    async def test_it_is_familiar_once_the_client_was_admitted_from_it(
        self,
        authentication: Authentication,
        never_rotated: IssuedSecret,
        service: CredentialService,
        checks: list[int],
    ) -> None:
        client_id = never_rotated.credential.client_id
        await authentication.admit(client_id, never_rotated.secret, "10.0.0.1")
        for number in range(AT_CLIENT.amount):
            await refuse(authentication, client_id, guess(), f"10.1.1.{number}")
        await searches(authentication)
        checks.clear()
        present = service.rotate(client_id).secret
        await authentication.admit(client_id, present, "10.0.0.1")
        assert checks == [0]

    async def test_it_is_familiar_after_a_restart(
        self,
        authentication: Authentication,
        guessed_at: IssuedSecret,
        usage: UsageRecorder,
        store: Store,
        clock: SteppedClock,
        checks: list[int],
    ) -> None:
        client_id = guessed_at.credential.client_id
        client = await store.find_client("uat", client_id)
        assert client is not None
        usage.record_token(client, "10.0.0.1", clock())
        usage.write()
        await searches(authentication)
        checks.clear()
        await authentication.admit(client_id, guessed_at.secret, "10.0.0.1")
        assert checks == [0]

    async def test_it_has_limits_of_its_own(
        self, authentication: Authentication, never_rotated: IssuedSecret
    ) -> None:
        client_id, address = never_rotated.credential.client_id, "10.0.0.1"
        await authentication.admit(client_id, never_rotated.secret, address)
        for _ in range(BY_ADDRESS.amount):
            await refuse(authentication, UNKNOWN, guess(), address)
        for _ in range(BY_ADDRESS.amount):
            await refuse(authentication, client_id, guess(), address)
        with pytest.raises(TooManyGuessesError):
            await authentication.admit(client_id, guess(), address)
        await authentication.admit(client_id, never_rotated.secret, address)


@pytest.mark.usefixtures("never_rotated")
class TestHeldBack:
    @pytest.fixture
    async def exhausted(self, authentication: Authentication) -> str:
        """An address that may not guess any more for a while."""
        for _ in range(BY_ADDRESS.amount):
            await refuse(authentication, UNKNOWN, guess(), "10.0.0.1")
        return "10.0.0.1"

    async def test_an_answer_that_tells_to_wait_comes_late(
        self, authentication: Authentication, exhausted: str
    ) -> None:
        authentication._pace = 0.4
        began = time.monotonic()
        with pytest.raises(TooManyGuessesError):
            await authentication.admit(UNKNOWN, guess(), exhausted)
        assert time.monotonic() - began >= 1.0 + 0.4
        assert HELD_BACK == 1.0  # as documented

    async def test_only_so_many_are_held_back(
        self, authentication: Authentication, exhausted: str
    ) -> None:
        """The others wait for the pace, so that they don't pile up."""
        done: list[float] = []

        async def attempt() -> None:
            with pytest.raises(TooManyGuessesError):
                await authentication.admit(UNKNOWN, guess(), exhausted)
            done.append(time.monotonic())

        for _ in range(2):
            done.clear()
            await asyncio.gather(*(attempt() for _ in range(205)))
            late = [moment for moment in done if moment - done[0] >= 0.5 * HELD_BACK]
            assert len(late) == 200


async def test_what_nobody_can_have_is_refused_at_once(
    authentication: Authentication, never_rotated: IssuedSecret, checks: list[int]
) -> None:
    authentication._pace = 3600.0
    client_id = never_rotated.credential.client_id
    with pytest.raises(ClientNotAuthenticatedError, match="mistyped or cut"):
        await authentication.admit(client_id, SecretStr("x"), "10.0.0.1")
    with pytest.raises(ClientNotAuthenticatedError, match="not a Client ID"):
        await authentication.admit("x", guess(), "10.0.0.1")
    assert checks == []


async def test_a_secret_of_no_environment_costs_as_much(
    authentication: Authentication, never_rotated: IssuedSecret, checks: list[int]
) -> None:
    client_id = never_rotated.credential.client_id
    await refuse(authentication, client_id, generate_secret("other", _random), "10.0.0.1")
    await searches(authentication)
    assert checks == [STRANGERS, SEARCH, SEARCH]


async def test_the_pace_is_longer_than_a_hash(
    authentication: Authentication, never_rotated: IssuedSecret
) -> None:
    authentication._secrets.measure = lambda: 2.0  # type: ignore[method-assign]
    await authentication.start()
    assert authentication._pace == 3.0


async def test_closing_it_ends_all_threads(
    authentication: Authentication, never_rotated: IssuedSecret
) -> None:
    before = set(threading.enumerate())
    client_id = never_rotated.credential.client_id
    await refuse(authentication, client_id, guess(), "10.0.0.1")
    await authentication.admit(client_id, never_rotated.secret, "10.0.0.1")
    await refuse(authentication, client_id, guess(), "10.0.0.1")
    await searches(authentication)
    started = {thread for thread in set(threading.enumerate()) - before if "secrets" in thread.name}
    assert len(started) == 3
    authentication.close()
    for thread in started:
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()


async def test_a_rotation_during_the_hash_is_seen(
    authentication: Authentication,
    service: CredentialService,
    never_rotated: IssuedSecret,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client_id = never_rotated.credential.client_id
    check = bcrypt.checkpw
    rotated: list[IssuedSecret] = []

    def checkpw(password: bytes, hashed: bytes) -> bool:
        if not rotated:
            rotated.append(service.rotate(client_id))
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    await refuse(authentication, client_id, never_rotated.secret, "10.0.0.1")
    client = await authentication.admit(client_id, rotated[0].secret, "10.0.0.1")
    assert client.credential.generation == 2


async def test_a_deleted_client_is_refused_where_it_was_admitted(
    authentication: Authentication,
    service: CredentialService,
    never_rotated: IssuedSecret,
) -> None:
    other = service.generate("Another")
    client_id = other.credential.client_id
    for _ in range(2):
        await authentication.admit(client_id, other.secret, "10.0.0.1")
    service.delete(client_id)
    await refuse(authentication, client_id, other.secret, "10.0.0.1")


async def test_a_right_secret_waits_for_no_pace(
    authentication: Authentication, never_rotated: IssuedSecret
) -> None:
    authentication._pace = 3600.0
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        client_id = never_rotated.credential.client_id
        client = await authentication.admit(client_id, never_rotated.secret, address)
        assert client.client_id == client_id


@pytest.mark.parametrize(
    ("elapsed", "left"), [(1.0, 999.0), (400.0, 600.0), (1400.0, 600.0), (2999.0, 1.0)]
)
@pytest.mark.parametrize("delay", [0.0, 50.0])
async def test_an_answer_leaves_at_a_multiple_of_the_pace(
    authentication: Authentication,
    monkeypatch: pytest.MonkeyPatch,
    elapsed: float,
    left: float,
    delay: float,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    authentication._pace = 1000.0
    await authentication._wait(time.monotonic() - elapsed, delay)
    assert slept == [pytest.approx(left + delay, abs=0.9)]


async def test_so_many_strangers_wait_and_no_more(
    authentication: Authentication, never_rotated: IssuedSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    check = bcrypt.checkpw

    def checkpw(password: bytes, hashed: bytes) -> bool:
        go_on.wait(10)
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    client_id = never_rotated.credential.client_id
    attempts = [
        asyncio.create_task(refuse(authentication, client_id, guess(), f"10.0.0.{number}"))
        for number in range(33)
    ]
    while authentication._strangers_lane._room:  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(0.001)
    with pytest.raises(TooManyGuessesError):
        await authentication.admit(client_id, guess(), "10.0.0.99")
    go_on.set()
    await asyncio.gather(*attempts)
