"""The preferences of an operator, which hold in each session."""

from contextlib import suppress

from credtui.domain.errors import StoreError
from credtui.store.port import PreferenceStore


class PreferenceService:
    """Keeps the preferences of an operator. They change nothing for anybody else.

    So there is no audit event, and no permission is needed.

    Args:
        store: Where they are kept.
        operator: The operator's name. Several operators may share a Unix account.
    """

    def __init__(self, store: PreferenceStore, operator: str) -> None:
        self._store = store
        self._operator = operator

    @property
    def theme(self) -> str | None:
        """The theme that the operator chose; None if there is none, or if it can't be read."""
        with suppress(StoreError):
            return self._store.theme_of(self._operator)
        return None

    def keep_theme(self, name: str) -> None:
        """Remember the operator's choice of a theme.

        Raises:
            StoreError: The choice can't be kept.
        """
        self._store.keep_theme(self._operator, name)
