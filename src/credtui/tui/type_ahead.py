"""Keys in their order: each key waits until the one before it has done its work.

Over a slow line keys arrive in bursts. Textual sends each key to the widget that has the focus when
the key arrives. A name typed right behind the key that opens its dialog would then run a command
for each letter. Here a key waits for the one before it. The app sends a message along the way that
the key took, from the focused widget up to the app, and a second one after the messages that
widgets then sent each other. If the focus has moved meanwhile, the app asks again.
"""

from collections import deque
from time import monotonic

from textual import events
from textual.app import App, ReturnType
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

PATIENCE = 0.1
"""Seconds to wait before asking again. The widget may have been removed along with the message."""


class TypeAhead(App[ReturnType]):
    """An application that deals with one key, or one pasted text, at a time."""

    AT_ONCE = frozenset({"ctrl+c", "ctrl+q", "ctrl+z"})
    """Keys that never wait, like the keys of a terminal that interrupt."""

    class Settled(Message, verbose=True):
        """A message that takes the way of a key, and so arrives after all that the key led to."""

        def __init__(
            self, taken: int, screen: Screen[object], focused: Widget | None, turn: int
        ) -> None:
            super().__init__()
            self.taken = taken
            self.screen = screen
            self.focused = focused
            self.turn = turn

    def __init__(self) -> None:
        super().__init__()
        self._ahead: deque[events.Key | events.Paste] = deque()
        self._asked: TypeAhead.Settled | None = None
        self._taken = 0  # Keys are counted and not kept, because one may be a pasted secret.
        self._again: Timer | None = None
        self._deaf_until = 0.0

    @property
    def engaged(self) -> bool:
        """True while a key's work goes on, and the next key is meant for what it opens."""
        return False

    def ignore_typed_ahead(self) -> None:
        """Drop the keys typed up to now: the person couldn't see what they would do."""
        self._deaf_until = monotonic()

    async def on_event(self, event: events.Event) -> None:
        """Let keys wait for their turn."""
        if (
            not isinstance(event, events.Key | events.Paste)
            or event.is_forwarded
            or (isinstance(event, events.Key) and event.key in self.AT_ONCE)
        ):
            await super().on_event(event)
            return
        if self._is_over:
            return
        self._ahead.append(event)
        if self._asked is None:
            await self._take_next()
        else:
            if self._asked.screen is not self.screen:
                self._ask()
            if self._again is None:
                self._ask_again_in(PATIENCE)

    @property
    def _is_over(self) -> bool:
        return not self.screen_stack

    async def _take_next(self) -> None:
        self._asked = None
        while self._ahead and self._asked is None:
            event = self._ahead.popleft()
            if event.time > self._deaf_until:
                await super().on_event(event)
                self._taken += 1
                self._ask()

    def _ask(self, turn: int = 1) -> None:
        self._asked = self.Settled(self._taken, self.screen, self.focused, turn)
        (self.focused or self.screen).post_message(self._asked)

    def _ask_again_in(self, seconds: float) -> None:
        if self._again:
            self._again.stop()
        self._again = self.set_timer(seconds, self._ask_again)

    def _ask_again(self) -> None:
        self._again = None
        if self._asked and not self._is_over:
            self._ask()
            if self._ahead:
                self._ask_again_in(PATIENCE)

    async def on_type_ahead_settled(self, settled: Settled) -> None:
        """Take the next key, unless the focus has moved or may soon move."""
        settled.stop()
        if self._asked is None or settled.taken != self._taken or self._is_over:
            return
        if self.engaged:
            self._ask_again_in(0.02)
        elif (settled.screen, settled.focused) != (self.screen, self.focused):
            self._ask()
        elif settled.turn == 1:
            self._ask(2)
        else:
            await self._take_next()
