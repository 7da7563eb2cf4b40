"""Asking for the name that a change needs."""

from collections.abc import Callable
from typing import TypeVar

from credtui.domain.errors import CapReachedError, InvalidNameError, NameTakenError
from credtui.domain.models import Credential
from credtui.tui.surroundings import Portal

T = TypeVar("T")


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
    """Ask for a name until the change accepts it; what was typed stays meanwhile.

    Args:
        portal: Where it is asked.
        change: Makes the change; it blocks.
        title: The dialog's title.
        confirm: The label of the button that accepts the name.
        name: What stands in the field at first.
        credential: The credential that gets another name; None for a new one.
        intro: What to know first.

    Returns:
        What the change returns; None when the person canceled.
    """
    from credtui.tui.dialogs.name import NameDialog

    problem = ""
    while True:
        dialog = NameDialog(
            title, confirm, portal.page, name, problem, credential=credential, intro=intro
        )
        answer = await portal.ask(dialog)
        if answer is None:
            return None
        name = answer
        try:
            return await portal.do(lambda: change(name))  # noqa: B023
        except (CapReachedError, InvalidNameError, NameTakenError) as error:
            problem = str(error)
