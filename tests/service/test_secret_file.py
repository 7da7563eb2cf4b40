"""A secret as text, read back by programs that read such files."""

import json
import string
import subprocess
from pathlib import Path

import pytest

from credtui.configuration import EnvironmentSettings
from credtui.domain.models import IssuedSecret
from credtui.service.secret_file import Format, render
from tests.support import SECRET, make_credential
from tests.terminal import need_program

CLIENT_ID = make_credential().client_id
CLIENT_SECRET = SECRET.get_secret_value()

AUDIENCES = [
    "urn:ripplexcurrent-uat:acme",
    "https://api.example.com/v2?a=1&b=2",
    "`touch${IFS}witness`",
    "$(touch${IFS}witness)",
    "$HOME/${PATH}",
    "~root",
    "=ls",
    "a:=ls:~root",
    "#no-comment",
    'a"b"c',
    "a;b|c<d>e(f)g*h?[i]{j,k}!l^m",
    "!!",
    "-x",
    string.digits + string.ascii_letters + string.punctuation.translate({39: None, 92: None}),
]


def issued(audience: str) -> IssuedSecret:
    """A secret for an audience that the configuration allows."""
    allowed = EnvironmentSettings(audience=audience, tag="uat", token_url="https://x.example")
    return IssuedSecret(credential=make_credential(), audience=allowed.audience, secret=SECRET)


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "zsh"])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_shell_reads_back_what_was_written(tmp_path: Path, shell: str, audience: str) -> None:
    (tmp_path / "secret.env").write_text(render(issued(audience), Format.ENV))
    script = 'set -a; . ./secret.env; printf "%s\\n" "$AUDIENCE" "$CLIENT_ID" "$CLIENT_SECRET"'
    done = subprocess.run(
        [need_program(shell), "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [audience, CLIENT_ID, CLIENT_SECRET]
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["secret.env"]


def test_what_a_shell_takes_as_it_is_stands_bare() -> None:
    """`docker run --env-file` and `kubectl --from-env-file` would keep quotation marks."""
    assert render(issued("urn:ripplexcurrent-uat:acme"), Format.ENV) == (
        "AUDIENCE=urn:ripplexcurrent-uat:acme\n"
        f"CLIENT_ID={CLIENT_ID}\n"
        f"CLIENT_SECRET={CLIENT_SECRET}\n"
    )
    _, *bare = render(issued("a&b"), Format.ENV).splitlines()
    assert bare == [f"CLIENT_ID={CLIENT_ID}", f"CLIENT_SECRET={CLIENT_SECRET}"]


def test_json() -> None:
    assert json.loads(render(issued('a"&b'), Format.JSON)) == {
        "audience": 'a"&b',
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
