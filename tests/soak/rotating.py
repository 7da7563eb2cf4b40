"""A credential that is rotated without end, clients that use its secrets, and what must hold.

The rules:

- The generations of acknowledged rotations show that none was lost.
- Nothing that an acknowledged rotation replaced is accepted in a request that began later.
- What was issued last is accepted.

While two servers take themselves for the primary, the last two rules can't hold.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from credtui.domain.errors import StoreError
from credtui.installation import Installation
from tests.server.serving import ALICE

PACE = 0.2
"""Seconds between two rotations."""

OLDEST = 5
"""How many rotations back a client's secret or access token may be."""


@dataclass
class Rotation:
    """An attempt to rotate. A secret is acknowledged, in doubt, or None: nothing was changed."""

    began: float
    ended: float | None = None
    secret: str | None = None
    acknowledged: bool = False

    @property
    def may_have_changed(self) -> bool:
        """Whether the secret before this one may be invalid."""
        return self.ended is None or self.secret is not None


class Rotator(threading.Thread):
    """Rotates one credential, and checks the generation that each acknowledgement tells of.

    Attributes:
        history: All attempts, the last one perhaps not ended.
        counts: How attempts ended, and how many of those in doubt were made.
        may_work: Cleared, it makes the rotator wait.
    """

    def __init__(self, installation: Installation) -> None:
        super().__init__(daemon=True)
        self._service = installation.service(ALICE)
        issued = self._service.generate("Payout gateway")
        self.client_id = issued.credential.client_id
        self.audience = issued.audience
        now = time.monotonic()
        first = Rotation(now, now, issued.secret.get_secret_value(), acknowledged=True)
        self.history = [first]
        self.counts: Counter[str] = Counter()
        self._violations: list[str] = []
        self._generation = issued.credential.generation
        self._in_doubt = 0
        self.may_work = threading.Event()
        self.may_work.set()
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(max(0, self.history[-1].began + PACE - time.monotonic())):
            self.may_work.wait()
            self._rotate()

    def stop(self) -> None:
        self._ended.set()
        self.may_work.set()
        self.join()

    def acknowledgements(self) -> list[float]:
        """Return when rotations were acknowledged."""
        return [each.ended for each in self.history if each.acknowledged and each.ended]

    def take_violations(self) -> list[str]:
        """Return what was wrong since the last call, in words."""
        taken, self._violations = self._violations, []
        return taken

    def _rotate(self) -> None:
        attempt = Rotation(time.monotonic())
        self.history.append(attempt)
        try:
            issued = self._service.rotate(self.client_id)
        except StoreError:
            attempt.ended = time.monotonic()
            self.counts["failed"] += 1
            return
        # A client takes the attempt up when it has a secret, so the secret comes last.
        attempt.ended = time.monotonic()
        attempt.acknowledged = issued.doubt is None
        attempt.secret = issued.secret.get_secret_value()
        issued.lease.close()
        if attempt.acknowledged:
            self._resolve(issued.credential.generation)
        else:
            self.counts["unknown"] += 1
            self._in_doubt += 1

    def _resolve(self, generation: int) -> None:
        """Tell from an acknowledged generation how many rotations in doubt were made."""
        made = generation - self._generation - 1
        if not 0 <= made <= self._in_doubt:
            self._violations.append(
                f"generation {generation} was acknowledged after {self._generation}, with "
                f"{self._in_doubt} rotations in doubt"
            )
        self.counts["acknowledged"] += 1
        self.counts["unknown, made"] += made
        self._in_doubt = 0
        self._generation = generation


@dataclass
class Answer:
    """What a token endpoint answered to a secret or to an access token.

    Attributes:
        epoch: The place of the secret in the history.
    """

    what: str
    epoch: int
    began: float
    ended: float
    status: int

    def __str__(self) -> str:
        return f"{self.what} {self.epoch}: {self.status} at {self.began:.3f} to {self.ended:.3f}"


class Client(threading.Thread):
    """Asks one token endpoint with new and old secrets and access tokens.

    Attributes:
        succeeded: When the last request for an access token began that was granted.
        failure: What ended the client.
    """

    def __init__(self, url: str, rotator: Rotator, seed: int) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._rotator = rotator
        self._random = random.Random(seed)
        self._tokens: dict[int, str] = {}
        self._answers: list[Answer] = []
        self.succeeded = 0.0
        self.failure: Exception | None = None
        self._guess_at = 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            with httpx.Client(base_url=self._url, timeout=30.0) as http:
                while not self._ended.wait(0.03):
                    self._ask(http)
        except Exception as error:
            self.failure = error
            raise

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def take(self) -> list[Answer]:
        """Return the answers since the last call."""
        taken, self._answers = self._answers, []
        return taken

    def _ask(self, http: httpx.Client) -> None:
        history = self._rotator.history
        known = [n for n in range(max(0, len(history) - 50), len(history)) if history[n].secret]
        if known:
            self._request_token(http, known[-1])
        # The endpoint takes 100 wrong secrets a minute, and no more.
        if len(known) > 1 and time.monotonic() > self._guess_at:
            self._guess_at = time.monotonic() + 1.0
            self._request_token(http, self._random.choice(known[-OLDEST:-1]))
        for epoch in sorted(self._tokens)[-3:]:
            began = time.monotonic()
            answer = http.get(
                "/v2/oauth/token/test", headers={"Authorization": f"Bearer {self._tokens[epoch]}"}
            )
            self._note("token", epoch, began, answer)
        for epoch in sorted(self._tokens)[:-OLDEST]:
            del self._tokens[epoch]

    def _request_token(self, http: httpx.Client, epoch: int) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._rotator.client_id,
            "client_secret": self._rotator.history[epoch].secret,
            "audience": self._rotator.audience,
        }
        # Wrong secrets are counted by address, too.
        address = ".".join(str(self._random.randrange(1, 250)) for _ in range(4))
        began = time.monotonic()
        answer = http.post("/v2/oauth/token", data=form, headers={"X-Forwarded-For": address})
        self._note("secret", epoch, began, answer)
        if answer.status_code == 200:
            self._tokens[epoch] = answer.json()["access_token"]
            self.succeeded = began

    def _note(self, what: str, epoch: int, began: float, answer: httpx.Response) -> None:
        now = time.monotonic()
        self._answers.append(Answer(what, epoch, began, now, answer.status_code))


@dataclass
class Judgement:
    """What is wrong with answers.

    Attributes:
        violations: The answers that break a rule, in words.
        excused: Those that break one while there are two primaries.
        window: Seconds from the acknowledgement of a rotation until an excused answer arrived that
            accepts what the rotation replaced. The longest.
    """

    violations: list[str] = field(default_factory=list)
    excused: int = 0
    window: float = 0.0


def judge(
    answers: Sequence[Answer],
    history: Sequence[Rotation],
    two_primaries: Sequence[tuple[float, float]],
) -> Judgement:
    """Hold answers against the rules.

    Args:
        answers: What clients were answered.
        history: All attempts to rotate.
        two_primaries: When two servers took themselves for the primary: begins and ends.
    """
    judgement = Judgement()
    for answer in answers:
        replaced = _replaced_at(answer, history)
        if answer.status == 200 and replaced is not None and replaced < answer.began:
            wrong = f"accepted {answer.began - replaced:.3f} s after it was replaced"
        elif answer.status == 401 and _must_be_valid(answer, history):
            wrong = "refused, though it was issued last"
        elif answer.status not in (200, 401, 429, 503):
            wrong = "not an answer that a client expects"
        else:
            continue
        if any(begin <= answer.ended and answer.began <= end for begin, end in two_primaries):
            judgement.excused += 1
            if answer.status == 200 and replaced is not None:
                judgement.window = max(judgement.window, answer.ended - replaced)
        else:
            judgement.violations.append(f"{answer}: {wrong}")
    return judgement


def _replaced_at(answer: Answer, history: Sequence[Rotation]) -> float | None:
    """Return when a rotation was acknowledged that replaced what was presented."""
    later = (history[n] for n in range(answer.epoch + 1, len(history)))
    return next((each.ended for each in later if each.acknowledged), None)


def _must_be_valid(answer: Answer, history: Sequence[Rotation]) -> bool:
    """Tell whether what was presented was acknowledged, and nothing has replaced it since."""
    presented = history[answer.epoch]
    if not presented.acknowledged or (presented.ended or 0) > answer.began:
        return False
    later = (history[n] for n in range(answer.epoch + 1, len(history)))
    return not any(each.may_have_changed for each in later if each.began < answer.ended)
