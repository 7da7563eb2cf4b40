"""What all tests share: a clock, randomness, and ready-made domain objects."""

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from credtui.domain.audit import Action
from credtui.domain.models import Environment, StoredCredential
from credtui.domain.operators import Operators
from credtui.domain.permissions import Actor, Operator
from credtui.domain.secrets import RandomBytes, generate_client_id, generate_secret, hash_secret
from credtui.store.port import Store

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

ALICE = Actor(operator="alice", address="198.51.100.7", channel="ssh")

UAT = Environment(
    name="uat",
    tag="uat",
    audience="urn:ripplexcurrent-uat:{organization}",
    token_url="http://127.0.0.1:8000/v2/oauth/token",
)
PRODUCTION = Environment(
    name="production",
    tag="prod",
    audience="urn:ripplexcurrent-prod:{organization}",
    token_url="http://127.0.0.1:8000/v2/oauth/token",
    production=True,
)


class Watch:
    """Tells whether a version has changed since the last look."""

    def __init__(self, version: Callable[[], object]) -> None:
        self._version = version
        self._seen = version()

    def changed(self) -> bool:
        """Return True if the version has changed since the last call, or since the watch began."""
        before, self._seen = self._seen, self._version()
        return self._seen != before


class SteppedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta = timedelta(minutes=1)) -> None:
        self.now += step


def seeded_bytes(seed: int = 1) -> RandomBytes:
    """Return a source of randomness that gives the same bytes each time."""
    return random.Random(seed).randbytes


SECRET = generate_secret("uat", seeded_bytes(7))
SECRET_HASH = hash_secret(SECRET, 4)


def make_credential(
    number: int = 1,
    name: str | None = None,
    *,
    created_at: datetime | None = None,
    secret_hash: SecretStr = SECRET_HASH,
) -> StoredCredential:
    """Return a stored credential. Each number gives another one."""
    return StoredCredential(
        client_id=generate_client_id(seeded_bytes(number)),
        name=name or f"Credential {number}",
        created_at=created_at or START + timedelta(minutes=number),
        secret_hash=secret_hash,
    )


def set_all_operators(store: Store, *operators: Operator, at: datetime = START) -> None:
    """Make these the only operators of a store."""
    with store.operators_transaction() as transaction:
        transaction.operators = Operators(members=operators)
        transaction.record(at, ALICE, Action.SET_OPERATOR)


@contextmanager
def default_signals_in_children() -> Iterator[None]:
    """Start programs with no signal ignored, even if this process ignores some.

    A shell starts a background job with SIGINT and SIGQUIT ignored, and nohup ignores SIGHUP. A
    program inherits an ignored signal, but not a handler. So this process gets handlers that do
    nothing in place of the signals that it ignores.
    """
    # Python ignores SIGPIPE too, but restores it in the programs that it starts.
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP)
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
