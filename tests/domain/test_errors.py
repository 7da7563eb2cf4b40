"""What a refusal's code stands for."""

from collections.abc import Iterator

from credtui.domain.errors import CredtuiError, PrimaryProtectedError, meaning


def test_a_code_is_explained_by_what_its_class_says_of_itself() -> None:
    assert meaning(PrimaryProtectedError.code) == "The primary credential can't be deleted."


def test_every_code_has_a_sentence_of_its_own() -> None:
    codes = {kind.code for kind in _kinds(CredtuiError)}
    meanings = {meaning(code) for code in codes}
    assert len(meanings) == len(codes)
    assert all(text.endswith(".") and "_" not in text for text in meanings)


def test_a_code_that_a_later_version_wrote_is_shown_as_words() -> None:
    assert meaning("moon_too_full") == "Moon too full."


def _kinds(error: type[CredtuiError]) -> Iterator[type[CredtuiError]]:
    for kind in error.__subclasses__():
        if kind.__module__.startswith("credtui."):
            yield kind
        yield from _kinds(kind)
