"""The portal's pages, as the navigation lists them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from credtui.domain.page import Page
from credtui.tui.pages.page import PortalPage


def _credentials() -> type[PortalPage]:
    from credtui.tui.pages.credentials import CredentialsPage

    return CredentialsPage


def _operators() -> type[PortalPage]:
    from credtui.tui.pages.operators import OperatorsPage

    return OperatorsPage


def _activity() -> type[PortalPage]:
    from credtui.tui.pages.activity import ActivityPage

    return ActivityPage


def _environment() -> type[PortalPage]:
    from credtui.tui.pages.environment import EnvironmentPage

    return EnvironmentPage


def _api_access() -> type[PortalPage]:
    from credtui.tui.pages.api_access import ApiAccessPage

    return ApiAccessPage


class Entry(NamedTuple):
    """A page in the navigation.

    Attributes:
        key: The key that opens it.
        name: Identifies the page.
        title: Its words.
        section: The section that lists it; empty for none.
        load: Imports its class. The portal starts faster without the pages that aren't open.
        for_managers: Whether the navigation shows it only to people who may manage operators.
    """

    key: str
    name: str
    title: str
    section: str
    load: Callable[[], type[PortalPage]]
    for_managers: bool = False

    def open(self) -> PortalPage:
        """Return a new page."""
        return self.load()(id=self.name)


ENTRIES: tuple[Entry, ...] = (
    Entry("1", "credentials", "Credentials", "Settings", _credentials),
    Entry("2", "operators", "Operators", "Settings", _operators, for_managers=True),
    Entry("3", "activity", "Activity", "Settings", _activity),
    Entry("4", "environment", "Environment", "Settings", _environment),
    Entry("5", "api-access", "API access", "", _api_access),
)


def entries_for(page: Page) -> Sequence[Entry]:
    """Return the entries that a person sees in the navigation."""
    return [entry for entry in ENTRIES if page.may_manage or not entry.for_managers]


def find_entry(name: str) -> Entry:
    """Return the entry of this name."""
    return next(entry for entry in ENTRIES if entry.name == name)
