"""Where credentials are kept: an organization in an environment."""

from typing import NamedTuple


class Place(NamedTuple):
    """What a store keeps together: an organization in an environment."""

    environment: str
    organization: str


OPERATORS = Place("", "")
"""The place of the operators, and of the audit log about them."""
