import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credtui.domain.errors import InvalidOrganizationError
from credtui.domain.names import (
    MAX_NAME_LENGTH,
    name_key,
    parse_name,
    parse_organization,
    printable,
)
from credtui.domain.refusals import InvalidNameError
from tests.support import SECRET

ACCEPTED = {
    "plain": ("Payout gateway", "Payout gateway"),
    "trimmed": ("  Payout \t\n", "Payout"),
    "ideographic space trimmed": ("\u3000Payout\u00a0", "Payout"),
    "composed": ("Cafe\u0301", "Caf\u00e9"),
    "60 characters": ("x" * 60, "x" * 60),
    "60 once composed": ("e\u0301" * 60, "\u00e9" * 60),
    "60 once trimmed": (" " + "x" * 60 + " ", "x" * 60),
    "one character": ("x", "x"),
    "emoji": ("Payout \U0001f680", "Payout \U0001f680"),
    "emoji with a skin tone": ("\U0001f44d\U0001f3fd", "\U0001f44d\U0001f3fd"),
    "a mark that doesn't compose": ("x\u0301y", "x\u0301y"),
    "Hangul": ("\u1112\u1161\u11ab", "\ud55c"),
    "Arabic": ("\u0628\u0648\u0627\u0628\u0629", "\u0628\u0648\u0627\u0628\u0629"),
    "markup": ("[red]x[/]", "[red]x[/]"),
    "quotes and slashes": ("a/b\\c'd\"e", "a/b\\c'd\"e"),
    "starts like a secret": ("csk_uat_backup", "csk_uat_backup"),
    "words glued together": ("PayoutGatewayProductionEU1", "PayoutGatewayProductionEU1"),
    "starts like a Client ID": ("cid_backup", "cid_backup"),
    "tells a Client ID": ("Instead of cid_7Qm2xV9Kp4Rt8Wb3", "Instead of cid_7Qm2xV9Kp4Rt8Wb3"),
}

REFUSED = {
    "empty": ("", "Enter a name."),
    "spaces only": (" \t\n\u3000", "Enter a name."),
    "61 characters": ("x" * 61, "at most 60 characters: 1 too many"),
    "161 characters": ("x" * 161, "101 too many"),
    "NUL": ("a\x00b", "control characters (U+0000)"),
    "escape": ("a\x1b[31mb", "control characters (U+001B)"),
    "newline inside": ("a\nb", "control characters (U+000A)"),
    "tab inside": ("a\tb", "control characters (U+0009)"),
    "DEL": ("a\x7fb", "control characters (U+007F)"),
    "8-bit CSI": ("a\x9bb", "control characters (U+009B)"),
    "right-to-left override": ("a\u202eb", "direction-changing characters (U+202E)"),
    "left-to-right mark": ("a\u200eb", "direction-changing characters (U+200E)"),
    "isolate": ("a\u2066b", "direction-changing characters (U+2066)"),
    "zero-width space": ("a\u200bb", "invisible or direction-changing characters (U+200B)"),
    "zero-width joiner": ("\U0001f468\u200d\U0001f469", "(U+200D)"),
    "soft hyphen": ("a\u00adb", "(U+00AD)"),
    "byte order mark": ("\ufeffname", "(U+FEFF)"),
    "tag character": ("a\U000e0041", "(U+E0041)"),
    "line separator": ("a\u2028b", "line separators (U+2028)"),
    "paragraph separator": ("a\u2029b", "line separators (U+2029)"),
    "lone surrogate": ("a\ud800b", "broken characters (U+D800)"),
    "private use": ("a\ue000b", "private-use characters (U+E000)"),
    "unassigned": ("a\u0378b", "unassigned characters (U+0378)"),
    "noncharacter": ("a\uffffb", "unassigned characters (U+FFFF)"),
    "Hangul filler": ("a\u3164b", "invisible characters (U+3164)"),
    "half-width Hangul filler": ("\uffa0", "invisible characters (U+FFA0)"),
    "Hangul jamo filler": ("\u115f", "invisible characters (U+115F)"),
    "Khmer inherent vowel": ("a\u17b4", "invisible characters (U+17B4)"),
    "blank Braille": ("\u2800", "invisible characters (U+2800)"),
    "grapheme joiner": ("a\u034fb", "invisible characters (U+034F)"),
    "variation selector": ("\u2764\ufe0f", "invisible characters (U+FE0F)"),
    "supplementary variation selector": ("a\U000e0100", "invisible characters (U+E0100)"),
    "combining mark first": ("\u0301a", "begin with a combining mark"),
    "secret": (SECRET.get_secret_value(), "can't have a secret in it"),
    "secret cut short": (SECRET.get_secret_value()[:-7], "can't have a secret in it"),
    "secret in a sentence": (f"the {SECRET.get_secret_value()}", "can't have a secret in it"),
    "secret without its first character": (SECRET.get_secret_value()[1:], "have a secret in it"),
    "secret without its prefix": (SECRET.get_secret_value()[8:], "can't have a secret in it"),
    "secret split by a blank": (
        f"{SECRET.get_secret_value()[8:30]} {SECRET.get_secret_value()[30:]}",
        "can't have a secret in it",
    ),
    "Client ID": ("cid_7Qm2xV9Kp4Rt8Wb3", "can't look like a Client ID"),
    "Client ID in capitals": ("CID_7QM2XV9KP4RT8WB3", "can't look like a Client ID"),
    "Client ID in blanks": ("  cid_7Qm2xV9Kp4Rt8Wb3 ", "can't look like a Client ID"),
    "Client ID in quotes": ('"cid_7Qm2xV9Kp4Rt8Wb3"', "can't look like a Client ID"),
    "Client ID in full-width letters": (
        "".join(chr(ord(c) + 0xFEE0) for c in "cid_7Qm2xV9Kp4Rt8Wb3"),
        "can't look like a Client ID",
    ),
}


@pytest.mark.parametrize(("text", "name"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(text: str, name: str) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidNameError) as refusal:
        parse_name(text)
    sentence = str(refusal.value)
    assert reason in sentence
    assert sentence.endswith(".")
    assert sentence == printable(sentence)
    assert SECRET.get_secret_value()[8:28] not in sentence


@given(st.text())
def test_what_is_accepted_stays_as_it_is(text: str) -> None:
    try:
        name = parse_name(text)
    except InvalidNameError:
        return
    assert parse_name(name) == name
    assert 1 <= len(name) <= MAX_NAME_LENGTH
    assert printable(name) == name
    name.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Payout", "pAYOUT"),
        ("stra\u00dfe", "STRASSE"),
        ("\u017f", "S"),
        ("\u212a", "k"),
        ("\ufb01le", "FILE"),
        ("\uff30ayout", "payout"),
        ("a\u00a0b", "A B"),
        ("\u03a3\u03c2", "\u03c3\u03c3"),
        ("Caf\u00e9", "CAFE\u0301"),
        ("\u0130", "i\u0307"),
        ("\u2460", "1"),
        ("\U0001d40fayout", "payout"),
        ("\u1fb3\u0301", "\u1fb4"),
    ],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Payout", "Payouts"), ("cafe", "caf\u00e9"), ("a", "\u0430"), ("a b", "ab")]
)
def test_names_that_differ(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(st.characters(max_codepoint=0x24F) | st.sampled_from("\u0301\ufb01\uff21\u2167")))
def test_key_is_blind_to_case_and_form(text: str) -> None:
    key = name_key(text)
    assert name_key(key) == key
    assert name_key(text.casefold()) == key
    assert name_key(unicodedata.normalize("NFD", text)) == key


@pytest.mark.parametrize("text", ["a", "acme", "acme-2", "0", "a" * 40, "a--b"])
def test_organization_accepted(text: str) -> None:
    assert parse_organization(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "Acme", "a" * 41, "-a", "a-", "a b", "a.b", "a/b", "..", "a\n", "\u00e4", "a_b", "\u0661"],
)
def test_organization_refused(text: str) -> None:
    with pytest.raises(InvalidOrganizationError, match="1 to 40 lower-case letters"):
        parse_organization(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Payout \U0001f680 \u00e9", "Payout \U0001f680 \u00e9"),
        ("a\x1b]52;c;x\x07b", "a\ufffd]52;c;x\ufffdb"),
        ("a\x9b31mb", "a\ufffd31mb"),
        ("a\nb\r\tc", "a\ufffdb\ufffd\ufffdc"),
        ("a\u202eb\u2066c", "a\ufffdb\ufffdc"),
        ("a\ud800b", "a\ufffdb"),
        ("a\u2028b", "a\ufffdb"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_printable_leaves_nothing_a_terminal_acts_on(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert all(unicodedata.category(character)[0] != "C" for character in shown)
    shown.encode()
