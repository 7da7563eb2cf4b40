"""The last line of a screen: the keys that do something now."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget


class Key(NamedTuple):
    """A key in the footer.

    Attributes:
        key: Its name.
        shown: How it is written.
        does: What it does, in a word.
        help: What it does, in a sentence.
        enabled: Whether it works now.
        action: The action, in the framework's name.
    """

    key: str
    shown: str
    does: str
    help: str
    enabled: bool
    action: str


class Footer(Widget):
    """Shows the bindings that apply now; a click on one acts like its key.

    This widget draws all keys itself. Textual's footer makes a widget for each key whenever the
    focus moves, which takes longer than everything else about the move.
    """

    ALLOW_SELECT: ClassVar[bool] = False

    keys: reactive[tuple[Key, ...]] = reactive(())

    def on_mount(self) -> None:
        """Follow the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._update)

    def _update(self, screen: Screen[object]) -> None:
        if screen is not self.screen or not self.app.app_focus:
            return
        keys: dict[str, Key] = {}
        for _, binding, enabled, tooltip in screen.active_bindings.values():
            if binding.show and binding.action not in keys:
                shown = self.app.get_key_display(binding)
                keys[binding.action] = Key(
                    binding.key, shown, binding.description, tooltip, enabled, binding.action
                )
        self.keys = tuple(keys.values())

    @property
    def _fitting(self) -> list[Key]:
        """The keys that fit. The key for the help, which lists all, is dropped last."""
        shown = list(self.keys)
        while shown and self._width(shown) > self.size.width:
            others = [key for key in shown if key.action != "app.help"]
            shown.remove((others or shown)[-1])
        return shown

    @staticmethod
    def _width(keys: Sequence[Key]) -> int:
        return Content("  ").join(Content(f"{key.shown} {key.does}") for key in keys).cell_length

    def render(self) -> Content:
        """The keys, one after the other."""
        return Content("  ").join(
            Content.assemble(
                (key.shown, "bold $footer-key-foreground" if key.enabled else "$text-disabled"),
                (f" {key.does}", "" if key.enabled else "$text-disabled"),
            )
            for key in self._fitting
        )

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain the key under the pointer."""
        key = self._key_at(event.x)
        self.tooltip = key.help if key and key.help else None

    def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        if (key := self._key_at(event.x)) and key.enabled:
            self.app.simulate_key(key.key)

    def _key_at(self, x: int) -> Key | None:
        end = 0
        for key in self._fitting:
            start, end = end, end + Content(f"{key.shown} {key.does}").cell_length
            if start <= x < end:
                return key
            end += 2
        return None
