"""The present moment, passed in wherever it is needed."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""A source of the present moment, with its time zone. It may be wrong, and may go back."""
