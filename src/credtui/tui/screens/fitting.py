"""Screens that say so when the terminal is too small, and lose nothing meanwhile."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from credtui.tui.type_ahead import TypeAhead

MIN_COLUMNS, MIN_ROWS = 60, 20


def _reading(message: str) -> float:
    """Return the seconds that it takes to read a message slowly."""
    return len(message) / 12


class TooSmall(Static):
    """A text over a whole screen that doesn't fit the terminal."""


class Below(Static):
    """A text at the bottom of a screen, above the footer."""


class Fitting(Screen):  # type: ignore[type-arg]
    """A screen that is covered while the terminal is too small.

    Underneath, the screen stays as it is. While it is covered, quitting is all that works.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1,question_mark", "app.help", show=False)]

    # The screens were drawn for 80x24; "-tiny" is for narrower terminals,
    # "-short" for those of fewer than 24 rows.
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (80, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]  # noqa: RUF012

    _too_small: TooSmall | None = None
    _focused_before: Widget | None = None

    def on_mount(self) -> None:
        """Cover the screen if it doesn't fit."""
        self.fit(self.app.size.width, self.app.size.height)

    def on_resize(self, _event: events.Resize) -> None:
        """Follow the terminal's size."""
        self.fit(self.app.size.width, self.app.size.height)

    def fit(self, columns: int, rows: int) -> None:
        """Cover or uncover the screen."""
        too_small = columns < MIN_COLUMNS or rows < MIN_ROWS
        if too_small:
            text = f"credtui needs {MIN_COLUMNS} columns and {MIN_ROWS} rows; this terminal has "
            text += f"{columns} and {rows}. Enlarge it to go on."
            if self._too_small:
                self._too_small.update(text)
            else:
                self._focused_before = self.focused
                self.set_focus(None)
                self._too_small = TooSmall(text, markup=False)
                self.mount(self._too_small)
        elif self._too_small:
            self._too_small.remove()
            self._too_small = None
            if self._focused_before and self._focused_before.is_attached:
                # Otherwise a field would select its text, and the next letter replace it.
                self.set_focus(self._focused_before, from_app_focus=True)

    def say_below(self, text: str) -> None:
        """Show a text at the bottom, until this is called again. An empty one shows nothing."""
        for below in self.query(Below):
            below.remove()
        if text:
            self.mount(Below(text, markup=False))

    def ignore_typed_ahead(self) -> None:
        """Drop the keys typed up to now: the person couldn't see what they would do."""
        app = self.app
        assert isinstance(app, TypeAhead)  # noqa: S101
        app.ignore_typed_ahead()

    def tell(self, message: str, severity: SeverityLevel = "information") -> None:
        """Show a message for a while, in place of the one before."""
        # A key that is held down would cover the page with messages.
        self.app.clear_notifications()
        timeout = 5 + _reading(message)
        self.notify(message, severity=severity, timeout=timeout, markup=False)

    def warn(self, message: str) -> None:
        """Show a refusal or a failure for a while, and drop the keys typed up to now."""
        self.ignore_typed_ahead()
        self.app.clear_notifications()
        self.notify(message, severity="warning", timeout=10 + _reading(message), markup=False)

    def set_focus(
        self,
        widget: Widget | None,
        scroll_visible: bool = True,  # noqa: FBT001, FBT002
        from_app_focus: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Focus a widget; while the screen is covered, do so when it is uncovered."""
        if self.covered and widget:
            self._focused_before = widget
        else:
            super().set_focus(widget, scroll_visible, from_app_focus)

    @property
    def covered(self) -> bool:
        """Whether the screen is covered."""
        return self._too_small is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow nothing while the screen is covered."""
        return not self.covered and super().check_action(action, parameters)
