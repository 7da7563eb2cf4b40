"""Choosing the portal's theme."""

import asyncio
from collections.abc import Iterable
from functools import partial

from textual import work
from textual.app import App, ReturnType

from credtui.configuration import THEMES as WORDS
from credtui.domain.errors import StoreError
from credtui.service.preferences import PreferenceService
from credtui.tui.theme import THEMES, fitting, named

LABELS = {"auto": "Follow the terminal", "dark": "Dark", "light": "Light"}
NOT_REMEMBERED = "The theme can't be remembered: the store can't be written now."
LATER = "The terminal is asked for its background when credtui next starts."


class ThemedApp(App[ReturnType]):
    """An app whose person chooses a theme, in the words of the key `theme` of the configuration.

    Args:
        theme: The theme at first.
        preferences: Remembers the choice.
        light: Whether the terminal's background is light.
        colours: How many colours the terminal has.
    """

    def __init__(
        self, theme: str, preferences: PreferenceService, *, light: bool, colours: int
    ) -> None:
        self._colours = colours
        super().__init__()
        self.no_color = not colours
        self._preferences = preferences
        self._light_terminal = light
        self._asked_terminal = theme == "auto"
        self._theme_word = theme
        for own in THEMES:
            self.register_theme(own)
        self.theme = self._name_of(theme)
        self.set_class(colours < 256, "-few-colours")

    def action_change_theme(self) -> None:
        """List the themes in the palette."""
        self.search_commands(
            [(label, partial(self.choose_theme, word)) for word, label in self._choices()],
            "Search for themes...",
        )

    def _choices(self) -> Iterable[tuple[str, str]]:
        for word in WORDS:
            if word not in ("credtui-dark", "credtui-light"):  # the same as "dark" and "light"
                now = " (chosen)" if word == self._theme_word else ""
                yield word, f"{LABELS.get(word, word)}{now}"

    @work(group="theme")
    async def choose_theme(self, word: str) -> None:
        """Draw in a theme from now on, and in the operator's later sessions."""
        self._theme_word = word
        self.theme = self._name_of(word)
        try:
            await asyncio.to_thread(self._preferences.keep_theme, word)
        except StoreError:
            self.notify(NOT_REMEMBERED, markup=False)
        else:
            if word == "auto" and not self._asked_terminal:
                self.notify(LATER, markup=False)

    def _name_of(self, word: str) -> str:
        return fitting(named(word, light=self._light_terminal), self._colours)
