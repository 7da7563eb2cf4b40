"""Asks for the environment to work in."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from credtui.domain.models import Environment
from credtui.tui.dialogs.dialog import Modal
from credtui.tui.widgets.badge import named
from credtui.tui.widgets.footer import Footer
from credtui.tui.widgets.menu import Menu


class EnvironmentDialog(Modal[str]):
    """Returns the name of the chosen environment; None if the person canceled.

    Args:
        environments: All environments.
        organization: The organization whose audiences are shown.
        present: The name of the environment that is open.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "Close", key_display="esc"),
    ]

    def __init__(
        self, environments: Sequence[Environment], organization: str, present: str
    ) -> None:
        super().__init__()
        self._environments = environments
        self._organization = organization
        self._present = present

    def compose(self) -> ComposeResult:
        """An option for each environment."""
        menu = Menu(
            *(
                Option(
                    Content.assemble(
                        named(environment).stylize("bold"),
                        " (open)" if environment.name == self._present else "",
                        "\n",
                        environment.audience_for(self._organization),
                    ),
                    id=environment.name,
                )
                for environment in self._environments
            ),
            markup=False,
        )
        with Vertical(classes="menu") as frame:
            frame.border_title = "Environment"
            yield menu
        yield Footer()

    def on_mount(self) -> None:
        """Begin at the open one."""
        menu = self.query_one(Menu)
        menu.highlighted = menu.get_option_index(self._present)

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
