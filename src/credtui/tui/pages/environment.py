"""The page that shows the settings of an environment."""

import asyncio
from contextlib import suppress
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from credtui.domain.errors import StoreError
from credtui.domain.page import Page
from credtui.domain.rules import MAX_CREDENTIALS
from credtui.tui.pages.page import PortalPage
from credtui.tui.phrases import minute, plural
from credtui.tui.verbs.edit_networks import EditNetworks
from credtui.tui.widgets.labelled_value import LabelledValue

EDIT_NETWORKS = EditNetworks()
PRODUCTION = "yes: real payments depend on its credentials"
FROM_EVERYWHERE = "Clients may come from anywhere."


class EnvironmentPage(PortalPage):
    """Shows one setting a line, to read and to copy; a representative sets the networks."""

    VERBS = (EDIT_NETWORKS,)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", tooltip="Send the chosen value to your clipboard."),
        EDIT_NETWORKS.binding,
        Binding("down,j", "move(1)", show=False),
        Binding("up,k", "move(-1)", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The title row and the facts."""
        service = self.portal.service
        environment, settings = service.environment, self.portal.context.installation.settings
        yield Horizontal(
            Static("Environment", classes="title"),
            Button(EDIT_NETWORKS.label, id=EDIT_NETWORKS.name, compact=True, classes="action verb"),
            classes="page-title",
        )
        yield Static("", classes="alone", markup=False)
        with VerticalScroll(classes="facts", can_focus=False):
            for label, value in (
                ("Environment", environment.name),
                ("Organization", service.organization),
                ("Audience", service.audience),
                ("Token address", environment.token_url),
                ("Production", PRODUCTION if environment.production else "no"),
            ):
                yield LabelledValue(label, value, can_focus=True)
            yield LabelledValue("Networks", id="networks", can_focus=True)
            yield LabelledValue("Credentials", f"at most {MAX_CREDENTIALS} in an environment")
            days = settings.rotation_days
            yield LabelledValue("Rotation", f"due after {days} {plural(days, 'day')}")
            yield LabelledValue("Time", id="time")
            hazards = LabelledValue("Hazards", id="hazards")
            hazards.display = False
            yield hazards

    def page_changed(self, page: Page) -> None:
        """Show the networks as they are now; show nothing to a person without access."""
        viewable = page.why_not_view() is None
        self.say_alone("" if viewable else self.no_access)
        self.query_one(".facts").display = viewable
        self.query_one(f"#{EDIT_NETWORKS.name}").display = page.may_manage
        networks = "\n".join(page.networks) or FROM_EVERYWHERE
        self.query_one("#networks", LabelledValue).show(networks if viewable else "")
        self.time_passed()
        self.refresh_bindings()

    @work(group="hazards", exclusive=True)
    async def on_show(self) -> None:
        """Show what endangers the store."""
        with suppress(StoreError):
            hazards = await asyncio.to_thread(self.portal.service.hazards)
            value = self.query_one("#hazards", LabelledValue)
            value.show("\n".join(hazards))
            value.display = bool(hazards)

    def take_focus(self) -> None:
        """Choose the first value."""
        if self.query_one(".facts").display:
            self.query(LabelledValue).first().focus()

    def time_passed(self) -> None:
        """Show the time of this computer's clock."""
        self.query_one("#time", LabelledValue).show(minute(self.portal.service.clock()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to copy only where a value is chosen."""
        if action == "copy":
            return isinstance(self.screen.focused, LabelledValue)
        return super().check_action(action, parameters)

    def on_descendant_focus(self) -> None:
        """Offer to copy the chosen value."""
        self.refresh_bindings()

    def action_move(self, step: int) -> None:
        """Choose the next value or the one before."""
        facts = [fact for fact in self.query(LabelledValue) if fact.focusable]
        here = next((place for place, fact in enumerate(facts) if fact.has_focus), -step)
        facts[max(0, min(here + step, len(facts) - 1))].focus()

    def action_copy(self) -> None:
        """Send the chosen value to the person's clipboard."""
        if isinstance(fact := self.screen.focused, LabelledValue):
            self.portal.copy(fact.value, fact.label)
