import re
import string

import bcrypt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from credtui.domain.secrets import (
    CLIENT_ID_PATTERN,
    HASH_PATTERN,
    SECRET_PATTERN,
    generate_client_id,
    generate_secret,
    hash_secret,
    is_client_id,
    matches,
    recognise,
    redact,
)
from tests.support import SECRET, SECRET_HASH, seeded_bytes

ALPHABET = string.ascii_letters + string.digits + "_"
PLAIN = SECRET.get_secret_value()

# No shell, YAML or HTTP Basic needs quotation marks around these characters.
UNQUOTED = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

tags = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6)
secrets = st.builds(
    lambda tag, raw: generate_secret(tag, lambda size: raw[:size]).get_secret_value(),
    tags,
    st.binary(min_size=32, max_size=32),
)


@given(secrets)
def test_grammar(secret: str) -> None:
    match = re.fullmatch(SECRET_PATTERN, secret)
    assert match is not None
    assert recognise(secret) == match["tag"]
    assert len(secret) <= 60
    assert len(secret.encode()) <= 72
    assert UNQUOTED.fullmatch(secret)


def test_longest_tag_fills_60_characters() -> None:
    assert len(generate_secret("abcdef", seeded_bytes()).get_secret_value()) == 60


def test_grammar_does_not_change() -> None:
    """Scanners and stored copies rely on the grammar."""
    secret = generate_secret("uat", lambda size: bytes(range(size)))
    assert secret.get_secret_value() == "csk_uat_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1mx3T8"


@given(st.binary(min_size=32, max_size=32))
@example(b"\x00" * 32)
@example(b"\xff" * 32)
def test_all_256_bits_are_in_the_body(raw: bytes) -> None:
    secret = generate_secret("uat", lambda size: raw[:size]).get_secret_value()
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    value = 0
    for digit in secret.removeprefix("csk_uat_")[:43]:
        value = value * 62 + digits.index(digit)
    assert value == int.from_bytes(raw)


@given(secrets, st.data())
def test_checksum_catches_every_changed_character(secret: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(secret) - 1))
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != secret[position]]))
    assert recognise(secret[:position] + other + secret[position + 1 :]) is None


def test_checksum_catches_every_changed_character_of_one_secret() -> None:
    for position, character in enumerate(PLAIN):
        for other in ALPHABET:
            if other != character:
                assert recognise(PLAIN[:position] + other + PLAIN[position + 1 :]) is None


@given(secrets, st.data())
def test_checksum_catches_neighbours_that_changed_places(secret: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(secret) - 2))
    one, other = secret[position], secret[position + 1]
    changed = secret[:position] + other + one + secret[position + 2 :]
    assert recognise(changed) == (recognise(secret) if one == other else None)


@given(
    st.text()
    | st.builds("csk_{}_{}".format, tags, st.text(ALPHABET[:-1], min_size=49, max_size=49))
)
def test_garbage_is_not_recognised(text: str) -> None:
    # A text of the right shape has the right check digits once in 2^32.
    assert recognise(text) is None
    assert not matches(SecretStr(text), SECRET_HASH)


@pytest.mark.parametrize(
    "text",
    [
        "",
        PLAIN + "\n",
        " " + PLAIN,
        PLAIN[:-1],
        PLAIN + "0",
        PLAIN.upper(),
        PLAIN.replace("csk_", "csk-"),
        PLAIN.replace("_uat_", "_prod_"),
        PLAIN.replace("_uat_", "__"),
        PLAIN.replace("_uat_", "_UAT_"),
        PLAIN.replace("_uat_", "_toolong_"),
        PLAIN[:-1] + "\u0660",
        PLAIN[:-1] + "\ud800",
        PLAIN * 1000,
        "\x00" * 73,
    ],
    ids=repr,
)
def test_near_misses_are_not_recognised(text: str) -> None:
    assert recognise(text) is None
    assert not matches(SecretStr(text), SECRET_HASH)


def test_different_randomness_gives_different_secrets() -> None:
    source = seeded_bytes()
    made = [generate_secret("uat", source).get_secret_value() for _ in range(1000)]
    assert len(set(made)) == 1000
    made = [generate_client_id(source) for _ in range(1000)]
    assert len(set(made)) == 1000


@given(st.binary(min_size=24, max_size=24))
def test_client_id(raw: bytes) -> None:
    client_id = generate_client_id(lambda size: raw[:size])
    assert re.fullmatch(CLIENT_ID_PATTERN, client_id)
    assert is_client_id(client_id)
    assert UNQUOTED.fullmatch(client_id)


@pytest.mark.parametrize(
    "text", ["", "cid_", "cid_" + "a" * 15, "cid_" + "a" * 17, "cid_" + "a" * 16 + "\n", PLAIN]
)
def test_not_a_client_id(text: str) -> None:
    assert not is_client_id(text)


def test_hash_matches_its_secret_only() -> None:
    other = generate_secret("uat", seeded_bytes(8))
    assert matches(SECRET, SECRET_HASH)
    assert not matches(other, SECRET_HASH)
    assert matches(other, hash_secret(other, 4))


def test_hash_is_bcrypt_salted_and_carries_its_cost() -> None:
    one, other = hash_secret(SECRET, 4), hash_secret(SECRET, 5)
    assert one.get_secret_value().startswith("$2b$04$")
    assert other.get_secret_value().startswith("$2b$05$")
    assert hash_secret(SECRET, 4) != one
    assert re.fullmatch(HASH_PATTERN, one.get_secret_value())
    assert matches(SECRET, one)
    assert matches(SECRET, other)


def test_the_whole_secret_is_hashed() -> None:
    """Bcrypt reads 72 bytes; the last of the longest secret must be among them."""
    value = generate_secret("abcdef", seeded_bytes()).get_secret_value()
    hashed = hash_secret(SecretStr(value), 4).get_secret_value().encode()
    assert bcrypt.checkpw(value.encode(), hashed)
    assert not bcrypt.checkpw((value[:-1] + "*").encode(), hashed)
    assert not bcrypt.checkpw(value[:-1].encode(), hashed)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Payout gateway", "Payout gateway"),
        ("csk_uat_backup", "csk_uat_backup"),
        (PLAIN, "[secret]"),
        (f"key {PLAIN}, and {PLAIN}!", "key [secret], and [secret]!"),
        (PLAIN[:30], "[secret]"),
        (PLAIN[:-1] + "x", "[secret]"),
        ("x" + PLAIN, "x[secret]"),
    ],
)
def test_redact(text: str, redacted: str) -> None:
    assert redact(text) == redacted


def test_neither_secret_nor_hash_shows() -> None:
    for hidden in (SECRET, SECRET_HASH):
        plain = hidden.get_secret_value()
        for shown in (str(hidden), repr(hidden), f"{hidden}", f"{hidden!r}", repr([hidden])):
            assert plain not in shown
            assert plain[10:30] not in shown
