"""The command that requests an access token, as a shell reads it."""

import shlex

import pytest

from credtui.configuration import Settings
from credtui.tui.token_command import token_command
from tests.support import UAT


def test_it_is_one_command_without_a_secret() -> None:
    command = token_command(UAT, "acme", "cid_0123456789abcdef")
    assert shlex.split(command.replace("\\\n", "")) == [
        "curl",
        *("--user", "cid_0123456789abcdef"),
        *("--data", "grant_type=client_credentials"),
        *("--data-urlencode", "audience=urn:ripplexcurrent-uat:acme"),
        "http://127.0.0.1:8000/v2/oauth/token",
    ]


def test_whatever_the_settings_allow_reaches_curl_as_it_is() -> None:
    audience, token_url = "$(id)'`;!&{organization}", "https://example.org/t?a=1&b='$x;"
    odd = UAT.model_copy(update={"audience": audience, "token_url": token_url})
    words = shlex.split(token_command(odd, "acme", "cid_0123456789abcdef").replace("\\\n", ""))
    assert words[-1] == token_url
    assert words[-2] == "audience=$(id)'`;!&acme"


@pytest.mark.parametrize("environment", ["uat", "production"])
def test_no_line_wraps_on_the_page_at_80_columns(environment: str) -> None:
    """A command with wrapped lines would be broken when a person selects it with the mouse."""
    audience = Settings().environments[environment].audience
    place = UAT.model_copy(update={"audience": audience})
    command = token_command(place, "acme", "cid_0123456789abcdef")
    assert max(map(len, command.splitlines())) <= 57
