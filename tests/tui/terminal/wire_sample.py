"""A small portal for the tests of frugal output, run by `python -m tests.tui.terminal.wire_sample`.

After f5 it says in the terminal's title when it has nothing left to do. There is no other way to
know that the screen is complete.
"""

import asyncio
import os
import signal
import sys
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Event, Key
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Input, Label, Static, Tree

from credtui.tui.terminal.wire import FrugalApp

PLAIN_NAMES = ("Payout gateway", "Reporting batch", "Settlement nightly")
WIDE_NAMES = ("東京銀行 payout", "Cafe\u0301 naïve 🏦 batch", "한국 결제 夜間")


class Field(Input):
    """An input whose cursor doesn't blink: each blink would be written to the terminal."""

    cursor_blink = False


class Card(Static, can_focus=True):
    """A credential."""


class Dialog(ModalScreen[None]):
    """A form over the page."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]
    CSS = """
    Dialog { align: center middle; }
    Dialog #box { width: 70; height: 14; border: round $primary; background: $surface; }
    Dialog Horizontal { height: 3; }
    """

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False) as box:
            box.border_title = "New Credential"
            yield Label("A name tells people what the credential is for. It can be changed later.")
            yield Field(placeholder="Credential name")
            with Horizontal():
                yield Button("Save & Generate Key", variant="primary")
                yield Button("Cancel")


class Sample(FrugalApp[None]):
    """The page of the design's sketch."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #header { dock: top; height: 1; background: $panel; }
    #nav { width: 18; border: solid $primary; background: $surface; }
    #nav:focus { background-tint: transparent; }
    #page { border: solid $primary; padding: 0 1; }
    Card { height: 4; border: round $secondary; border-title-color: $accent; }
    Card:focus { border: round $accent; background: $boost; text-style: bold; }
    #search { height: 1; border: none; padding: 0 1; }
    #search:focus { background: $boost; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "dialog", "New"),
        Binding("full_stop", "actions", "Actions"),
        Binding("r", "rotate", "Rotate"),
        Binding("e", "edit", "Edit"),
        Binding("p", "primary", "Primary"),
        Binding("d", "delete", "Delete"),
        Binding("question_mark", "help", "Help"),
        Binding("ctrl+q", "quit", "Quit"),
        Binding("ctrl+l", "repaint", "Repaint", show=False),
        Binding("ctrl+x", "leave", "Leave", show=False),
    ]

    def __init__(self, names: tuple[str, ...] = PLAIN_NAMES) -> None:
        super().__init__()
        self.names = names
        self.settled = 0
        self.shown = 0

    def compose(self) -> ComposeResult:
        yield Static(" credtui" + " " * 36 + "acme · uat ▾   alice · Can Edit", id="header")
        with Horizontal():
            tree: Tree[None] = Tree("Settings", id="nav")
            tree.root.expand()
            for page in ("Credentials", "Operators", "Activity", "Environment"):
                tree.root.add_leaf(page)
            yield tree
            with VerticalScroll(id="page", can_focus=False):
                yield Field(placeholder="Find by name", id="search")
                yield Label("API credentials                  3 of 3")
                for number, name in enumerate(self.names, 1):
                    card = Card(
                        Text.assemble(
                            ("Client ID  ", "dim"),
                            (f"cid_7Qm2xV9Kp4Rt8Wb{number}", "bold"),
                            f"                    ...\n{name}, rotated 34 days ago",
                        )
                    )
                    card.border_title = Text(name)
                    card.border_subtitle = "Primary" if number == 1 else "Rotation due"
                    yield card
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        # One such handler makes every signal wake the loop. Those that Textual sets would otherwise
        # wait for the next key.
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: None)

    def action_dialog(self) -> None:
        self.push_screen(Dialog())

    def action_rotate(self) -> None:
        self.query_one(Tree).root.toggle()

    def action_edit(self) -> None:
        for card in self.query(Card):
            card.border_subtitle = f"Edited {self.settled}"

    def action_primary(self) -> None:
        self.query_one("#page").scroll_relative(y=2, animate=False)

    def action_delete(self) -> None:
        self.query_one("#nav").display = not self.query_one("#nav").display

    def action_help(self) -> None:
        self.theme = "textual-light" if self.theme == "textual-dark" else "textual-dark"

    def action_actions(self) -> None:
        self.copy_to_clipboard("a line that others write")
        self.bell()

    def action_leave(self) -> None:
        with self.suspend():
            sys.__stdout__.write("\x1b[2J\x1b[5;5Hanother program")  # type: ignore[union-attr]
            sys.__stdout__.flush()  # type: ignore[union-attr]

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and event.key == "f5":
            self._settling = asyncio.create_task(self._settle())
            return
        await super().on_event(event)

    def post_display_hook(self) -> None:
        self.shown += 1

    async def _settle(self) -> None:
        """Wait until no message is under way and no screen was shown for longer than a frame."""
        quiet, shown = 0, self.shown
        while quiet < 3:
            await asyncio.sleep(0.012)
            nodes = (node for screen in self.screen_stack for node in screen.query("*"))
            busy = (
                self.shown != shown
                or [*self.size] != [*os.get_terminal_size(0)]
                or any(node.message_queue_size for node in (self, *self.screen_stack, *nodes))
            )
            quiet, shown = (0 if busy else quiet + 1), self.shown
        self.settled += 1
        if self._driver is not None:
            self._driver.write(f"\x1b]2;settled {self.settled}\x07")


class BrokenSample(Sample):
    """The sample, in which the frugal output fails in the middle of a session."""

    def _thin(self, update: Any) -> Any:
        if self.settled == 3:
            raise RuntimeError("Textual has changed")
        return super()._thin(update)


if __name__ == "__main__":
    names = WIDE_NAMES if os.environ.get("SAMPLE_NAMES") == "wide" else PLAIN_NAMES
    kind = BrokenSample if "SAMPLE_BROKEN" in os.environ else Sample
    app = kind(names)
    app.frugal = os.environ.get("SAMPLE_FRUGAL", "1") == "1"
    app.run()
