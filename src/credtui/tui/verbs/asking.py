"""Asking for what a change needs until the change is accepted."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from textual.screen import ModalScreen

from credtui.domain.errors import CredtuiError, StoreError
from credtui.domain.models import Credential
from credtui.domain.refusals import CapReachedError, InvalidNameError, NameTakenError
from credtui.tui.screens.portal import Portal

A = TypeVar("A")
T = TypeVar("T")


async def ask_until_accepted(
    portal: Portal,
    dialog: Callable[[A, str], ModalScreen[A]],
    change: Callable[[A], T],
    *,
    first: A,
    refusals: type[CredtuiError] | tuple[type[CredtuiError], ...],
) -> T | None:
    """Open a dialog, again with what was entered and what was wrong, until a change is made.

    The store's errors open it again too, so that nothing has to be entered twice.

    Args:
        portal: The screen under the dialog.
        dialog: Makes a dialog from what it shows at first and from what was wrong with that.
        change: Makes the change from what was entered; it may block.
        first: What the first dialog shows.
        refusals: The errors that the person can do something about in the dialog.

    Returns:
        What the change returns; None if the person canceled.
    """
    entered, problem = first, ""
    while True:
        answer = await portal.ask(dialog(entered, problem))
        if answer is None:
            return None
        entered = answer
        try:
            return await portal.do(partial(change, entered))
        except StoreError as error:
            problem = str(error)
        except refusals as refusal:
            problem = str(refusal)


async def change_with_name(
    portal: Portal,
    change: Callable[[str], T],
    *,
    title: str,
    confirm: str,
    name: str = "",
    credential: Credential | None = None,
    intro: str = "",
) -> T | None:
    """Ask for the name of a credential until the change accepts it.

    Args:
        portal: The screen under the dialog.
        change: Makes the change; it may block.
        title: The dialog's title.
        confirm: The label of the button that accepts the name.
        name: The name that the field shows at first.
        credential: The credential that gets another name; None for a new one.
        intro: A text above the field.

    Returns:
        What the change returns; None if the person canceled.
    """
    from credtui.tui.dialogs.name import NameDialog

    return await ask_until_accepted(
        portal,
        lambda name, problem: NameDialog(
            title, confirm, portal.page, name, problem, credential=credential, intro=intro
        ),
        change,
        first=name,
        refusals=(CapReachedError, InvalidNameError, NameTakenError),
    )
