"""Shows a new secret, once."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static
from textual.worker import Worker

from credtui.domain.models import How, IssuedSecret
from credtui.domain.page import Page
from credtui.domain.refusals import (
    CredentialChangedError,
    NoSuchCredentialError,
    PermissionDeniedError,
)
from credtui.domain.secrets import difference
from credtui.service.secret_file import save
from credtui.service.token_request import TokenReply
from credtui.tui.dialogs.close_gate import GatedDialog
from credtui.tui.dialogs.concealing import ConcealingDialog
from credtui.tui.dialogs.dialog import own_error
from credtui.tui.screens.portal import Portal
from credtui.tui.terminal.clipboard import OTHERWISE, Route, Sent
from credtui.tui.terminal.framework import forget_cut_text, unbind
from credtui.tui.widgets.field import SecretField
from credtui.tui.widgets.status import Status
from credtui.tui.widgets.steps import Steps

WARNING = "Save your secret now"
EXPLANATION = (
    "The secret is displayed only once. After you close this dialog, it cannot be retrieved."
)
PROOF = "Paste it anywhere here to prove that it arrived."
MIN_WHOLE_COLUMNS = 76
"""Columns from which a secret fits beside its label."""

COPY, CHECK = 1, 2
"""The numbers of the steps that can have an outcome."""

CONCEALED = "Press any key to show the secret again."
CONCEALED_BELOW = "The secret is hidden."
"""Said while another dialog takes the keys."""


class SecretDialog(ConcealingDialog[How], GatedDialog):
    """Returns how the secret was kept when it was closed.

    Args:
        issued: The secret.
        portal: The screen that it is shown on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", key_display="esc"),
        Binding("s", "copy_secret", "Copy Secret"),
        Binding("i", "copy_client_id", "Copy Client ID"),
        Binding("f", "save", "Save to File"),
        Binding("v", "plain_view", "Plain View"),
        Binding("t", "try", "Try it"),
        # Some terminals paste a secret as keys, and this is the first one.
        Binding("c", "check('c')", "Check your copy", show=False),
    ]

    AUTO_FOCUS = "#copy-secret"

    def __init__(self, issued: IssuedSecret, portal: Portal) -> None:
        settings = portal.context.installation.settings
        super().__init__(
            f"Secret for {issued.credential.display_name}", settings.conceal_secret_after
        )
        self._portal = portal
        self._settings = settings
        self.quit_gate = portal.quit_gate
        self._issued: IssuedSecret | None = issued
        self._credential = issued.credential
        self._service = portal.service
        self._copied = False
        if self._portal.context.forced:
            # There is no shell, so a file on this computer would be out of the person's reach.
            unbind(self, "f")

    def compose_parts(self) -> Iterable[Widget]:
        """The values, the warning, and the path: copy, paste as proof, Close."""
        yield Static(id="values", markup=False)
        yield Static(id="secret", markup=False)
        if self._issued and self._issued.doubt:
            yield Static(self._issued.doubt.label, id="doubt", markup=False)
        yield Static(WARNING, id="warning", markup=False)
        yield Static(EXPLANATION, id="explanation", markup=False)
        yield Steps(
            (
                Button("Copy Secret", id="copy-secret", variant="primary", compact=True),
                Static("Then store it where its clients read it.", classes="hint"),
            ),
            (Label("Check your copy"), SecretField(id="check")),
            (Button("Close", id="close", compact=True), Static("", classes="hint")),
            marks=self._portal.context.marks,
        )
        yield Status(id="status")

    def compose_buttons(self) -> Iterable[Widget]:
        """The buttons beside the path."""
        yield Button("Copy Client ID", id="copy-client-id", compact=True)
        if not self._portal.context.forced:
            yield Button("Save to File", id="save", compact=True)
        yield Button("Plain View", id="plain-view", compact=True)
        yield Button("Try it", id="try", compact=True)

    def on_mount(self) -> None:
        """Let no key that was pressed earlier close this."""
        self.ignore_typed_ahead()

    def page_changed(self, page: Page) -> None:
        """Say when the secret on screen has stopped working."""
        seen = self._credential
        match page.why_not_view() or page.as_seen(seen.client_id, seen.generation):
            case PermissionDeniedError():
                sentence = (
                    "You have no access any more, so whether the secret works can't be told here."
                )
            case NoSuchCredentialError():
                sentence = "This credential was deleted meanwhile: the secret no longer works."
            case CredentialChangedError():
                sentence = "This credential was rotated again: the secret no longer works."
            case _:
                return
        self._say(sentence, "error")

    # Ways to keep the secret

    @on(Button.Pressed, "#copy-secret")
    def action_copy_secret(self) -> None:
        """Send the secret to the person's clipboard."""
        if self._issued:
            self._copy(self._issued.secret.get_secret_value, "Secret", proof=PROOF)

    @on(Button.Pressed, "#copy-client-id")
    def action_copy_client_id(self) -> None:
        """Send the Client ID to the person's clipboard."""
        self._copy(lambda: self._credential.client_id, "Client ID")

    @work(thread=True, exit_on_error=False)
    def _copy(self, value: Callable[[], str], what: str, *, proof: str = "") -> None:
        otherwise = "Use Plain View." if self._portal.context.forced else OTHERWISE
        clipboard = self._portal.context.clipboard
        sent = clipboard.send(value(), what, proof=proof, otherwise=otherwise)
        self.app.call_from_thread(self._say_sent, sent, secret=bool(proof))

    def _say_sent(self, sent: Sent, *, secret: bool) -> None:
        self._say(
            f"{sent.message} {sent.fix or ''}".strip(), "warning" if sent.doubtful else "success"
        )
        if secret and sent.route is not Route.NONE:
            self.note_kept("sent")
            self._note_step(COPY, "Sent")
            self._copied = True

    @on(Button.Pressed, "#save")
    @work
    async def action_save(self) -> None:
        """Write the secret to a new file."""
        from credtui.tui.dialogs.save import SaveDialog

        if self._issued:
            saved = await self.app.push_screen_wait(
                SaveDialog(partial(save, self._issued), self._service, self._credential)
            )
            if saved:
                self.note_kept("saved")
                self._note_step(COPY, "Saved")
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
                    self.note_presence()
                else:
                    self.conceal()  # Before anything is drawn again.
        except (SuspendNotSupported, OSError):
            self._say(
                "Plain View needs a terminal of its own, which isn't to be had here.", "error"
            )
        self.ignore_typed_ahead()

    @on(Button.Pressed, "#try")
    def action_try(self) -> None:
        """Request an access token with the secret, as a client would."""
        if self._issued:
            service = self._service
            self._say(f"Requesting an access token from {service.environment.token_url}")
            self._request_token(
                partial(service.request_token, self._credential.client_id, self._issued.secret)
            )

    @work(thread=True, group="try", exclusive=True, exit_on_error=False)
    def _request_token(self, request: Callable[[], TokenReply]) -> None:
        reply = request()
        self.app.call_from_thread(self._say, reply.sentence, "success" if reply.ok else "warning")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Report an error in credtui itself. The secret stays on screen."""
        if failure := own_error(event):
            self._say(failure, "error")

    @on(Input.Changed, "#check")
    def _check(self, event: Input.Changed) -> None:
        pasted = event.value.strip()
        self._note_step(CHECK, "")
        if not pasted or self._issued is None:
            self._say("")
            return
        problem = difference(pasted, self._issued.secret.get_secret_value())
        if problem:
            self._say(problem, "error")
        else:
            self.note_kept("checked")
            self._note_step(COPY, "Copied")
            self._note_step(CHECK, "Matches")
            self._say("Your copy matches the secret.", "success")
            self.set_focus(self.query_one("#close", Button))
            # A key typed behind the copy may not press Close, which the person didn't see coming.
            self.ignore_typed_ahead()

    def on_paste(self, event: events.Paste) -> None:
        """Check what is pasted anywhere in the dialog."""
        check = self.query_one("#check", Input)
        if self.focused is not check and not self.concealed:
            event.stop()
            check.clear()  # The same text once more is an answer too.
            check.value = event.text.strip()

    def action_check(self, typed: str) -> None:
        """Go to the field that checks a copy, with what was typed already."""
        check = self.query_one("#check", Input)
        self.set_focus(check, from_app_focus=True)  # Otherwise the text would be selected.
        check.clear()
        check.insert_text_at_cursor(typed)

    # What is on screen

    def on_resize(self, _event: events.Resize) -> None:
        """Show the values so that they fit."""
        self.show_values()

    def show_values(self) -> None:
        """Show the values, or a text instead while they are hidden."""
        hidden = CONCEALED if self.is_active else CONCEALED_BELOW
        # A secret has a line of its own where it would not fit beside its label.
        tiny = self.app.size.width < MIN_WHOLE_COLUMNS
        *others, secret = [
            f"{label}\n{value}" if tiny and label == "Secret" else f"{label:<9} {value}"
            for label, value in self.irretrievable()
        ] or ["", ""]
        self.query_one("#values", Static).update("\n" if self.concealed else "\n".join(others))
        self.query_one("#secret", Static).update(hidden if self.concealed else secret)

    def irretrievable(self) -> list[tuple[str, str]]:
        """Return the secret and what belongs to it, until the dialog is closed."""
        if self._issued is None:
            return []
        return [
            ("Audience", self._issued.audience),
            ("Client ID", self._issued.credential.client_id),
            ("Secret", self._issued.secret.get_secret_value()),
        ]

    # Leaving

    def forget(self) -> None:
        """Forget the secret and its copies."""
        self._issued = None
        self.show_values()
        self.query_one("#check", Input).clear()
        forget_cut_text(self.app)
        clipboard, seconds = self._portal.context.clipboard, self._settings.clear_clipboard_after
        self.app.run_worker(clipboard.clear, thread=True, exit_on_error=False)
        if seconds and self._copied:
            self.app.set_timer(
                seconds,
                lambda: self.app.run_worker(clipboard.blank, thread=True, exit_on_error=False),
            )

    def _say(self, sentence: str, tone: str = "") -> None:
        self.query_one(Status).say(sentence, tone)

    def _note_step(self, number: int, outcome: str) -> None:
        self.query_one(Steps).note(number, outcome)
