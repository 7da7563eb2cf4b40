"""Asks where to save a secret."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input, Label, RadioSet, Static
from textual.worker import Worker

from credtui.domain.errors import SaveRefusedError
from credtui.domain.models import Credential
from credtui.service.credentials import CredentialService
from credtui.service.secret_file import Format
from credtui.tui.dialogs.dialog import Dialog, own_error
from credtui.tui.terminal.choice import Choice
from credtui.tui.widgets.field import Field


class SaveDialog(Dialog[Path]):
    """Returns the file that was written; None if the person canceled.

    If the file can't be written, the dialog stays open and says why.

    Args:
        save: Writes the file.
        service: The credential's organization and environment.
        credential: The credential whose secret is saved.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "confirm", show=False)]

    changes = False

    def __init__(
        self,
        save: Callable[[Path, Format], None],
        service: CredentialService,
        credential: Credential,
    ) -> None:
        super().__init__("Save to File", "Save")
        self._save = save
        self._writing = False
        words = "".join(c if c.isascii() and c.isalnum() else "-" for c in credential.name.lower())
        name = "-".join(filter(None, words.split("-"))) or credential.client_id
        self._stem = f"~/{service.organization}-{service.environment.name}-{name}"

    def compose_parts(self) -> Iterable[Widget]:
        """The file and its format."""
        yield Label("New file, readable by you alone")
        yield Field(self._stem + Format.ENV, id="path")
        yield RadioSet(Choice(".env", value=True), Choice("JSON"), id="format", compact=True)
        yield Static("", id="problem", markup=False)

    @on(RadioSet.Changed)
    def _change_ending(self) -> None:
        path = self.query_one("#path", Input)
        for form in Format:
            if path.value.endswith(form):
                path.value = path.value.removesuffix(form) + self._format
                break

    @on(Input.Submitted)
    @on(Button.Pressed, "#confirm")
    def action_confirm(self) -> None:
        """Write the file."""
        text = self.query_one("#path", Input).value.strip()
        if self._writing:
            return
        if text:
            self._writing = True
            self._write(Path(text), self._format)
        else:
            self._refuse("Enter a file's name.")

    def action_cancel(self) -> None:
        """Close without a file. While one is being written this does nothing."""
        if not self._writing:
            self.dismiss(None)

    @work(thread=True, exit_on_error=False)
    def _write(self, path: Path, form: Format) -> None:
        try:
            self._save(path, form)
        except SaveRefusedError as error:
            self.app.call_from_thread(self._refuse, str(error))
        else:
            self.app.call_from_thread(self.dismiss, path.expanduser().absolute())

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say that an error in credtui itself stopped the writing."""
        if failure := own_error(event):
            self._refuse(failure)

    def _refuse(self, reason: str) -> None:
        self._writing = False
        self.query_one("#problem", Static).update(reason)

    @property
    def _format(self) -> Format:
        json = self.query_one(RadioSet).pressed_index == 1
        return Format.JSON if json else Format.ENV
