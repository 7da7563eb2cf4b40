"""Asks whether to close a secret's dialog although nothing shows that the secret was kept."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from credtui.tui.dialogs.confirm import ConfirmDialog


class CloseQuestion(ConfirmDialog):
    """Returns True when the person gives the secret up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "Close"),
        Binding("escape", "cancel", "Back"),
    ]

    def __init__(self) -> None:
        super().__init__(
            "Close without saving?",
            "Close",
            (),
            "The secret was not copied, saved or checked here. After you close this dialog, "
            "it cannot be retrieved: you would have to rotate the credential.",
            cancel="Back",
        )
