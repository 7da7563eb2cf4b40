"""The rules for rotations and answers find what is wrong, and nothing else."""

import pytest

from tests.soak.primaries import overlaps
from tests.soak.rotating import Answer, Rotation, judge

FIRST = Rotation(0, 1, "first", acknowledged=True)
SECOND = Rotation(2, 3, "second", acknowledged=True)
DOUBTFUL = Rotation(2, 3, "doubtful")
FAILED = Rotation(2, 3)
RUNNING = Rotation(2)


@pytest.mark.parametrize(
    ("history", "answer", "wrong"),
    [
        ([FIRST, SECOND], Answer("secret", 0, 3.1, 3.2, 200), True),
        ([FIRST, SECOND], Answer("secret", 0, 2.9, 3.2, 200), False),
        ([FIRST, SECOND], Answer("secret", 0, 3.1, 3.2, 401), False),
        ([FIRST, SECOND], Answer("secret", 0, 2.1, 2.2, 401), False),
        ([FIRST, SECOND], Answer("secret", 0, 1.1, 1.2, 401), True),
        ([FIRST, SECOND], Answer("token", 1, 3.1, 3.2, 401), True),
        ([FIRST, SECOND], Answer("token", 1, 3.1, 3.2, 503), False),
        ([FIRST, SECOND], Answer("token", 1, 3.1, 3.2, 500), True),
        ([FIRST, DOUBTFUL], Answer("secret", 0, 3.1, 3.2, 200), False),
        ([FIRST, DOUBTFUL], Answer("secret", 0, 3.1, 3.2, 401), False),
        ([FIRST, DOUBTFUL], Answer("secret", 1, 3.1, 3.2, 401), False),
        ([FIRST, DOUBTFUL, SECOND], Answer("secret", 0, 3.1, 3.2, 200), True),
        ([FIRST, FAILED], Answer("secret", 0, 3.1, 3.2, 401), True),
        ([FIRST, RUNNING], Answer("secret", 0, 3.1, 3.2, 401), False),
    ],
)
def test_what_breaks_a_rule(history: list[Rotation], answer: Answer, wrong: bool) -> None:
    assert bool(judge([answer], history, []).violations) is wrong


def test_two_primaries_excuse_what_they_answer_and_nothing_else() -> None:
    answers = [Answer("secret", 0, began, began + 0.5, 200) for began in (3.1, 5.0, 7.0)]
    judgement = judge(answers, [FIRST, SECOND], [(4.0, 5.2)])
    assert (judgement.excused, judgement.window) == (1, 2.5)
    assert len(judgement.violations) == 2


def test_overlaps_of_reigns() -> None:
    reigns = [[(0.0, 2.0), (5.0, 9.0)], [(1.5, 6.0)], [(20.0, 21.0)]]
    assert overlaps(reigns) == [(1.5, 2.0), (5.0, 6.0)]
