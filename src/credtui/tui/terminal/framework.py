"""What the portal does by private names of Textual, each in one small part.

Textual offers no public way to do these things. An upgrade of Textual may break any of them, and
`tests/tui/terminal/test_framework.py` has a test for each. The other modules that use private
names are `choice`, `driver`, `keys` and `wire`.
"""

from collections.abc import Iterable
from dataclasses import replace

from textual.app import App, ReturnType
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import WorkerFailed, active_worker


class TerminalApp(App[ReturnType]):
    """An app that writes to its terminal, and keeps secrets out of its last words."""

    failure: Exception | None = None
    """What ended the program against its will: in a worker, the worker's own error."""

    unread: bytes = b""
    """The bytes that the terminal sent before the driver began to read."""

    def rescue(self) -> None:
        """Called before an error ends the program."""

    def write_to_terminal(self, text: str) -> None:
        """Write a text to the terminal in one piece, as the driver does."""
        if self._driver:
            self._driver.write(text)
            self._driver.flush()

    def _fatal_error(self) -> None:
        self.rescue()
        # Textual would report the error with local variables, and one of them may be a secret.
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        # Textual removes the widgets of a screen before it cancels the workers that use them.
        worker = active_worker.get(None)
        if not isinstance(error, WorkerFailed) or worker is None or worker.node.is_running:
            own = error.error if isinstance(error, WorkerFailed) else error
            self.failure = self.failure or (own if isinstance(own, Exception) else error)
            super()._handle_exception(error)


def forget_cut_text(app: App[ReturnType]) -> None:
    """Forget the text that was last cut from a field or selected; ctrl+v would paste it."""
    app._clipboard = ""


def bindings_of(node: DOMNode) -> Iterable[Binding]:
    """Yield the bindings of a widget, a screen or an app, whether or not they apply now."""
    for _, binding in node._bindings:
        yield binding


def unbind(node: DOMNode, key: str) -> None:
    """Remove a key from the bindings of one node, and so from its footer and help."""
    del node._bindings.key_to_bindings[key]


def reword(node: DOMNode, action: str, words: str) -> None:
    """Describe an action in other words, in the bindings of one node alone."""
    bindings = node._bindings.key_to_bindings
    for key, bound in bindings.items():
        bindings[key] = [
            replace(one, description=words) if one.action == action else one for one in bound
        ]


class KeysOfPage(Screen):  # type: ignore[type-arg]
    """A screen on which the keys of the open page work wherever the focus is."""

    @property
    def current(self) -> DOMNode:
        """The page that is open."""
        raise NotImplementedError

    @property
    def _binding_chain(self) -> list[tuple[DOMNode, BindingsMap]]:
        chain = super()._binding_chain
        nodes = [node for node, _ in chain]
        if self.is_mounted and self.current not in nodes:
            chain.insert(nodes.index(self), (self.current, self.current._bindings.copy()))
        return chain


def make_replaceable(screen: Screen[object]) -> None:
    """Let `App.switch_screen` replace the app's default screen.

    Switching removes a result callback, and Textual gave the default screen none.
    """
    if not screen._result_callbacks:
        screen._push_result_callback(screen, None)
