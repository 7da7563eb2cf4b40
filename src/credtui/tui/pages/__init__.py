"""The portal's pages, as the navigation lists them."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from credtui.domain.page import Page
from credtui.tui.pages.page import PortalPage


class Entry(NamedTuple):
    """A page in the navigation.

    Attributes:
        name: Identifies it.
        title: Its words.
        section: The section it stands in; empty for none.
        location: The module and class, imported when it is first opened.
        for_managers: Only who may manage operators finds it in the navigation.
    """

    name: str
    title: str
    section: str
    location: str
    for_managers: bool = False

    def open(self) -> PortalPage:
        """Return a new page."""
        module, _, page = self.location.partition(":")
        create: Callable[..., PortalPage] = getattr(import_module(module), page)
        return create(id=self.name)


ENTRIES: tuple[Entry, ...] = (
    Entry("credentials", "Credentials", "Settings", f"{__name__}.credentials:CredentialsPage"),
    Entry(
        "operators",
        "Operators",
        "Settings",
        f"{__name__}.operators:OperatorsPage",
        for_managers=True,
    ),
    Entry("activity", "Activity", "Settings", f"{__name__}.activity:ActivityPage"),
    Entry("environment", "Environment", "Settings", f"{__name__}.environment:EnvironmentPage"),
    Entry("api-access", "API access", "", f"{__name__}.api_access:ApiAccessPage"),
)


def entries_for(page: Page) -> Sequence[Entry]:
    """Return the entries that a person finds."""
    return [entry for entry in ENTRIES if page.may_manage or not entry.for_managers]


def find_entry(name: str) -> Entry:
    """Return the entry of this name."""
    return next(entry for entry in ENTRIES if entry.name == name)
