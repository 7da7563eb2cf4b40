from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from credtui.tui.widgets.footer import Footer


class Sample(App[None]):
    BINDINGS = [  # noqa: RUF012
        Binding("n", "note('n')", "New", tooltip="Make one."),
        Binding("d", "note('d')", "[Delete]"),
        Binding("x", "note('x')", "Hidden", show=False),
        Binding("f9", "refused", "Not now"),
    ]
    CSS = "Footer { dock: bottom; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []
        self.refuses: bool | None = False

    def compose(self) -> ComposeResult:
        yield Input()
        yield Footer()

    def action_note(self, key: str) -> None:
        self.noted.append(key)

    def action_refused(self) -> None:
        self.noted.append("refused")

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        return self.refuses if action == "refused" else True


def shown(app: App[None]) -> str:
    return app.query_one(Footer).render().plain


async def test_it_shows_the_keys_that_apply_as_text() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        app.set_focus(None)
        await pilot.pause()
        assert shown(app).startswith("n New  d [Delete]")
        assert "Hidden" not in shown(app)
        assert "Not now" not in shown(app)
        app.refuses = True
        app.refresh_bindings()
        await pilot.pause()
        assert "f9 Not now" in shown(app)


async def test_a_click_is_like_the_key_under_the_pointer() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        app.set_focus(None)
        await pilot.pause()
        for word, expected in (("New", ["n"]), ("Delete", ["n", "d"])):
            await pilot.click(Footer, offset=(shown(app).index(word), 0))
            await pilot.pause()
            assert app.noted == expected
        await pilot.click(Footer, offset=(shown(app).index("  d"), 0))
        await pilot.pause()
        assert app.noted == ["n", "d"], "between two keys"


async def test_a_disabled_key_does_nothing() -> None:
    app = Sample()
    app.refuses = None
    async with app.run_test() as pilot:
        app.set_focus(None)
        await pilot.pause()
        await pilot.click(Footer, offset=(shown(app).index("Not now"), 0))
        await pilot.pause()
        assert app.noted == []


async def test_the_key_under_the_pointer_is_explained() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        app.set_focus(None)
        await pilot.pause()
        await pilot.hover(Footer, offset=(2, 0))
        await pilot.pause()
        assert app.query_one(Footer).tooltip == "Make one."
        await pilot.hover(Footer, offset=(shown(app).index("Delete"), 0))
        await pilot.pause()
        assert app.query_one(Footer).tooltip is None


async def test_no_key_is_cut_and_the_one_that_shows_all_stays() -> None:
    app = Sample()
    app.bind("question_mark", "app.help", description="Help", key_display="?")
    app.bind("q", "note('q')", description="Quit")
    async with app.run_test(size=(80, 24)) as pilot:
        app.set_focus(None)
        for width, expected in (
            (80, "n New  d [Delete]  ? Help  q Quit"),
            (33, "n New  d [Delete]  ? Help  q Quit"),
            (32, "n New  d [Delete]  ? Help"),
            (24, "n New  ? Help"),
            (12, "? Help"),
            (5, ""),
        ):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            assert shown(app).split("  ^p")[0] == expected
