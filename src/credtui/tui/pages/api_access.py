"""The page that shows how a client gets and uses an access token."""

from dataclasses import replace
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.pages.page import PortalPage
from credtui.tui.token_command import token_command
from credtui.tui.verbs.credential_verbs import IDENTIFY, TRY_IT
from credtui.tui.widgets.labelled_value import LabelledValue

SIDE_BY_SIDE = 98
"""From this number of columns on, the answer is shown beside the request."""

EMPTY = (
    "There are no API credentials yet.\n\n"
    "Generate one on the page Credentials. Then this page shows how to use it."
)
PROMPT = (
    "curl asks for a host password: paste the secret there. So it stays out of the shell's "
    "history and of process lists."
)
USE = (
    "Send this header with each request until the token expires. Rotating or deleting the "
    "credential ends the token at once."
)
ERRORS = (
    ("invalid_client", "Unknown Client ID or wrong secret. Perhaps it was rotated."),
    ("invalid_target", "The audience belongs to another organization or environment."),
    ("access_denied", "The client's address is in none of the allowed networks."),
    ("invalid_request", "Something is missing, or given twice."),
    ("temporarily_unavailable", "Too many wrong secrets. Wait as long as Retry-After says."),
)


class _Choice(OptionList):
    """The credentials to choose from. Keys that the list doesn't need scroll the page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("pagedown,space", "more", "More", key_display="pgdn", tooltip="Scroll down."),
        Binding("pageup", "less", show=False),
    ]

    def action_more(self) -> None:
        """Scroll the page down."""
        self.screen.query_one("#guide", VerticalScroll).scroll_page_down()

    def action_less(self) -> None:
        """Scroll the page up."""
        self.screen.query_one("#guide", VerticalScroll).scroll_page_up()


class ApiAccessPage(PortalPage):
    """Shows a command with the chosen credential's Client ID, never a secret."""

    VERBS = (TRY_IT, IDENTIFY)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy Command", tooltip="Send the command to your clipboard."),
        *(replace(verb.binding, show=True) for verb in (TRY_IT, IDENTIFY)),
    ]

    def compose(self) -> ComposeResult:
        """The request on one side, the answer and its use on the other."""
        service, settings = self.portal.service, self.portal.context.installation.settings
        yield Horizontal(Static("Request an access token", classes="title"), classes="page-title")
        yield Static("", classes="alone", markup=False)
        with VerticalScroll(id="guide", can_focus=False):
            with Vertical(classes="side"):
                yield _Choice(markup=False, compact=True)
                yield LabelledValue("Audience", service.audience)
                yield LabelledValue("Client ID", id="client-id")
                yield LabelledValue("Address", service.environment.token_url)
                yield Static("", id="command", classes="code", markup=False)
                yield Static(PROMPT, markup=False)
                yield Horizontal(
                    Button("Copy Command", variant="primary", id="copy", compact=True),
                    *(
                        Button(verb.label, id=verb.name, compact=True, classes="verb")
                        for verb in self.VERBS
                    ),
                    classes="buttons",
                )
            with Vertical(classes="side"):
                yield Static("The answer", classes="heading")
                answer = (
                    '{"access_token": "...",\n "token_type": "Bearer",\n'
                    f' "expires_in": {settings.server.token_lifetime},\n "scope": "..."}}'
                )
                yield Static(answer, classes="code", markup=False)
                yield Static("Use it", classes="heading")
                yield Static(USE, markup=False)
                yield Static("Authorization: Bearer ACCESS_TOKEN", classes="code", markup=False)
                yield Static("If it is refused", classes="heading")
                for code, meaning in ERRORS:
                    yield LabelledValue(code, meaning)

    def on_resize(self, event: events.Resize) -> None:
        """Show two columns if there is room."""
        self.set_class(event.size.width >= SIDE_BY_SIDE, "-side-by-side")

    def page_changed(self, page: Page) -> None:
        """List the credentials as they are now, and keep the choice."""
        chosen = self.credential
        viewable = page.why_not_view() is None
        shown = viewable and bool(page.credentials)
        self.say_alone("" if shown else EMPTY if viewable else self.no_access)
        self.query_one("#guide").display = shown
        choice = self.query_one(_Choice)
        choice.clear_options()
        choice.add_options(
            Option(_prompt(credential, page), id=credential.client_id)
            for credential in page.credentials
        )
        kept = page.find(chosen.client_id) if chosen else None
        wanted = kept.client_id if kept else page.primary
        if wanted:
            choice.highlighted = choice.get_option_index(wanted)
        self.refresh_bindings()

    def take_focus(self) -> None:
        """Focus the choice."""
        if self.query_one("#guide").display:
            self.query_one(_Choice).focus()

    @property
    def credential(self) -> Credential | None:
        """The chosen credential."""
        option = self.query_one(_Choice).highlighted_option
        return self.portal.page.find(option.id) if option and option.id else None

    @property
    def command(self) -> str:
        """The command for the chosen credential."""
        service, credential = self.portal.service, self.credential
        if credential is None:
            return ""
        return token_command(service.environment, service.organization, credential.client_id)

    @on(OptionList.OptionHighlighted)
    def _show_chosen(self) -> None:
        if credential := self.credential:
            self.query_one("#client-id", LabelledValue).show(credential.client_id)
            self.query_one("#command", Static).update(self.command)

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """Send the command to the person's clipboard."""
        self.portal.copy(self.command, "Command")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to copy only where there is a command."""
        if action == "copy":
            return self.credential is not None
        return super().check_action(action, parameters)


def _prompt(credential: Credential, page: Page) -> Content:
    primary = " (primary)" if credential.client_id == page.primary else ""
    return Content(credential.display_name + primary)
