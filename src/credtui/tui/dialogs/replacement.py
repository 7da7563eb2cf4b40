"""Shows how far the replacement of a credential is, and what comes next."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.refusals import CredentialChangedError
from credtui.domain.usage import MAX_CALLERS
from credtui.tui.charts import sparkline
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.replacing import REMINDER, TITLES, Replacement, step_lines
from credtui.tui.screens.portal import Portal
from credtui.tui.widgets.decision import Decision
from credtui.tui.widgets.hazards import Hazards

FEW_CALLERS = 4
"""How many lines of callers fit into 24 rows."""


class ReplacementDialog(Dialog[str]):
    """Returns "rotate", "make-primary" or "finish", to do that next; None if the person left.

    Args:
        portal: The screen that shows the credentials.
        credential: The credential that is being replaced.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Close"),
        Binding("r", "step('rotate')", "Rotate New One"),
        Binding("p", "step('make-primary')", "Make Primary"),
        Binding("y", "step('finish')", "Delete Old One"),
    ]

    AUTO_FOCUS = ""

    def __init__(self, portal: Portal, credential: Credential) -> None:
        super().__init__(f"Replace {credential.display_name}")
        self._portal = portal
        self._old = credential

    def compose_parts(self) -> Iterable[Widget]:
        """The steps, the use of both credentials, and what to do now."""
        yield Static("", id="danger", markup=False)
        with Grid(id="steps"):
            for step in TITLES:
                yield Static("", id=f"step-{step}", markup=False)
                yield Static("", id=f"detail-{step}", markup=False)
        with Grid(id="usage"):
            for which in ("old", "new"):
                yield Static(which.capitalize(), markup=False)
                yield Static("", id=f"{which}-chart", markup=False)
                yield Static("", id=which, markup=False)
        yield Static("", id="callers", markup=False)
        yield Static("", id="explanation", markup=False)
        yield Hazards(self._portal.service)

    def compose_buttons(self) -> Iterable[Widget]:
        """What can be done now."""
        yield Button("Rotate New One (r)", id="rotate", compact=True)
        yield Button("Make Primary (p)", id="make-primary", compact=True)
        yield Decision("Delete Old One (y)", variant="error", id="finish", compact=True)
        yield Button("Close", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Show how far the replacement is, and drop the keys that were pressed earlier."""
        self.ignore_typed_ahead()
        # In a small terminal a person begins to read at the top.
        self.set_focus(self.query_one("#cancel", Button), scroll_visible=False)
        self.page_changed(self._portal.page)

    def time_passed(self) -> None:
        """Show how far the replacement is by now."""
        self.page_changed(self._portal.page)

    def page_changed(self, page: Page) -> None:
        """Show the step that comes next by now, or why nothing can be done any more."""
        old, new = page.find(self._old.client_id), page.successor_of(self._old.client_id)
        obstacle = self._obstacle(page)
        self.query_one("#steps").display = self.query_one("#usage").display = not obstacle
        if obstacle or not old or not new:
            self._show("callers", "")
            self._show("danger", obstacle)
            self._show("explanation", "")
        else:
            now = self._portal.service.clock()
            self._show_replacement(Replacement(page, old, new, now))
        for action in ("rotate", "make-primary", "finish"):
            self.query_one(f"#{action}", Button).display = self._may(action)
        if self.focused and not self.focused.display:
            self.set_focus(self.query_one("#cancel", Button))
        self.refresh_bindings()

    def _show_replacement(self, replacement: Replacement) -> None:
        lines = step_lines(replacement.step, self._portal.context.marks)
        for step, (text, colour), detail in zip(TITLES, lines, replacement.details(), strict=True):
            self.query_one(f"#step-{step}", Static).update(Content.styled(text, colour))
            self.query_one(f"#detail-{step}", Static).update(detail)
        callers = replacement.callers(
            MAX_CALLERS + 1 if self.size.height > 30 else FEW_CALLERS,
            aligned=self.size.width >= 80,
        )
        title = "Still with the old one in the last 24 hours:"
        self._show("callers", "\n".join([title, *callers]) if callers else "")
        warning = replacement.warning()
        self._show("danger", f"! {warning}" if warning else "")
        self._show("explanation", f"{replacement.explanation()}\n{REMINDER}".strip())
        for place, counts, line in zip(
            ("old", "new"), replacement.hours(), replacement.usage_lines(), strict=True
        ):
            chart = sparkline(counts, self._portal.context.marks)
            self.query_one(f"#{place}-chart", Static).update(chart)
            self.query_one(f"#{place}", Static).update(line)

    def _show(self, place: str, text: str) -> None:
        widget = self.query_one(f"#{place}", Static)
        widget.update(text)
        widget.display = bool(text)

    def _obstacle(self, page: Page) -> str:
        if denial := page.why_not_view() or page.why_not_edit():
            return str(denial)
        client_id = self._old.client_id
        if page.find(client_id) is None:
            return "The old credential was deleted meanwhile. There is nothing left to do."
        if page.successor_of(client_id) is None:
            return "The new credential was deleted meanwhile. Close, and begin again with x."
        if isinstance(page.as_seen(client_id, self._old.generation), CredentialChangedError):
            return "The old credential was rotated meanwhile. Close, and look again."
        return ""

    def _may(self, action: str) -> bool:
        page, client_id = self._portal.page, self._old.client_id
        new = page.successor_of(client_id)
        if self._obstacle(page) or new is None:
            return False
        is_lost = page.secret_state(new).advises_rotation
        if action == "rotate":
            return is_lost
        if action == "make-primary":
            return page.primary == client_id
        usage, now = page.usage.get(client_id), self._portal.service.clock()
        return not is_lost and page.why_not_finish_replacement(client_id, usage, now) is None

    # What a person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        if action == "step" and not self._may(str(parameters[0])):
            return False
        return super().check_action(action, parameters)

    @on(Button.Pressed, "#rotate, #make-primary, #finish")
    def _press(self, event: Button.Pressed) -> None:
        self.action_step(event.button.id or "")

    def action_step(self, step: str) -> None:
        """Close, to do this next."""
        self.dismiss(step)
