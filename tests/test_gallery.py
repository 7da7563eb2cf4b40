"""The gallery shows the program as it is, and no picture shows a secret."""

import re
from pathlib import Path

import pytest
from screenshots.draw import GALLERY, HERE, Picture, draw

from credtui.domain.secrets import SECRET_PATTERN
from tests.tui.apps import FAKE_SECRET

TESTS = Path(__file__).parent


@pytest.mark.parametrize("picture", GALLERY, ids=lambda picture: picture.name)
async def test_each_picture_is_as_the_program_draws_it(picture: Picture) -> None:
    file = HERE / f"{picture.name}.svg"
    # Don't compare in the assertion: pytest takes minutes to explain a difference in such texts.
    fresh = file.read_text() == await draw(picture)
    assert fresh, f"{file.name} is stale: run `make screenshots`, and look at what it draws"


def test_each_picture_has_both_forms_and_there_is_no_other() -> None:
    files = {path.name for path in HERE.iterdir() if path.suffix in (".svg", ".png")}
    assert files == {f"{picture.name}{form}" for picture in GALLERY for form in (".svg", ".png")}


def test_pictures_need_no_network() -> None:
    for path in [*HERE.glob("*.svg"), *TESTS.rglob("*.svg")]:
        hosts = set(re.findall(r"https?://[^/\"&<\s)]+", path.read_text()))
        assert hosts <= {
            "http://www.w3.org",
            "http://127.0.0.1:8000",
            "https://www.textualize.io",
        }, path


def test_no_picture_shows_a_secret_but_the_fake_one() -> None:
    pictures = [*HERE.glob("*.svg"), *TESTS.rglob("__snapshots__/**/*.svg")]
    shown = [
        found[0] for path in pictures for found in re.finditer(SECRET_PATTERN, path.read_text())
    ]
    assert shown, "the secret dialog's picture shows the fake secret, so the search works"
    assert set(shown) == {FAKE_SECRET}
