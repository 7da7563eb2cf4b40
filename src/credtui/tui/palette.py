"""What the command palette offers, as text.

Textual's own provider reads titles as markup. A credential's name could then draw or break the
palette.
"""

from collections.abc import Iterable
from functools import partial

from rich.text import Text
from textual.app import SystemCommand
from textual.command import DiscoveryHit, Hit, Hits, Provider

from credtui.tui.pages import entries_for
from credtui.tui.screens.main import SWITCHES, MainScreen
from credtui.tui.verbs.credential_verbs import CREDENTIAL_VERBS


class PortalCommands(Provider):
    """Offers the app's system commands in the order in which they come."""

    async def discover(self) -> Hits:
        """Yield every command."""
        for command in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(
                Text(command.title), command.callback, text=command.title, help=command.help
            )

    async def search(self, query: str) -> Hits:
        """Yield the commands whose title matches."""
        matcher = self.matcher(query)
        for command in self.app.get_system_commands(self.screen):
            score, places = matcher.fuzzy_search.match(query, command.title)
            if score > 0:
                title = Text(command.title)
                for place in places:
                    title.stylize("bold underline", place, place + 1)
                yield Hit(score, title, command.callback, text=command.title, help=command.help)


def commands_of(portal: MainScreen) -> Iterable[SystemCommand]:
    """Yield what the portal can do now: verbs on the chosen credential, pages, and switching."""
    page, credential = portal.page, portal.current.credential
    for verb in CREDENTIAL_VERBS:
        if verb.obstacle(page, credential) is None:
            label = verb.label
            if verb.for_card and credential:
                label = f"{verb.menu_label(page, credential)}: {credential.display_name}"
            yield SystemCommand(label, verb.help, partial(portal.use, verb, credential))
    for entry in entries_for(page):
        yield SystemCommand(
            entry.title, f"Open the page {entry.title}", partial(portal.open_page, entry.name)
        )
    for switch in SWITCHES:
        help_text = switch.help.removesuffix(".")
        yield SystemCommand(switch.label, help_text, partial(portal.use, switch))
