"""Bars and charts, in Unicode and in ASCII."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from credtui.tui.charts import bar, columns, sparkline
from credtui.tui.marks import ASCII, UNICODE, Marks
from credtui.tui.terminal.ascii import to_ascii

both = pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
a_day = st.lists(st.integers(0, 10**9), min_size=24, max_size=24)


@both
def test_every_sign_is_one_cell_wide(marks: Marks) -> None:
    for signs in marks:
        for sign in signs:
            assert cell_len(sign) == 1, sign


def test_the_ascii_filter_leaves_the_ascii_signs_alone() -> None:
    for signs in ASCII:
        assert to_ascii(signs) == signs


class TestBar:
    @pytest.mark.parametrize(
        ("part", "expected"),
        [
            (0, ".........."),
            (0.05, ".........."),
            (0.1, "#........."),
            (0.999, "#########."),
            (1, "##########"),
            (2.3, "##########"),
            (-1, ".........."),
        ],
    )
    def test_in_ascii(self, part: float, expected: str) -> None:
        assert "".join(bar(part, 10, ASCII)) == expected

    def test_in_unicode(self) -> None:
        assert bar(0.5, 4, UNICODE) == ("▓▓", "░░")

    @both
    @given(part=st.floats(-10, 10), width=st.integers(0, 200))
    def test_its_width_is_what_was_asked_for(self, marks: Marks, part: float, width: int) -> None:
        full, empty = bar(part, width, marks)
        assert cell_len(full + empty) == width
        assert bool(empty) is (part < 1 and width > 0)


class TestSparkline:
    def test_each_level(self) -> None:
        assert sparkline(range(8), ASCII) == "_.:-=+*#"
        assert sparkline(range(8), UNICODE) == "▁▂▃▄▅▆▇█"

    def test_no_use_is_a_flat_line(self) -> None:
        assert sparkline([0] * 24, UNICODE) == "▁" * 24

    def test_one_among_thousands_differs_from_zero(self) -> None:
        assert sparkline([0, 1, 100_000], ASCII) == "_.#"

    @both
    @given(counts=a_day)
    def test_a_cell_for_each_hour(self, marks: Marks, counts: list[int]) -> None:
        line = sparkline(counts, marks)
        assert cell_len(line) == 24
        for cell, count in zip(line, counts, strict=True):
            assert (cell == marks.levels[0]) is (count == 0)
            if count and count == max(counts):
                assert cell == marks.levels[-1]


class TestColumns:
    def test_several_rows(self) -> None:
        rows = columns([0, 1, 8, 9, 15], ASCII, height=2, column=2)
        assert rows == [
            "    __..##",
            "__..######",
        ]

    def test_no_use_leaves_the_upper_rows_blank(self) -> None:
        assert columns([0, 0], UNICODE, height=3) == ["  ", "  ", "▁▁"]

    @both
    @given(counts=a_day, height=st.integers(1, 8), column=st.integers(1, 4))
    def test_its_size_is_what_was_asked_for(
        self, marks: Marks, counts: list[int], height: int, column: int
    ) -> None:
        rows = columns(counts, marks, height=height, column=column)
        assert len(rows) == height
        assert {cell_len(row) for row in rows} == {24 * column}
        for place, count in enumerate(counts):
            drawn = [row[place * column] for row in rows]
            assert (drawn[-1] == marks.levels[0]) is (count == 0)
            if count and count == max(counts):
                assert set(drawn) == {marks.levels[-1]}

    @both
    @given(counts=a_day)
    def test_more_is_never_drawn_lower(self, marks: Marks, counts: list[int]) -> None:
        counts = sorted(counts)
        rows = columns(counts, marks, height=4)
        drawn = [
            sum(1 + marks.levels.index(row[place]) for row in rows if row[place] != " ")
            for place in range(24)
        ]
        assert drawn == sorted(drawn)
