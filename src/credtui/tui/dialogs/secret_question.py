"""Asks for a secret, and says something about it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, NamedTuple

from pydantic import SecretStr
from rich.cells import cached_cell_len
from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from credtui.domain.errors import CredtuiError
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.widgets.field import SecretField
from credtui.tui.widgets.labelled_value import LabelledValue
from credtui.tui.widgets.status import Status


class Answer(NamedTuple):
    """What is known about a secret.

    Attributes:
        sentence: The answer in words.
        tone: How good the answer is: "success", "warning" or "error"; empty for neither.
    """

    sentence: str
    tone: str


class SecretQuestion(Dialog[None]):
    """Asks for a secret, and keeps none: the field is emptied before the secret is used.

    Args:
        title: The dialog's title.
        confirm: The label of the button that asks.
        explanation: What will happen with the secret.
        find_answer: Returns what is known about a secret, or raises a `CredtuiError` that says why
            nothing can be said. It may block.
        facts: Labels and values of what the secret should belong to.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Close", key_display="esc"),
        Binding("enter", "ask", "Ask", show=False),
    ]

    changes = False
    AUTO_FOCUS = "#secret"

    def __init__(
        self,
        title: str,
        confirm: str,
        explanation: str,
        find_answer: Callable[[SecretStr], Answer],
        facts: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(title, confirm)
        self._explanation = explanation
        self._find_answer = find_answer
        self._facts = facts

    def compose_parts(self) -> Iterable[Widget]:
        """The explanation, the facts, the field, and the answer."""
        yield Static(self._explanation, id="explanation", markup=False)
        for label, value in self._facts:
            yield LabelledValue(label, value)
        yield Label("Secret", id="field-label")
        yield SecretField(id="secret")
        yield Status(id="status")

    def compose_buttons(self) -> Iterable[Widget]:
        """Ask, and close."""
        yield Button(self.confirm, variant="primary", id="ask", compact=True)
        yield Button("Close", id="cancel", compact=True)

    def on_unmount(self) -> None:
        """Make Rich forget the texts that it measured last."""
        cached_cell_len.cache_clear()

    def on_paste(self, event: events.Paste) -> None:
        """Put what is pasted anywhere in the dialog into the field."""
        field = self.query_one("#secret", Input)
        if self.focused is not field:
            event.stop()
            field.value = event.text.strip()

    @on(Input.Submitted)
    @on(Button.Pressed, "#ask")
    def action_ask(self) -> None:
        """Take the secret out of the field, and ask."""
        field = self.query_one("#secret", Input)
        secret = SecretStr(field.value.strip())
        field.clear()
        cached_cell_len.cache_clear()
        if secret:
            self._ask(secret)
        else:
            self._say(Answer("Paste a secret first.", "warning"))

    @work(exclusive=True)
    async def _ask(self, secret: SecretStr) -> None:
        self._say(Answer("One moment.", ""))
        try:
            answer = await asyncio.to_thread(self._find_answer, secret)
        except CredtuiError as error:
            answer = Answer(str(error), "error")
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        self.query_one(Status).say(answer.sentence, answer.tone)
