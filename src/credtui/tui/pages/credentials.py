"""The page that shows the credentials, and on which the portal opens."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Button, Static

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.domain.rules import MAX_CREDENTIALS
from credtui.tui.pages.page import PortalPage
from credtui.tui.verbs.credential_verbs import CREDENTIAL_VERBS, GENERATE
from credtui.tui.widgets.card import Card

if TYPE_CHECKING:
    from credtui.tui.widgets.detail import Detail

SIDE_BY_SIDE = 102
"""From this number of columns on, details are beside the cards: in a terminal of 120."""

EMPTY = (
    "There are no API credentials yet.\n\n"
    "Press n, or choose New Credential, to generate the first one. It becomes the primary "
    "credential. Its secret is displayed only once."
)


CHOSEN = "-chosen"
"""The class of the card that has the focus, or had it last."""


class Cards(VerticalScroll, can_focus=False):
    """The cards, one below the other."""

    def on_resize(self) -> None:
        """Let the cards show what has room now."""
        self.fit()

    def fit(self) -> None:
        """Make the cards compact if they have no room otherwise."""
        cards = self.query_children(Card)
        compact = sum(card.wanted_rows for card in cards) > self.content_size.height
        for card in cards:
            card.compact = compact


class CredentialsPage(PortalPage):
    """Shows the credentials, and offers every verb by key, mouse and menu."""

    VERBS = CREDENTIAL_VERBS

    BINDINGS: ClassVar[list[BindingType]] = [
        *(verb.binding for verb in CREDENTIAL_VERBS if not verb.for_card),
        Binding("full_stop", "menu", "Menu", key_display=".", tooltip="Open the card's menu."),
        Binding("enter", "menu", "Menu", key_display="enter", show=False),
        *(verb.binding for verb in CREDENTIAL_VERBS if verb.for_card),
        # Textual tries a key's bindings in order: these explain why a verb above can't be used.
        *(Binding(verb.key, f"explain('{verb.name}')", show=False) for verb in CREDENTIAL_VERBS),
        Binding("right,l", "enter_detail", show=False),
        Binding("left,h", "leave_detail", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._detail: Detail | None = None

    def compose(self) -> ComposeResult:
        """The title row, the notice, and the cards."""
        yield Horizontal(
            Static("API credentials", classes="title"),
            Static("", id="count"),
            Button(
                GENERATE.label, variant="primary", id=GENERATE.name, compact=True, classes="verb"
            ),
            classes="page-title",
        )
        yield Static("", id="notice", markup=False)
        yield Horizontal(Cards(), id="credentials-and-detail")

    def on_resize(self, event: events.Resize) -> None:
        """Show the credential that has the focus beside the cards where there is room."""
        beside = event.size.width >= SIDE_BY_SIDE
        if not beside:
            self.action_leave_detail()
        elif self._detail is None:
            from credtui.tui.widgets.detail import Detail

            self._detail = Detail(self.portal.context, self.portal.service)
            self.query_one("#credentials-and-detail").mount(self._detail)
        self.set_class(beside, "-side-by-side")
        self._show_detail()

    def _show_detail(self) -> None:
        """Show the chosen credential, or the one before if none is chosen."""
        page, detail = self.portal.page, self._detail
        if detail is None:
            return
        detail.display = self.has_class("-side-by-side") and bool(page.credentials)
        before = page.find(detail.client_id) if detail.client_id else None
        if shown := self.credential or before or next(iter(page.credentials), None):
            detail.show(page, shown.client_id)
        else:
            detail.show_none()

    def page_changed(self, page: Page) -> None:
        """Show the credentials as they are now, and keep the focus."""
        viewable = page.why_not_view() is None
        new = self.query_one(f"#{GENERATE.name}", Button)
        new.display = viewable
        new.disabled = GENERATE.obstacle(page, None) is not None
        new.tooltip = GENERATE.obstacle(page, None) or GENERATE.help
        count = f"{len(page.credentials)} of {MAX_CREDENTIALS}" if viewable else ""
        self.query_one("#count", Static).update(count)
        notice = self.query_one("#notice", Static)
        notice.update(self._notice(page))
        notice.set_class(not viewable or not page.credentials, "-alone")
        self._update_cards(page)
        self._show_detail()
        self.refresh_bindings()

    def take_focus(self) -> None:
        """Focus the card that had the focus last, else the first one, else the button."""
        cards = self.query(Card)
        for widget in (
            *cards.filter(f".{CHOSEN}"),
            *cards,
            self.query_one(f"#{GENERATE.name}", Button),
        ):
            if widget.focusable:
                self._focus(widget)
                return

    def focus_credential(self, client_id: str) -> None:
        """Focus the card of a credential, and scroll to it."""
        for card in self.query(Card):
            if card.client_id == client_id:
                self._focus(card)

    def _focus(self, widget: Widget) -> None:
        # `Widget.focus` takes effect later: the next key would still go to the card before.
        self.screen.set_focus(widget)

    @property
    def _focused(self) -> Card | None:
        """The card that has the focus, or whose details have it."""
        focused = self.screen.focused
        if focused and focused is self._detail:
            shown = self._detail.client_id
            return next((card for card in self.query(Card) if card.client_id == shown), None)
        return focused if isinstance(focused, Card) else None

    def time_passed(self) -> None:
        """Draw the ages again."""
        for card in self.query(Card):
            card.refresh()
        if self._detail and self._detail.display:
            self._detail.time_passed()

    def _notice(self, page: Page) -> str:
        if page.why_not_view():
            return self.no_access
        if not page.known:
            return (
                f"There is no organization {self.portal.service.organization} here.\n\n"
                "Check its name. A representative creates organizations."
            )
        if page.why_not_edit():
            view_only = page.denial(Permission.CAN_EDIT)
            return (
                view_only
                if page.credentials
                else f"There are no API credentials yet.\n\n{view_only}"
            )
        if not page.credentials:
            return EMPTY
        return GENERATE.obstacle(page, None) or ""

    def _update_cards(self, page: Page) -> None:
        grid = self.query_one(Cards)
        shown = {card.client_id: card for card in self.query(Card)}
        kept = {credential.client_id for credential in page.credentials}
        gone = [card for client_id, card in shown.items() if client_id not in kept]
        if self._focused in gone:
            self._focus_beside(self._focused, list(shown.values()), gone)
        for card in gone:
            card.remove()
        context = self.portal.context
        new = []
        for client_id in (credential.client_id for credential in page.credentials):
            if known := shown.get(client_id):
                known.page = page
            else:
                new.append(
                    Card(
                        client_id,
                        page,
                        clock=self.portal.service.clock,
                        period=timedelta(days=context.installation.settings.rotation_days),
                        marks=context.marks,
                    )
                )
        if new:
            grid.mount(*new)
        self.call_after_refresh(grid.fit)

    def _focus_beside(self, focused: Card, cards: list[Card], gone: list[Card]) -> None:
        place = cards.index(focused)
        stay = [card for card in cards if card not in gone]
        if stay:
            self._focus(min(stay, key=lambda card: abs(cards.index(card) - place)))

    @property
    def credential(self) -> Credential | None:
        """The credential of the card that has the focus or had it last, or the only one."""
        if self._focused:
            return self._focused.credential
        cards = self.query(Card)
        chosen = cards.filter(f".{CHOSEN}") or cards
        return chosen.first().credential if len(chosen) == 1 else None

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Mark the focused card, and show its details. The mark outlives the focus."""
        if isinstance(event.widget, Card):
            for card in self.query(Card):
                card.set_class(card is event.widget, CHOSEN)
        self._show_detail()

    # Verbs

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the menu only where there is a card for it, and move only on this page."""
        if not super().check_action(action, parameters):
            return False
        if action == "menu":
            return self.credential is not None
        if action in ("move", "enter_detail", "leave_detail"):
            return self.has_focus_within
        return True

    def action_explain(self, name: str) -> None:
        """Say why the verb of this name can't be used."""
        self.action_verb(name)

    @on(Card.MenuRequested)
    def _open_menu(self, event: Card.MenuRequested) -> None:
        self._focus(event.card)
        if event.card.credential:
            self.portal.run(partial(self._offer, event.card.credential, event.at))

    async def _offer(self, credential: Credential, at: Offset) -> None:
        """Open the menu of a card, and run the verb that is chosen."""
        from credtui.tui.dialogs.menu import CardMenu

        portal = self.portal
        verbs = [verb for verb in CREDENTIAL_VERBS if verb.in_menu]
        chosen = await portal.ask(CardMenu(verbs, portal.page, credential, at))
        if chosen:
            now = portal.page.find(credential.client_id)
            if obstacle := chosen.obstacle(portal.page, now):
                portal.warn(obstacle)
            else:
                await chosen.run(portal, now)

    def action_menu(self) -> None:
        """Open the focused card's menu."""
        for card in self.query(Card):
            if self.credential and card.client_id == self.credential.client_id:
                card.request_menu()

    # Moving about

    def action_move(self, rows: int) -> None:
        """Focus the card above or below."""
        cards = list(self.query(Card))
        if self._focused is None:
            self.take_focus()
        elif 0 <= (there := cards.index(self._focused) + rows) < len(cards):
            self._focus(cards[there])

    def action_enter_detail(self) -> None:
        """Focus the details, to scroll them."""
        if self._detail and self._detail.focusable and self._focused:
            self._focus(self._detail)

    def action_leave_detail(self) -> None:
        """Focus the card again."""
        if self._detail and self._detail.has_focus and self._focused:
            self._focus(self._focused)
