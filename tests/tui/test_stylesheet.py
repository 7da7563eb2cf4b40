from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Button, Static

from credtui.tui.stylesheet import ParsedOnce


class Dialog(Screen[None]):
    CSS = "Dialog Button { color: $error; }"

    def compose(self) -> ComposeResult:
        yield Button("Close")


class Sample(App[None]):
    CSS = "Static { background: $primary; }"

    def __init__(self) -> None:
        super().__init__()
        self.stylesheet = ParsedOnce(self.get_css_variables())

    def compose(self) -> ComposeResult:
        yield Static("text")


def colour(app: App[None], name: str) -> str:
    return app.theme_variables[name].upper()


async def test_another_theme_gives_other_colours() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        static = app.query_one(Static)
        before = static.styles.background.hex
        assert before == colour(app, "primary")
        app.theme = "gruvbox"
        await pilot.pause()
        assert static.styles.background.hex == colour(app, "primary") != before


async def test_what_a_later_screen_brings_is_applied() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        await app.push_screen(Dialog())
        await pilot.pause()
        assert app.screen.query_one(Button).styles.color.hex == colour(app, "error")


async def test_what_was_parsed_is_kept() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        await pilot.pause()
        own = [rule for rule in app.stylesheet.rules if not rule.is_default_rules]
        app.refresh_css()
        await app.push_screen(Dialog())
        await pilot.pause()
        now = {id(rule) for rule in app.stylesheet.rules}
        assert own
        assert all(id(rule) in now for rule in own)
