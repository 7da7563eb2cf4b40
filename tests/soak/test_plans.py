"""Statements find what they need with indexes, among a hundred thousand organizations too."""

from tests.store.postgres.plans import check_plans


def test_no_statement_reads_a_table_that_grows() -> None:
    check_plans(100_000)
