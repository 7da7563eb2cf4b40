"""Shows a new secret, once."""

import hmac
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import ClassVar

from rich.cells import cached_cell_len
from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static
from textual.worker import Worker

from credtui.domain.errors import OutcomeUnknownError
from credtui.domain.models import IssuedSecret
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.service.secret_file import save
from credtui.service.token_request import TokenReply
from credtui.tui.dialogs.dialog import Dialog, Modal, own_error
from credtui.tui.screens.portal import Portal
from credtui.tui.terminal.clipboard import OTHERWISE, Route, Sent
from credtui.tui.terminal.framework import forget_cut_text, unbind
from credtui.tui.widgets.field import Field

WARNING = "Save your secret now"
EXPLANATION = (
    "The secret is displayed only once. After you close this dialog, it cannot be retrieved."
)
MIN_WHOLE_COLUMNS = 76
"""Columns of a terminal in which a secret fits beside its label."""

CONCEALED = "Press any key to show the secret again."
CONCEALED_BELOW = "The secret is hidden."
"""Said while another dialog takes the keys."""


async def show_secret(portal: Portal, issued: IssuedSecret) -> None:
    """Show a secret until its dialog is closed, and note that it was.

    Raises:
        DoubtError: Nobody knows whether the secret is valid; so nothing was noted.
    """
    credential, doubt = issued.credential, issued.doubt
    dialog = SecretDialog(issued, portal)
    del issued
    how = await portal.ask(dialog)
    # The framework remembers the widths of the last texts that it measured, with the texts.
    cached_cell_len.cache_clear()
    if isinstance(doubt, OutcomeUnknownError):
        raise doubt
    await portal.do(
        partial(
            portal.service.confirm,
            credential.client_id,
            seen=credential.generation,
            how=how or "closed",
        )
    )


class SecretDialog(Dialog[str]):
    """Returns how the secret was kept when it was closed.

    Every way to leave it goes through `action_close`, which asks once more when nothing shows that
    the secret was kept. A way around, such as a dropped line, leaves the credential "never
    confirmed". After a while without a key, and before the program is suspended, the values are
    hidden until a key is pressed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", key_display="esc"),
        Binding("s", "copy_secret", "Copy Secret"),
        Binding("i", "copy_client_id", "Client ID", tooltip="Copy the Client ID"),
        Binding("f", "save", "Save", tooltip="Save to a file"),
        Binding("v", "plain_view", "Plain View"),
        Binding("t", "try", "Try it"),
    ]

    AUTO_FOCUS = "#copy-secret"

    concealed: reactive[bool] = reactive(default=False, init=False)
    """Whether the values are hidden."""

    def __init__(self, issued: IssuedSecret, portal: Portal) -> None:
        super().__init__(f"Secret for {issued.credential.display_name}")
        self._issued: IssuedSecret | None = issued
        self._portal = portal
        self._conceal_after = portal.context.installation.settings.conceal_secret_after
        self._asking = False
        self._credential = issued.credential
        self._kept = ""
        self._copied = False
        self._focused_while_shown: Widget | None = None
        self._last_input = monotonic()
        self._otherwise = OTHERWISE
        if self._portal.context.forced:
            # There is no shell: a file on this computer would be out of the person's reach. What
            # isn't bound is neither in the footer nor in the help.
            self._otherwise = "Use Plain View."
            unbind(self, "f")

    def compose_parts(self) -> Iterable[Widget]:
        """The values, the warning, and the check."""
        yield Static(self._values(), id="values", markup=False)
        if self._issued and self._issued.doubt:
            yield Static(self._issued.doubt.label, id="doubt", markup=False)
        yield Static(WARNING, id="warning", markup=False)
        yield Static(EXPLANATION, id="explanation", markup=False)
        yield Label("Check your copy")
        yield Field(placeholder="paste the secret here", password=True, id="check")
        yield Static("", id="status", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """What can be done with the secret."""
        yield Button("Copy Client ID", id="copy-client-id", compact=True)
        yield Button("Copy Secret", id="copy-secret", variant="primary", compact=True)
        if not self._portal.context.forced:
            yield Button("Save to File", id="save", compact=True)
        yield Button("Plain View", id="plain-view", compact=True)
        yield Button("Try it", id="try", compact=True)
        yield Button("Close", id="close", compact=True)

    def on_mount(self) -> None:
        """Let nothing that was pressed before close this, and watch for idleness."""
        self.ignore_typed_ahead()
        self._conceal_when_idle()

    def page_changed(self, page: Page) -> None:
        """Say when the secret on screen has stopped working."""
        now = page.find(self._credential.client_id)
        if page.permission < Permission.CAN_VIEW:
            self._say(
                "You have no access any more, so whether the secret works can't be told here.",
                "error",
            )
        elif now is None:
            self._say("This credential was deleted meanwhile: the secret no longer works.", "error")
        elif now.generation != self._credential.generation:
            self._say("This credential was rotated again: the secret no longer works.", "error")

    # Ways to keep the secret

    @on(Button.Pressed, "#copy-secret")
    def action_copy_secret(self) -> None:
        """Send the secret to the person's clipboard."""
        if self._issued:
            self._copy(self._issued.secret.get_secret_value, kept="copied")

    @on(Button.Pressed, "#copy-client-id")
    def action_copy_client_id(self) -> None:
        """Send the Client ID to the person's clipboard."""
        self._copy(lambda: self._credential.client_id)

    @work(thread=True, exit_on_error=False)
    def _copy(self, value: Callable[[], str], kept: str = "") -> None:
        sent = self._portal.context.clipboard.send(value(), otherwise=self._otherwise)
        self.app.call_from_thread(self._say_sent, sent, kept)

    def _say_sent(self, sent: Sent, kept: str) -> None:
        self._say(
            f"{sent.message} {sent.fix or ''}".strip(), "warning" if sent.doubtful else "success"
        )
        if kept and sent.route is not Route.NONE:
            self._kept = kept
            self._copied = True

    @on(Button.Pressed, "#save")
    @work
    async def action_save(self) -> None:
        """Write the secret to a new file."""
        from credtui.tui.dialogs.save import SaveDialog

        if self._issued:
            saved = await self.app.push_screen_wait(
                SaveDialog(partial(save, self._issued), self._portal.service, self._credential)
            )
            if saved:
                self._kept = "saved to a file"
                self._say(f"Saved to {saved}, readable by you alone.", "success")

    @on(Button.Pressed, "#plain-view")
    def action_plain_view(self) -> None:
        """Show the values alone, for selection with the terminal's own mouse."""
        from textual.app import SuspendNotSupported

        from credtui.tui.terminal.plain_view import Left, show_plain

        if self._issued is None:
            return
        try:
            with self.app.suspend():
                if show_plain(self.irretrievable(), idle=self._conceal_after) is Left.KEY:
                    self._last_input = monotonic()
                else:  # before anything is drawn again
                    self.conceal()
        except (SuspendNotSupported, OSError):
            self._say(
                "Plain View needs a terminal of its own, which isn't to be had here.", "error"
            )
        self.ignore_typed_ahead()

    @on(Button.Pressed, "#try")
    def action_try(self) -> None:
        """Request an access token with the secret, as a client would."""
        if self._issued:
            service = self._portal.service
            self._say(f"Requesting an access token from {service.environment.token_url}")
            self._request_token(
                partial(service.request_token, self._credential.client_id, self._issued.secret)
            )

    @work(thread=True, group="try", exclusive=True, exit_on_error=False)
    def _request_token(self, request: Callable[[], TokenReply]) -> None:
        reply = request()
        self.app.call_from_thread(self._say, reply.sentence, "success" if reply.ok else "warning")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say that something failed which should not; the secret stays on screen."""
        if failure := own_error(event):
            self._say(failure, "error")

    @on(Input.Changed, "#check")
    def _check(self, event: Input.Changed) -> None:
        pasted = event.value.strip()
        if not pasted or self._issued is None:
            self._say("")
            return
        secret = self._issued.secret.get_secret_value()
        if hmac.compare_digest(pasted.encode(), secret.encode()):
            self._kept = "checked"
            self._say("Your copy matches the secret.", "success")
        elif len(pasted) != len(secret):
            self._say(
                f"Your copy does not match: it has {len(pasted)} characters, "
                f"the secret has {len(secret)}.",
                "error",
            )
        else:
            self._say("Your copy does not match, though its length is right.", "error")

    def on_paste(self, event: events.Paste) -> None:
        """Check what is pasted anywhere in the dialog."""
        check = self.query_one("#check", Input)
        if self.focused is not check and not self.concealed:
            event.stop()
            check.value = event.text.strip()

    # Hiding it

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there."""
        if isinstance(event, events.InputEvent):
            self._last_input = monotonic()
        await super().on_event(event)

    def on_resize(self, _event: events.Resize) -> None:
        """Show the values so that they fit."""
        self._show_values()

    def on_screen_suspend(self) -> None:
        """Say what holds while something is open above."""
        self._show_values()

    def on_screen_resume(self) -> None:
        """Say what holds once nothing is open above any more."""
        self._show_values()

    def _show_values(self) -> None:
        self.query_one("#values", Static).update(self._values())

    def conceal(self) -> None:
        """Hide the values until a key is pressed."""
        if not self.concealed:
            self._focused_while_shown = self.focused
            self.set_focus(None)
            self.concealed = True

    def watch_concealed(self) -> None:
        """Show the values or what stands for them."""
        self._show_values()
        self.query_one("#check", Input).disabled = self.concealed
        for button in self.query(Button):
            button.disabled = self.concealed
        self.refresh_bindings()

    def on_key(self, event: events.Key) -> None:
        """Show the values again."""
        if self.concealed and not self.covered:
            event.stop()
            event.prevent_default()
            self.concealed = False
            if self._focused_while_shown:
                self.set_focus(self._focused_while_shown)
            self._conceal_when_idle()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let any key show the values first."""
        return not self.concealed and super().check_action(action, parameters)

    def _conceal_when_idle(self) -> None:
        left = self._last_input + self._conceal_after - monotonic()
        if left <= 0:
            self.conceal()
        else:
            self.set_timer(left, self._conceal_when_idle)

    # Leaving

    def leave(self) -> bool:
        """Close first, which may take a question."""
        above = self.app.screen
        if above is not self and isinstance(above, Modal) and not self._asking:
            above.action_cancel()
        self.action_close()
        return False

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        """Close, after asking once more if nothing shows that the secret was kept."""
        if not self._asking:
            self._close()

    action_cancel = action_close

    @work
    async def _close(self) -> None:
        if self._kept or await self._is_given_up():
            self._forget()
            self.dismiss(self._kept or "closed without saving")
        else:
            self._portal.quit_gate.stay()

    async def _is_given_up(self) -> bool:
        from credtui.tui.dialogs.confirm import ConfirmDialog

        self._asking = True
        given_up = await self.app.push_screen_wait(
            ConfirmDialog(
                "Close without saving?",
                "Close",
                (),
                "The secret was not copied, saved or checked here. Once closed, it cannot be "
                "retrieved; the credential would have to be rotated.",
                cancel="Back",
            )
        )
        self._asking = False
        return bool(given_up)

    def _forget(self) -> None:
        self._issued = None
        self.query_one("#values", Static).update("")
        self.query_one("#check", Input).clear()
        self._forget_copies()

    def _forget_copies(self) -> None:
        forget_cut_text(self.app)
        clipboard = self._portal.context.clipboard
        seconds = self._portal.context.installation.settings.clear_clipboard_after
        self.app.run_worker(clipboard.clear, thread=True, exit_on_error=False)
        if seconds and self._copied:
            self.app.set_timer(
                seconds,
                lambda: self.app.run_worker(clipboard.blank, thread=True, exit_on_error=False),
            )

    def irretrievable(self) -> list[tuple[str, str]]:
        """Return the secret and what belongs to it, until the dialog is closed."""
        if self._issued is None:
            return []
        return [
            ("Audience", self._issued.audience),
            ("Client ID", self._issued.credential.client_id),
            ("Secret", self._issued.secret.get_secret_value()),
        ]

    def _values(self) -> str:
        if self.concealed:
            return f"\n{CONCEALED if self.is_active else CONCEALED_BELOW}\n"
        # A secret has a line of its own where it would not fit beside its label.
        tiny = self.app.size.width < MIN_WHOLE_COLUMNS
        return "\n".join(
            f"{label}\n{value}" if tiny and label == "Secret" else f"{label:<9}  {value}"
            for label, value in self.irretrievable()
        )

    def _say(self, message: str, tone: str = "") -> None:
        status = self.query_one("#status", Static)
        status.update(message)
        status.set_classes(f"-{tone}" if tone else "")
