"""Statements find what they need with indexes."""

from tests.store.postgres.plans import check_plans


def test_no_statement_reads_a_table_that_grows() -> None:
    check_plans(20_000)
