"""Asks for the environment to work in."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from credtui.domain.models import Environment
from credtui.tui.dialogs.dialog import Modal


class EnvironmentDialog(Modal[str]):
    """Returns the name of the chosen environment, None for none.

    Args:
        environments: What there is to choose from.
        organization: The organization, for its audiences.
        present: The name of the environment that is open.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "Cancel"),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(
        self, environments: Sequence[Environment], organization: str, present: str
    ) -> None:
        super().__init__()
        self._environments = environments
        self._organization = organization
        self._present = present

    def compose(self) -> ComposeResult:
        """One option for each environment."""
        menu = OptionList(
            *(
                Option(
                    Content.assemble(
                        (environment.name, "bold"),
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
        menu.border_title = "Environment"
        yield menu

    def on_mount(self) -> None:
        """Begin at the open one."""
        menu = self.query_one(OptionList)
        menu.highlighted = menu.get_option_index(self._present)

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_down(self) -> None:
        """Highlight the next one."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Highlight the one before."""
        self.query_one(OptionList).action_cursor_up()
