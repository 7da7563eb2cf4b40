"""In people's text nearly every piece of a secret is found, and plausible names stay."""

import random
import re
import string
from collections.abc import Iterator

import pytest

from credtui.domain.pasted import holds_secret, redact_pasted
from credtui.domain.secrets import generate_client_id, generate_secret
from tests.support import SECRET, seeded_bytes

PLAIN = SECRET.get_secret_value()
BODY = PLAIN.removeprefix("csk_uat_")

# Only the check digits show that this is a secret: its letters change as seldom as those of words.
DULL = generate_secret("uat", lambda _: b"\x00" * 32).get_secret_value()

WAYS = {
    "whole": "{}",
    "in a sentence": "the {} of Monday",
    "in quotes": '"{}"',
    "glued to a word": "Payout{}",
    "before a word": "{}Payout",
}

PASTED = {
    "whole": PLAIN,
    "without its first character": PLAIN[1:],
    "without csk_": PLAIN[4:],
    "without its prefix": BODY,
    "with its prefix mistyped": "ck_" + PLAIN[4:],
    "split by a blank": f"{PLAIN[:30]} {PLAIN[30:]}",
    "split by a blank, without its prefix": f"{BODY[:20]} {BODY[20:]}",
    "split by a hyphen": f"{BODY[:25]}-{BODY[25:]}",
    "split by a wide blank": f"{BODY[:25]}\u3000{BODY[25:]}",
    "in groups": " ".join(re.findall(".{1,7}", BODY)),
    "in groups of tabs, with its prefix": "\t \t".join(re.findall(".{1,9}", PLAIN)),
    "in lines": "\n".join(re.findall(".{1,10}", BODY)),
    "in full-width letters": "".join(chr(ord(c) + 0xFEE0) for c in PLAIN),
    "with invisible characters": "\u200b".join(BODY),
    "its first half": BODY[:25],
    "its last half": BODY[-25:],
    "dull": DULL[8:],
    "dull, split": f"{DULL[8:20]} {DULL[20:]}",
    "of another tag, split": " ".join(
        re.findall(".{1,8}", generate_secret("live9", seeded_bytes(3)).get_secret_value()[2:])
    ),
}

NOT_SECRETS = {
    "a name": "PayoutGatewayProductionEU1",
    "a Client ID": "cid_7Qm2xV9Kp4Rt8Wb3",
    "two Client IDs": "cid_7Qm2xV9Kp4Rt8Wb3,cid_Bz81LmPq0XcTn5Ye",
    "a fingerprint": "SHA256:x1GcAv1OQvXWPMvoXcsxy6FxcDKyTZRSfcYtn4GkFRE",
    "a fingerprint with slashes": "SHA256:x1GcAv1OQv/WPMvoXcsxy6FxcDKyT+RSfcYtn4GkFRE",
    "a UUID": "550e8400-e29b-41d4-a716-446655440000",
    "a UUID without hyphens": "3F2504E04F8911D39A0C0305E82C3301",
    "a Git commit": "deploy 2f1c9a7b3d4e5f60718293a4b5c6d7e8f9012345",
    "a SHA-256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "one letter": "x" * 60,
    "digits": "1234567890" * 6,
    "a start like that of a secret": "csk_uat_backup",
    "nothing": "",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED)
def test_a_pasted_secret_is_taken_out(pasted: str, way: str) -> None:
    text = way.format(pasted)
    assert holds_secret(text)
    redacted = redact_pasted(text)
    assert "[secret]" in redacted
    assert not holds_secret(redacted)
    left = "".join(re.findall("[A-Za-z0-9]", redacted))
    # If a word touches a run of random letters, it is taken out with the run.
    around = "".join(re.findall("[A-Za-z0-9]", way.format("")))
    assert len(left) <= len(f"cskuat{around}") + 2 * len("secret") + 3


@pytest.mark.parametrize("text", NOT_SECRETS.values(), ids=NOT_SECRETS)
def test_the_rest_stays(text: str) -> None:
    assert redact_pasted(text) == text
    assert not holds_secret(text)


def test_what_is_not_redacted_is_not_composed() -> None:
    assert redact_pasted("\uff30ayout \ufb01le") == "\uff30ayout \ufb01le"


def test_every_split_of_a_secret_is_found() -> None:
    for position in range(1, len(BODY)):
        assert holds_secret(f"{BODY[:position]} {BODY[position:]}")


def test_few_pieces_of_secrets_are_missed() -> None:
    chance = random.Random(1)
    source = seeded_bytes(1)
    pieces = []
    for _ in range(10_000):
        body = generate_secret("uat", source).get_secret_value()[8:]
        start = chance.randrange(len(body) - 19)
        pieces.append(body[start : start + 20])
    missed = [piece for piece in pieces if not holds_secret(piece)]
    assert len(missed) / len(pieces) < 0.03


def test_hardly_a_plausible_name_is_refused() -> None:
    """Seventeen of 10,000 are refused. All are short words in capitals without blanks."""
    names = list(plausible_names(random.Random(1), 1000))
    assert len(set(names)) > 990
    assert sum(len(name) >= 20 for name in names) > 500
    assert len([name for name in names if holds_secret(name)]) <= 2


SERVICES = """
    Payout Payouts Gateway Ledger Reporting Reconciliation Settlement Treasury Refund Invoice
    Checkout Webhook Onboarding Compliance Sanctions Screening Liquidity Remittance Batch Export
    Notification Statement Merchant Wallet Card Dispute Chargeback Fraud Scoring KYC AML FX API
    ACH SEPA SWIFT PSD2 B2B ISO20022 OAuth2 SAP S4HANA Oracle NetSuite eBay iOS PayPal GitHub CI
    ETL BI dbt K8s EC2 S3 Kafka Airflow Jenkins Terraform Vault PostgreSQL
"""
PLACES = """
    EU EU1 EU2 US1 UK DE CH APAC LATAM MENA eu-west-1 us-east-2 ap-southeast-1 eu-central-1a
    Frankfurt Singapore SaoPaulo DC1 dc2 AZ3 rack07 host12 node3
"""
STAGES = "prod production uat UAT QA qa2 staging dev test sandbox blue green DR v1 v2 V3 rc1"
PEOPLE = "alice bob team-payments TeamFinance ops OPS SRE platform jsmith m.mueller"


def plausible_names(chance: random.Random, count: int) -> Iterator[str]:
    """Names as people give them: words in the usual spellings, versions, dates and tickets."""

    def number() -> str:
        return chance.choice(
            [
                f"{chance.randrange(1, 100)}",
                f"v{chance.randrange(1, 9)}.{chance.randrange(20)}.{chance.randrange(20)}",
                f"20{chance.randrange(20, 30)}-{chance.randrange(1, 13):02}",
                f"20{chance.randrange(20, 30)}{chance.randrange(1, 13):02}15",
                f"Q{chance.randrange(1, 5)}{chance.randrange(2020, 2030)}",
                f"PAY-{chance.randrange(1, 9999)}",
                f"JIRA{chance.randrange(1, 9999)}",
                f"CHG{chance.randrange(10**6, 10**7)}",
                f"20{chance.randrange(20, 30)}1124T{chance.randrange(10, 24)}3000Z",
            ]
        )

    for _ in range(count):
        words = chance.sample(SERVICES.split(), chance.randrange(1, 4))
        where = chance.sample(PLACES.split(), 1) if chance.random() < 0.6 else []
        more = [
            *(chance.sample(STAGES.split(), 1) if chance.random() < 0.6 else []),
            *(chance.sample(PEOPLE.split(), 1) if chance.random() < 0.2 else []),
            *([number()] if chance.random() < 0.6 else []),
        ]
        spelling = chance.choice(["Blanks", "kebab", "snake", "UPPER_SNAKE", "dots", "Glued"])
        name = {
            "Blanks": " ".join(words + where + more),
            "kebab": "-".join(words + where + more).lower(),
            "snake": "_".join(words + where + more).lower(),
            "UPPER_SNAKE": "_".join(words + where + more).upper(),
            "dots": ".".join(words + where + more),
            "Glued": " ".join(
                ["".join(word[0].upper() + word[1:] for word in words + where), *more]
            ),
        }[spelling]
        yield name[:60]


def test_the_alphabet_is_that_of_client_ids_too() -> None:
    """A Client ID is random as well, but too short to be taken out."""
    source = seeded_bytes(5)
    for _ in range(1000):
        client_id = generate_client_id(source)
        assert set(client_id) <= set(string.ascii_letters + string.digits + "_")
        assert redact_pasted(f"delete {client_id} --yes") == f"delete {client_id} --yes"
