"""What the command palette offers, as text.

Textual's own provider reads titles as markup, so that a credential's name could draw or break the
palette.
"""

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider


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
