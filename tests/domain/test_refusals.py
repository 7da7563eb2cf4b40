"""What a refusal's code stands for."""

from collections.abc import Iterator

from credtui.domain.refusals import PrimaryProtectedError, Refusal, meaning


def test_a_code_is_explained_by_its_class() -> None:
    assert meaning(PrimaryProtectedError.code) == "The primary credential can't be deleted."


def test_every_code_has_a_sentence_of_its_own() -> None:
    codes = {kind.code for kind in _kinds(Refusal)}
    meanings = {meaning(code) for code in codes}
    assert len(meanings) == len(codes)
    assert all(text.endswith(".") and "_" not in text for text in meanings)


def test_a_code_that_a_later_version_wrote_is_shown_as_words() -> None:
    assert meaning("moon_too_full") == "Moon too full."


def _kinds(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from _kinds(subclass)
