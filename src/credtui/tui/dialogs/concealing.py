"""Hiding a secret that nobody watches."""

from time import monotonic
from typing import TypeVar

from textual import events
from textual.reactive import reactive
from textual.widget import Widget

from credtui.tui.dialogs.dialog import Dialog

T = TypeVar("T")


class ConcealingDialog(Dialog[T]):
    """Hides its values after a while without a key, and before the program is suspended.

    While they are hidden, fields and buttons are disabled, and the next key shows them again.

    Args:
        title_text: The dialog's title.
        conceal_after: Seconds without a key or the mouse after which the values are hidden.
    """

    concealed: reactive[bool] = reactive(default=False, init=False)
    """Whether the values are hidden."""

    def __init__(self, title_text: str, conceal_after: float) -> None:
        super().__init__(title_text)
        self._conceal_after = conceal_after
        self._last_input = monotonic()
        self._focused_while_shown: Widget | None = None

    def show_values(self) -> None:
        """Show the values, or a text instead while they are hidden. Called at each change."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Wait for the person to leave."""
        self._conceal_when_idle()

    def conceal(self) -> None:
        """Hide the values until a key is pressed."""
        if not self.concealed:
            self._focused_while_shown = self.focused
            self.set_focus(None)
            self.concealed = True

    def note_presence(self) -> None:
        """Begin to wait anew: somebody is there."""
        self._last_input = monotonic()

    async def on_event(self, event: events.Event) -> None:
        """Note keys and the mouse."""
        if isinstance(event, events.InputEvent):
            self.note_presence()
        await super().on_event(event)

    def on_screen_suspend(self) -> None:
        """Show the text for a dialog that doesn't get the keys."""
        self.show_values()

    def on_screen_resume(self) -> None:
        """Show the text for a dialog that gets the keys."""
        self.show_values()

    def watch_concealed(self) -> None:
        """Disable fields and buttons while the values are hidden."""
        self.show_values()
        for widget in self.query("Button, Input"):
            widget.disabled = self.concealed
        self.refresh_bindings()

    def on_key(self, event: events.Key) -> None:
        """Show the values again."""
        if self.concealed and not self.covered:
            event.stop()
            event.prevent_default()
            self.concealed = False
            if self._focused_while_shown:
                self.set_focus(self._focused_while_shown)
            self.ignore_typed_ahead()
            self._conceal_when_idle()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let any key show the values first."""
        return not self.concealed and super().check_action(action, parameters)

    def _conceal_when_idle(self) -> None:
        left = self._last_input + self._conceal_after - monotonic()
        if left <= 0:
            self.conceal()
        else:
            # Textual drops a timer that is over before it is started.
            self.set_timer(max(left, 0.01), self._conceal_when_idle)
