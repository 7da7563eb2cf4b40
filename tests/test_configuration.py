import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from credtui.configuration import Settings, load_settings
from credtui.domain.errors import InvalidConfigurationError
from credtui.domain.models import Environment
from tests.support import PRODUCTION, UAT
from tests.test_home import home_of

X = '[environments.x]\ntag = "x"\naudience = "urn:x"\ntoken_url = "https://x.example/token"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "credtui.toml"


def refusal(file: Path, environ: dict[str, str] | None = None, **flags: str | None) -> str:
    with pytest.raises(InvalidConfigurationError) as refused:
        load_settings(file, environ=environ or {}, flags=flags)
    assert refused.value.code == "invalid_configuration"
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert refused.value.__suppress_context__
    return sentence


def test_no_file_is_needed(file: Path) -> None:
    settings = load_settings(file, environ={})
    assert settings == Settings()
    assert settings.organization == "acme"
    assert settings.environment == "uat"
    assert settings.rotation_days == 90
    assert settings.bcrypt_cost == 10
    assert settings.find_environment("uat") == UAT
    assert settings.find_environment("production") == PRODUCTION


def test_a_file_in_place_of_the_folder_is_no_file(file: Path) -> None:
    file.write_text("x")
    assert load_settings(file / "credtui.toml", environ={}) == Settings()


def test_every_key(file: Path) -> None:
    values = {
        "organization": '"globex"',
        "environment": '"x"',
        "rotation_days": "30",
        "bcrypt_cost": "12",
        "clipboard": '"tmux"',
        "clear_clipboard_after": "30",
        "conceal_secret_after": "60",
        "theme": '"light"',
        "frugal_output": "false",
    }
    # Modules of their own test the tables [server] and [store].
    tables = {"environments", "server", "store"}
    assert {*values, *tables} == set(Settings.model_fields), "test the new key here, too"
    file.write_text("".join(f"{key} = {value}\n" for key, value in values.items()) + X)
    settings = load_settings(file, environ={})
    assert settings.model_dump(exclude={"server", "store"}) == {
        "organization": "globex",
        "environment": "x",
        "rotation_days": 30,
        "bcrypt_cost": 12,
        "clipboard": "tmux",
        "clear_clipboard_after": 30,
        "conceal_secret_after": 60,
        "theme": "light",
        "frugal_output": False,
        "environments": {
            "x": {
                "tag": "x",
                "audience": "urn:x",
                "token_url": "https://x.example/token",
                "production": False,
            }
        },
    }
    assert settings.find_environment("x") == Environment(
        name="x", tag="x", audience="urn:x", token_url="https://x.example/token"
    )


ORGANIZATION = (
    "organization must be 1 to 40 lower-case letters, digits and hyphens, beginning and ending "
    "with a letter or digit; not "
)
ENVIRONMENTS = (
    "must be tables [environments.NAME], NAME being up to 20 lower-case letters, digits and "
    "hyphens; not "
)
AUDIENCE = (
    "must be up to 200 printable characters without spaces, ' and \\, such as "
    '"urn:example:{organization}"'
)
REFUSED_AUDIENCES = (
    *("{organization}'", "a" * 60 + "\\"),
    *("a'b", "a\\b", "a\n", "\ta", "a\0b", "a\x7f", "a\x1b[31m", "a\x85b"),
    *("a\u2028b", "a\xa0b", "a\u202eb", "ä", "支払い", "🏦"),
)
TAG = "must be 1 to 6 lower-case letters and digits, which mark the environment's secrets"
CLIPBOARD = 'clipboard must be one of "auto", "osc52", "tmux", "native" and "none"; not '
DAYS = "rotation_days must be a whole number of days from 1 to 3650; not "
COST = "bcrypt_cost must be a whole number from 10 to 16; not "
CLEAR = "clear_clipboard_after must be a whole number of seconds up to 3600; 0 means never; not "
CONCEAL = "conceal_secret_after must be a whole number of seconds from 10 to 3600; not "
URL = "environments.uat.token_url must "


def escaped(text: str) -> str:
    """Return a text as a TOML string in ASCII."""
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('organization = "Acme"', ORGANIZATION + "'Acme'"),
        ('organization = "../x"', ORGANIZATION + "'../x'"),
        ('organization = ""', ORGANIZATION + "''"),
        ("organization = 5", ORGANIZATION + "5"),
        ('environment = "nowhere"', "environment must be one of: uat, production; not 'nowhere'"),
        (
            "environment = 5",
            "environment must be the name of one of the configured environments; not 5",
        ),
        (X, "environment must be one of: x; not 'uat'"),
        ("rotation_days = 0", DAYS + "0"),
        ("rotation_days = 3651", DAYS + "3651"),
        ("rotation_days = 1.5", DAYS + "1.5"),
        ('rotation_days = "90"', DAYS + "'90'"),
        ("rotation_days = true", DAYS + "True"),
        ("rotation_days = nan", DAYS + "nan"),
        ("bcrypt_cost = 9", COST + "9"),
        ("bcrypt_cost = 17", COST + "17"),
        ('clipboard = "xclip"', CLIPBOARD + "'xclip'"),
        ("clipboard = true", CLIPBOARD + "True"),
        ("clear_clipboard_after = -1", CLEAR + "-1"),
        ("clear_clipboard_after = 3601", CLEAR + "3601"),
        ("conceal_secret_after = 9", CONCEAL + "9"),
        ("conceal_secret_after = 3601", CONCEAL + "3601"),
        (
            "theme = 'sepia'",
            'theme must be "auto", "dark", "light" or the name of a theme that the command palette',
        ),
        ("theme = 1", 'theme must be "auto", "dark"'),
        ("frugal_output = 1", "frugal_output must be true or false; not 1"),
        ('frugal_output = "yes"', "frugal_output must be true or false; not 'yes'"),
        (
            "colour = 1",
            "unknown key colour; allowed are " + ", ".join(Settings.model_fields),
        ),
        ("environments = 5", "environments " + ENVIRONMENTS + "5"),
        ("environments = []", "environments " + ENVIRONMENTS + "[]"),
        ("environments = {}", "environments " + ENVIRONMENTS + "{}"),
        ("[environments]\nuat = 5", "environments.uat " + ENVIRONMENTS + "5"),
        (X.replace("x]", "X]"), "environments.X " + ENVIRONMENTS + "'X'"),
        (X.replace("x]", '"a/b"]'), "environments.a/b " + ENVIRONMENTS + "'a/b'"),
        (X.replace("x]", '".."]'), "environments... " + ENVIRONMENTS + "'..'"),
        (X.replace("x]", "abcdefghijklmnopqrstu]"), "environments.abcdefghijklmnopqrstu "),
        (
            "[environments.uat]\nurl = 1",
            "unknown key environments.uat.url; allowed are audience, tag, token_url, production",
        ),
        ("[environments.x]\ntag = 'x'", "environments.x.audience is missing; it " + AUDIENCE),
        (
            "[environments.uat]\naudience = 'a b'",
            f"environments.uat.audience {AUDIENCE}; not 'a b'",
        ),
        ("[environments.uat]\naudience = ''", f"environments.uat.audience {AUDIENCE}; not ''"),
        *(
            (
                "[environments.uat]\naudience = " + escaped(audience),
                f"environments.uat.audience {AUDIENCE}; not {audience!r}",
            )
            for audience in REFUSED_AUDIENCES
        ),
        (
            "[environments.uat]\nproduction = 1",
            "environments.uat.production must be true or false; not 1",
        ),
        ("[environments.uat]\ntag = 'UAT'", f"environments.uat.tag {TAG}; not 'UAT'"),
        ("[environments.uat]\ntag = 'toolong'", f"environments.uat.tag {TAG}; not 'toolong'"),
        ("[environments.uat]\ntag = 'a_b'", f"environments.uat.tag {TAG}; not 'a_b'"),
        (
            "[environments.uat]\ntoken_url = 5",
            URL + "be a URL that begins with https:// or http://; not 5",
        ),
        (
            "[environments.uat]\ntoken_url = 'ftp://x'",
            URL + "be a URL that begins with https:// or http://.",
        ),
        ("[environments.uat]\ntoken_url = 'https://'", URL + "name a host, and if any a port"),
        (
            "[environments.uat]\ntoken_url = 'https://u:p@h/'",
            URL + "have no user name and no password: credtui publishes it.",
        ),
        ("[environments.uat]\ntoken_url = 'https://h/?a=b'", URL + "have no query and no frag"),
        ("[environments.uat]\ntoken_url = 'https://h:0/'", URL + "name a host, and if any a port"),
        (
            "[environments.uat]\ntag = 'x'\n[environments.production]\ntag = 'x'",
            "environments must have different tags",
        ),
    ],
)
def test_a_wrong_value(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)
    said = refusal(file)
    assert said.startswith(f"{file}: {sentence}")


def test_a_long_value_is_not_repeated_in_full(file: Path) -> None:
    file.write_text(f'organization = "{"x" * 10_000}"')
    assert len(refusal(file)) < 400


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x = [", "it must be TOML: "),
        (b"x = " + b"[" * 5000, "it must be TOML: "),
        (b"rotation_days = " + b"1" * 5000, "it must be TOML: "),
        (b"\x00", "it must be TOML: "),
        (b'organization = "\xff"', "it must be UTF-8 text."),
        ('organization = "x"'.encode("utf-16"), "it must be UTF-8 text."),
        (b'organization = "x"\rrotation_days = 1', "it must be TOML: "),
        (b"\xef\xbb\xbf" * 2, "it must be TOML: "),
    ],
    ids=["cut", "deep", "huge", "NUL", "Latin-1", "UTF-16", "old Mac", "two marks"],
)
def test_what_is_not_toml(file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)
    assert refusal(file).startswith(f"{file}: {reason}")


def test_as_windows_writes_it(file: Path) -> None:
    """The file has a byte order mark, and a carriage return before each line feed."""
    file.write_bytes(b'\xef\xbb\xbforganization = "one"\r\n[environments.uat]\r\ntag = "x"\r\n')
    settings = load_settings(file, environ={})
    assert (settings.organization, settings.environments["uat"].tag) == ("one", "x")


def test_a_folder_in_place_of_the_file(file: Path) -> None:
    file.mkdir()
    assert refusal(file) == f"{file}: not a regular file."


def test_a_file_that_can_t_be_read(file: Path) -> None:
    """Not even root can follow a link to itself, while root ignores permissions."""
    file.symlink_to(file)
    assert refusal(file) == f"{file}: too many levels of symbolic links."


def test_environment_variables_win_over_the_file(file: Path) -> None:
    file.write_text('organization = "one"\nenvironment = "production"\n')
    environ = {"CREDTUI_ORGANIZATION": "two", "CREDTUI_ENVIRONMENT": "uat"}
    settings = load_settings(file, environ=environ)
    assert (settings.organization, settings.environment) == ("two", "uat")


def test_flags_win_over_environment_variables(file: Path) -> None:
    environ = {"CREDTUI_ORGANIZATION": "two", "CREDTUI_ENVIRONMENT": "production"}
    settings = load_settings(
        file, environ=environ, flags={"organization": "three", "environment": None}
    )
    assert (settings.organization, settings.environment) == ("three", "production")


def test_empty_variables_are_as_if_not_set(file: Path) -> None:
    environ = {"CREDTUI_ORGANIZATION": "", "CREDTUI_ENVIRONMENT": ""}
    assert load_settings(file, environ=environ) == Settings()


def test_the_source_of_a_wrong_value_is_named(file: Path) -> None:
    file.write_text('organization = "one"')
    assert refusal(file, {"CREDTUI_ORGANIZATION": "Two"}) == (
        f"environment variable CREDTUI_ORGANIZATION: {ORGANIZATION}'Two'."
    )
    assert refusal(file, {"CREDTUI_ORGANIZATION": "Two"}, organization="Three") == (
        f"flag --organization: {ORGANIZATION}'Three'."
    )
    assert refusal(file, environment="nowhere") == (
        "flag --environment: environment must be one of: uat, production; not 'nowhere'."
    )
    assert refusal(file, {"CREDTUI_ENVIRONMENT": "nowhere"}) == (
        "environment variable CREDTUI_ENVIRONMENT: environment must be one of: uat, production; "
        "not 'nowhere'."
    )


def test_a_flag_is_not_blamed_for_the_file(file: Path) -> None:
    file.write_text("[environments.uat]\ntag = 'x'\n[environments.production]\ntag = 'x'\n")
    assert refusal(file, environment="uat") == f"{file}: environments must have different tags."
    file.write_text("rotation_days = 0")
    assert refusal(file, {"CREDTUI_ORGANIZATION": "two"}).startswith(f"{file}: rotation_days ")


def test_a_variable_with_broken_characters(file: Path) -> None:
    assert refusal(file, {"CREDTUI_ORGANIZATION": "\udcff"}).endswith(r"not '\udcff'.")


def test_built_in_environments_are_completed(file: Path) -> None:
    file.write_text('[environments.uat]\ntoken_url = "https://uat.example/token"\n')
    settings = load_settings(file, environ={})
    assert settings.find_environment("uat") == UAT.model_copy(
        update={"token_url": "https://uat.example/token"}
    )
    assert list(settings.environments) == ["uat"]


@pytest.mark.parametrize(
    ("text", "production"),
    [
        (X, {"x": False}),
        (X + "production = true\n", {"x": True}),
        ("[environments.production]", {"production": True}),
        ("[environments.production]\nproduction = false", {"production": False}),
    ],
)
def test_which_environments_are_production(
    file: Path, text: str, production: dict[str, bool]
) -> None:
    file.write_text(f'environment = "{next(iter(production))}"\n{text}')
    settings = load_settings(file, environ={})
    found = {name: settings.find_environment(name).production for name in settings.environments}
    assert found == production


def test_environments_keep_the_file_s_order(file: Path) -> None:
    file.write_text("[environments.production]\n" + X + "[environments.uat]\n")
    assert list(load_settings(file, environ={}).environments) == ["production", "x", "uat"]


def make_huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 30)


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (make_huge, "file too large"),
    ],
    ids=["pipe", "device", "huge"],
)
def test_what_is_never_read(tmp_path: Path, put: Callable[[Path], object], said: str) -> None:
    put(tmp_path / "credtui.toml")
    # If another process reads the file, a test that fails doesn't wait for ever.
    assert home_of(tmp_path, CREDTUI_HOME=str(tmp_path)) == f"{tmp_path / 'credtui.toml'}: {said}."


def test_the_guide_holds_every_key_with_its_default(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    file = tmp_path / "credtui.toml"
    file.write_text(example, "utf-8")

    assert load_settings(file, environ={}) == Settings()
    told = tomllib.loads(example)
    assert told.keys() == Settings.model_fields.keys()
    for table in ("server", "store"):
        assert told[table].keys() == Settings.model_fields[table].default.model_dump().keys()
