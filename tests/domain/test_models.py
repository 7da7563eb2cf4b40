import re
import traceback
from datetime import datetime, timedelta, timezone

import pytest
from pydantic import BaseModel, ValidationError

from credtui.domain.models import Credential, Instant, IssuedSecret, StoredCredential
from credtui.domain.organization import Organization
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from tests.support import PRODUCTION, SECRET, SECRET_HASH, START, UAT, make_credential

STORED = make_credential()
ISSUED = IssuedSecret(credential=STORED.public(), audience="urn:x", secret=SECRET)
ORGANIZATION = Organization(credentials=(STORED,), primary=STORED.client_id)
PAGE = Page(
    permission=Permission.CAN_EDIT, credentials=(STORED.public(),), primary=STORED.client_id
)

PLAIN = (SECRET.get_secret_value(), SECRET_HASH.get_secret_value())


def shows(text: str) -> bool:
    return any(plain in text or plain[8:30] in text for plain in PLAIN)


@pytest.mark.parametrize(
    "model", [STORED, ISSUED, ORGANIZATION, PAGE], ids=lambda m: type(m).__name__
)
def test_neither_secret_nor_hash_shows(model: BaseModel) -> None:
    for shown in (
        repr(model),
        str(model),
        f"{model}",
        repr([model]),
        repr(model.model_dump()),
        repr(model.model_dump(mode="json")),
        model.model_dump_json(),
        repr(vars(model)),
    ):
        assert not shows(shown)


def test_neither_shows_in_a_traceback_with_the_values_of_variables() -> None:
    def fail(stored: StoredCredential, issued: IssuedSecret) -> None:
        raise RuntimeError(f"{stored!r} {issued!r}")

    try:
        fail(STORED, ISSUED)
    except RuntimeError as error:
        shown = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    assert STORED.client_id in shown
    assert not shows(shown)


def test_neither_shows_in_the_message_of_a_failed_validation() -> None:
    document = {**STORED.model_dump(), "secret_hash": PLAIN[1], "generation": 0, "name": ""}
    with pytest.raises(ValidationError) as problem:
        StoredCredential.model_validate(document)
    assert not shows(str(problem.value))
    with pytest.raises(ValidationError) as problem:
        StoredCredential.model_validate({**document, "secret_hash": PLAIN[0]})
    assert not shows(str(problem.value))


def test_public_is_all_but_the_hash() -> None:
    public = STORED.public()
    assert type(public) is Credential
    assert not hasattr(public, "secret_hash")
    assert public.model_dump() == STORED.model_dump(include=set(Credential.model_fields))


@pytest.mark.parametrize(
    "secret_hash",
    ["", "x", PLAIN[0], PLAIN[1][:-1], PLAIN[1] + "x", PLAIN[1] + "\n", PLAIN[1][:-1] + "\u00e4"],
    ids=["nothing", "short", "a secret", "cut", "long", "with a line break", "not ASCII"],
)
def test_what_is_no_hash(secret_hash: str) -> None:
    with pytest.raises(ValidationError, match="not a bcrypt hash"):
        StoredCredential.model_validate({**STORED.model_dump(), "secret_hash": secret_hash})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("client_id", "cid_short"),
        ("client_id", "../../etc/passwd"),
        ("client_id", STORED.client_id + "\n"),
        ("name", ""),
        ("name", "x" * 61),
        ("name", None),
        ("created_at", "yesterday"),
        ("created_at", "2026-03-01T09:30:00"),
        ("generation", 0),
        ("generation", 1.5),
        ("handover", "perhaps"),
        ("handover", {"how": "perhaps"}),
        ("surplus", 1),
    ],
)
def test_what_is_no_credential(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Credential.model_validate({**STORED.public().model_dump(), key: value})


def test_instants_are_in_utc() -> None:
    class Model(BaseModel):
        at: Instant

    elsewhere = START.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert Model(at=elsewhere).at.isoformat() == START.isoformat()
    with pytest.raises(ValidationError):
        Model(at=datetime(2026, 3, 1))  # noqa: DTZ001


def test_secret_age_counts_from_the_last_rotation() -> None:
    credential = make_credential(created_at=START)
    assert credential.secret_age(START + timedelta(days=206)) == timedelta(days=206)
    rotated = credential.model_copy(update={"rotated_at": START + timedelta(days=200)})
    assert rotated.secret_age(START + timedelta(days=206)) == timedelta(days=6)
    assert credential.secret_age(START - timedelta(days=1)) == timedelta()


def test_display_name_is_safe() -> None:
    assert make_credential(1, "a\x1b[2Jb\u202ec").display_name == "a\ufffd[2Jb\ufffdc"


def test_audience() -> None:
    assert UAT.audience_for("acme") == "urn:ripplexcurrent-uat:acme"
    assert PRODUCTION.audience_for("globex") == "urn:ripplexcurrent-prod:globex"
    literal = UAT.model_copy(update={"audience": "urn:{x}:{organization}:{organization}"})
    assert literal.audience_for("acme") == "urn:{x}:acme:acme"


def test_models_cannot_be_changed() -> None:
    for model in (STORED, ISSUED, ORGANIZATION, PAGE, UAT):
        field = next(iter(type(model).model_fields))
        with pytest.raises(ValidationError, match=re.escape("frozen")):
            setattr(model, field, "x")
