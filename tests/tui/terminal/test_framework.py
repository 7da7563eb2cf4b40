"""What the portal does by private names of Textual. These tests show what an upgrade broke."""

import ast
import inspect
from functools import cache
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.dom import DOMNode
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

import credtui.tui
from credtui.tui.terminal.choice import Choice
from credtui.tui.terminal.framework import (
    KeysOfPage,
    bindings_of,
    forget_cut_text,
    make_replaceable,
    reword,
    unbind,
)
from tests.terminal import Terminal
from tests.tui.terminal.multiplexers import python

SOURCES = Path(credtui.tui.__file__).parent
PACKAGE = SOURCES / "terminal"

# An app that writes to its terminal and then fails with a secret in a local variable.
APP = """
from credtui.tui.terminal.framework import TerminalApp

class Fails(TerminalApp):
    def on_key(self, event):
        if event.key == "w":
            self.write_to_terminal("\\x1b]2;written\\x07")
        else:
            secret = "csk_uat_9fK2mQ8xVb7RtLpW3nYs6HjDz0AcEgUiTo4BqXvMy1N5k"
            raise ValueError

app = Fails()
app.run()
print("failure:", type(app.failure).__name__)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "fails.py"
    script.write_text(APP)
    return script


def test_writing_to_the_terminal(script: Path) -> None:
    with Terminal(python(script)) as terminal:
        terminal.wait_until(lambda: b"\x1b[?1049h" in terminal.bytes_received, "start")
        terminal.press("w")
        terminal.wait_until(lambda: b"\x1b]2;written\x07" in terminal.bytes_received, "title")


def test_an_error_is_kept_and_its_variables_are_not_shown(script: Path) -> None:
    with Terminal(python(script)) as terminal:
        terminal.wait_until(lambda: b"\x1b[?1049h" in terminal.bytes_received, "start")
        terminal.press("x")
        terminal.wait_for("failure: ValueError")
        assert b"csk_" not in terminal.bytes_received


class Fields(App[None]):
    BINDINGS = [Binding("f5", "ring", "Ring")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield Input("secret")
        yield Choice("one", value=True)


async def test_what_was_cut_is_not_pasted_any_more() -> None:
    app = Fields()
    async with app.run_test() as pilot:
        field = app.query_one(Input)
        await pilot.press("home", "shift+end", "ctrl+x", "ctrl+v")
        assert field.value == "secret"
        forget_cut_text(app)
        await pilot.press("home", "shift+end", "ctrl+x")
        forget_cut_text(app)
        await pilot.press("ctrl+v")
        assert field.value == ""


async def test_bindings_are_listed_and_removed() -> None:
    rung = []

    class Rings(Fields):
        def action_ring(self) -> None:
            rung.append(True)

    app = Rings()
    async with app.run_test() as pilot:
        await pilot.press("f5")
        assert rung == [True]
        assert "Ring" in [binding.description for binding in bindings_of(app)]
        unbind(app, "f5")
        await pilot.press("f5")
        assert rung == [True]
        assert "Ring" not in [binding.description for binding in bindings_of(app)]
    assert "Ring" in [binding.description for binding in bindings_of(Rings())]


async def test_the_first_screen_is_replaced_as_often_as_wanted() -> None:
    class Named(Screen[None]):
        def compose(self) -> ComposeResult:
            yield Static(self.name or "")

    class Screens(App[None]):
        def get_default_screen(self) -> Screen[None]:
            return Named("first")

    app = Screens()
    async with app.run_test() as pilot:
        for name in ("second", "third"):
            make_replaceable(app.screen)
            await app.switch_screen(Named(name))
            await pilot.pause()
            assert [screen.name for screen in app.screen_stack] == [name]


async def test_a_choice_shows_without_colour_whether_it_is_chosen() -> None:
    app = Fields()
    async with app.run_test() as pilot:
        choice = app.query_one(Choice)
        assert str(choice.render()).startswith("(•)")
        choice.value = False
        await pilot.pause()
        assert str(choice.render()).startswith("( )")


@cache
def private_names() -> set[str]:
    """The private attributes and methods of the Textual classes from which the portal's derive."""
    found = set()
    for kind in (MessagePump, DOMNode, Widget, Screen, App):
        tree = ast.parse(inspect.getsource(inspect.getmodule(kind) or kind))
        found |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"self", "cls"}
        }
        found |= set(dir(kind))
    return {name for name in found if name.startswith("_") and not name.endswith("__")}


@pytest.mark.parametrize(
    "source",
    [path for path in SOURCES.rglob("*.py") if PACKAGE not in path.parents],
    ids=lambda path: path.relative_to(SOURCES).as_posix(),
)
def test_no_other_module_uses_private_names(source: Path) -> None:
    """A name of our own must not be one of Textual's either: ours would replace Textual's."""
    tree = ast.parse(source.read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    modules = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual")
        for part in (*(node.module or "").split("."), *(alias.name for alias in node.names))
    }
    private = used & private_names()
    assert not private
    assert not [part for part in modules if part.startswith("_")]


async def test_rewording_an_action_in_one_screen_alone() -> None:
    class Sample(Screen[None]):
        BINDINGS = [("y", "agree", "Yes"), ("escape", "cancel", "Cancel")]  # noqa: RUF012

    one, other = Sample(), Sample()
    reword(one, "cancel", "Back")
    for screen, words in ((one, "Back"), (other, "Cancel")):
        described = {binding.key: binding.description for binding in bindings_of(screen)}
        assert (described["y"], described["escape"]) == ("Yes", words)


async def test_the_keys_of_a_page_work_beside_it() -> None:
    class Page(Widget):
        BINDINGS = [("n", "note")]  # noqa: RUF012
        noted = 0

        def action_note(self) -> None:
            self.noted += 1

    class Sample(KeysOfPage):
        @property
        def current(self) -> DOMNode:
            return self.query_one(Page)

        def compose(self) -> ComposeResult:
            yield Input()
            yield Button("Beside")
            yield Page()

    class Program(App[None]):
        def get_default_screen(self) -> Screen[object]:
            return Sample()

    app = Program()
    async with app.run_test() as pilot:
        page = app.screen.query_one(Page)
        for beside in (app.screen.query_one(Button), None):
            app.screen.set_focus(beside)
            await pilot.press("n")
        assert page.noted == 2
        app.screen.set_focus(app.screen.query_one(Input))
        await pilot.press("n")
        assert page.noted == 2
        assert app.screen.query_one(Input).value == "n"
