"""The commands of the palette, as text: a line for each, with its key.

Textual's own provider reads titles as markup. A credential's name could then draw or break the
palette.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider

from credtui.tui.pages import entries_for
from credtui.tui.screens.main import SWITCHES, MainScreen
from credtui.tui.verbs.credential_verbs import CREDENTIAL_VERBS

if TYPE_CHECKING:
    from credtui.tui.app import CredtuiApp


class Command(NamedTuple):
    """What the palette can do.

    Attributes:
        key: The key that does it as well; empty for none.
        title: Its words.
        run: Does it.
    """

    key: str
    title: str
    run: Callable[[], Any]


class PortalCommands(Provider):
    """Offers the app's commands in the order in which they come."""

    async def discover(self) -> Hits:
        """Yield every command."""
        for command in self._commands():
            yield DiscoveryHit(_line(command), command.run, text=command.title)

    async def search(self, query: str) -> Hits:
        """Yield the commands whose title matches."""
        matcher = self.matcher(query)
        for command in self._commands():
            score, places = matcher.fuzzy_search.match(query, command.title)
            if score > 0:
                yield Hit(score, _line(command, places), command.run, text=command.title)

    def _commands(self) -> Iterable[Command]:
        return cast("CredtuiApp", self.app).commands(self.screen)


def _line(command: Command, places: Sequence[int] = ()) -> Text:
    """Return the key and the title, with the letters at these places of the title marked."""
    title = Text(command.title)
    for place in places:
        title.stylize("bold underline", place, place + 1)
    return Text.assemble((f"{command.key:>2}", "bold"), "  ", title)


def commands_of(portal: MainScreen) -> Iterable[Command]:
    """Yield what the portal can do now: verbs on the chosen credential, pages, and switching."""
    page, credential = portal.page, portal.current.credential
    for verb in CREDENTIAL_VERBS:
        if verb.obstacle(page, credential) is None:
            label = verb.label
            if verb.for_card and credential:
                label = f"{verb.menu_label(page, credential)}: {credential.display_name}"
            key = verb.key if verb in portal.current.VERBS else ""
            yield Command(key, label, partial(portal.use, verb, credential))
    for entry in entries_for(page):
        yield Command(entry.key, entry.title, partial(portal.open_page, entry.name))
    for switch in SWITCHES:
        yield Command(switch.key, switch.label, partial(portal.use, switch))
