"""The page that shows what an environment asks of clients and of operators."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.domain.rules import MAX_CREDENTIALS
from credtui.tui.pages.page import PortalPage, no_access
from credtui.tui.phrases import minute
from credtui.tui.widgets.labelled_value import LabelledValue

FROM_EVERYWHERE = "Credentials may be used from everywhere."


class EnvironmentPage(PortalPage):
    """Shows one fact a line, to read and to copy; a representative sets the networks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", tooltip="Send the chosen value to your clipboard."),
        Binding("e", "edit_networks", "Edit Networks", tooltip="Say where clients may come from."),
        Binding("down,j", "move(1)", "Next value", show=False),
        Binding("up,k", "move(-1)", "Previous value", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The title row and the facts."""
        service = self.portal.service
        environment, settings = service.environment, self.portal.surroundings.installation.settings
        with Horizontal(classes="page-title"):
            yield Static("Environment", classes="title")
            yield Button("Edit Networks", id="edit-networks", compact=True, classes="action")
        yield Static("", classes="alone", markup=False)
        with VerticalScroll(classes="facts", can_focus=False):
            for label, value in (
                ("Environment", environment.name),
                ("Organization", service.organization),
                ("Audience", service.audience),
                ("Token address", environment.token_url),
            ):
                yield LabelledValue(label, value, can_focus=True)
            yield LabelledValue("Networks", id="networks", can_focus=True)
            yield LabelledValue("Credentials", f"at most {MAX_CREDENTIALS} in an environment")
            days = settings.rotation_days
            yield LabelledValue("Rotation", f"due after {days} {'day' if days == 1 else 'days'}")
            yield LabelledValue("Time", id="time")

    def page_changed(self, page: Page) -> None:
        """Show the networks as they are now, and nothing to a person without access."""
        viewable = page.permission >= Permission.CAN_VIEW
        alone = self.query_one(".alone", Static)
        alone.update("" if viewable else no_access(self.portal.service.organization))
        alone.display = not viewable
        self.query_one(".facts").display = viewable
        self.query_one("#edit-networks").display = page.may_manage
        networks = "\n".join(page.networks) or FROM_EVERYWHERE
        self.query_one("#networks", LabelledValue).show(networks if viewable else "")
        self.time_passed()
        self.refresh_bindings()

    def take_focus(self) -> None:
        """Choose the first value."""
        if self.query_one(".facts").display:
            self.query(LabelledValue).first().focus()

    def time_passed(self) -> None:
        """Show what this computer's clock says."""
        self.query_one("#time", LabelledValue).show(minute(self.portal.service.clock()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        if action == "copy":
            return isinstance(self.screen.focused, LabelledValue)
        if action == "edit_networks":
            return self.portal.page.may_manage
        return super().check_action(action, parameters)

    def on_descendant_focus(self) -> None:
        """Offer to copy what was chosen."""
        self.refresh_bindings()

    def action_move(self, step: int) -> None:
        """Choose the next value or the one before."""
        facts = [fact for fact in self.query(LabelledValue) if fact.focusable]
        here = next((place for place, fact in enumerate(facts) if fact.has_focus), -step)
        facts[max(0, min(here + step, len(facts) - 1))].focus()

    def action_copy(self) -> None:
        """Send the chosen value to the person's clipboard."""
        if isinstance(self.screen.focused, LabelledValue):
            self.portal.copy(self.screen.focused.value)

    @on(Button.Pressed, "#edit-networks")
    def action_edit_networks(self) -> None:
        """Say from where clients may come."""
        self.portal.run(self._edit_networks)

    async def _edit_networks(self) -> None:
        from credtui.tui.dialogs.networks import NetworksDialog

        portal = self.portal
        networks = await portal.ask(NetworksDialog(portal.page.networks))
        if networks is not None and networks != portal.page.networks:
            kept = await portal.do(lambda: portal.service.set_networks(networks))
            where = f"from {', '.join(kept)}" if kept else "from everywhere"
            portal.tell(f"The credentials may now be used {where}.")
