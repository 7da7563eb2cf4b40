"""The mark of a store that isn't in use: an unfinished copy, or a store that was copied."""

from typing import Literal, NamedTuple

from credtui.domain.errors import StoreError, StoreMovedError, StoreUnfinishedError


class Mark(NamedTuple):
    """The mark of a store that takes no changes and answers no clients.

    Attributes:
        kind: "moved" if the store was copied, or is being compared with its copy; "unfinished" if
            the store is a copy that isn't complete.
        other: The name of the copy, or of the store that is copied.
    """

    kind: Literal["moved", "unfinished"]
    other: str

    def refusal(self, name: str) -> StoreError:
        """Return the error for those who use the marked store.

        Args:
            name: The marked store, for the middle of a sentence.
        """
        name, other = name[:1].upper() + name[1:], self.other
        if self.kind == "moved":
            return StoreMovedError(
                f"{name} was copied to {other}, and takes no change and answers no client any "
                f"more. Use {other}. If that is an unfinished copy, run `credtui store copy` "
                "again with the same two names."
            )
        return StoreUnfinishedError(
            f"{name} is an unfinished copy of {other}. Run `credtui store copy` again with the "
            "same two names."
        )
