"""The portal on a real store, as the tests of its screens use it.

    async with portal(installation) as session:
        await session.press("n")
        await session.see("Credential name")

Time stands still at `NOW` and randomness is seeded, so that a picture is the same each time.
"""

import asyncio
import inspect
import io
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from credtui.configuration import Settings
from credtui.demo import demo_installation
from credtui.domain.models import IssuedSecret
from credtui.domain.page import Page
from credtui.domain.permissions import Actor, Operator
from credtui.domain.place import Place
from credtui.domain.secrets import RandomBytes, generate_secret
from credtui.domain.usage import Caller, PreviousSecretUse, Usage, hour_of
from credtui.installation import Installation
from credtui.service.credentials import CredentialService
from credtui.store.port import Store
from credtui.tui.app import CredtuiApp
from credtui.tui.dialogs.dialog import open_modals
from tests.stores import open_store
from tests.support import ALICE, SteppedClock, seeded_bytes, set_all_operators
from tests.terminal import TIMEOUT

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BOB = Actor(operator="bob", address="198.51.100.23", channel="ssh")
CLIENT, OLD_CLIENT = "203.0.113.9", "203.0.113.44"
"""Addresses of a client that uses a credential, and of one that still has its previous secret."""

PATIENCE = TIMEOUT
"""Seconds until a wait fails. Only a test that fails takes so long."""

FAKE_SECRET = generate_secret("uat", bytes).get_secret_value()
"""The only secret that a picture may show: that of 256 zero bits."""

W = TypeVar("W", bound=Widget)


def fake_secrets(seed: int = 7) -> RandomBytes:
    """Randomness that makes every secret `FAKE_SECRET`, and Client IDs that differ."""
    others = seeded_bytes(seed)
    return lambda count: bytes(count) if count == SECRET_BYTES else others(count)


SECRET_BYTES = 32


class Stage:
    """An installation in a folder, and what others do to it while the portal under test runs.

    Args:
        folder: The store's folder.
        demo: Whether it has the demo's three credentials; otherwise it is empty.
        random_bytes: Where its secrets come from.
        store: Its store, if it isn't the one that belongs to the folder.
        settings: Settings to change. The others are cheap and safe in tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        demo: bool = False,
        random_bytes: RandomBytes | None = None,
        store: Store | None = None,
        **settings: Any,
    ) -> None:
        self.folder = folder
        self.clock = SteppedClock(NOW)
        random_bytes = random_bytes or seeded_bytes(7)
        # No tool of the person who runs the tests may receive a secret.
        values = Settings().model_copy(update={"bcrypt_cost": 4, "clipboard": "osc52", **settings})
        store = store or open_store(folder)
        if demo:
            demo_installation(store, clock=self.clock, random_bytes=random_bytes, bcrypt_cost=4)
        self.installation = Installation(values, store, clock=self.clock, random_bytes=random_bytes)

    def service(self, actor: Actor = BOB, environment: str | None = None) -> CredentialService:
        """The service of another session."""
        return self.installation.service(actor, environment=environment)

    @property
    def page(self) -> Page:
        """What the store holds now."""
        return self.service(ALICE).page()

    @property
    def names(self) -> list[str]:
        """The names of all credentials, oldest first."""
        return [credential.name for credential in self.page.credentials]

    def id_of(self, name: str) -> str:
        """The Client ID of the credential of this name."""
        return next(found.client_id for found in self.page.credentials if found.name == name)

    def add(self, *names: str, confirmed: bool = True) -> list[IssuedSecret]:
        """Generate credentials, and close their dialogs."""
        service = self.service(ALICE)
        issued = [service.generate(name) for name in names]
        for one in issued:
            if confirmed:
                service.confirm(one.credential.client_id, seen=1, how="checked")
            one.lease.close()
        return issued

    def use(
        self,
        name: str,
        ago: timedelta = timedelta(),
        *,
        tokens: int = 1,
        refused: int = 0,
        address: str = CLIENT,
        callers: Mapping[str, int] | None = None,
    ) -> None:
        """Record use of a credential, as the token endpoint does.

        Args:
            name: The credential's name.
            ago: How long ago.
            tokens: Access tokens that were issued.
            refused: Refused uses of the previous secret.
            address: The address that the tokens were issued to.
            callers: Addresses instead of this one, each with the generation that it used.
        """
        credential = self.page.find(self.id_of(name))
        assert credential
        at = self.clock() - ago
        previous = PreviousSecretUse(
            generation=credential.generation, count=refused, last_at=at, last_from=OLD_CLIENT
        )
        issued = {hour_of(at): tokens}
        if callers is None:
            callers = {address: credential.generation} if tokens else {}
        usage = Usage(
            last_used_at=at if tokens else None,
            last_used_from=address if tokens else None,
            issued=issued,
            callers=tuple(
                Caller(address=caller, generation=used, last_at=at, issued=issued)
                for caller, used in callers.items()
            ),
            previous_secret=previous if refused else None,
        )
        settings = self.installation.settings
        place = Place(settings.environment, settings.organization)
        self.installation.store.add_usage(place, {credential.client_id: usage})

    def set_operators(self, *operators: Operator) -> None:
        """Make these the operators."""
        set_all_operators(self.installation.store, *operators, at=NOW)

    def actions(self) -> list[str]:
        """What was done or refused, newest first."""
        return [f"{event.action.value} {event.outcome}" for event in self.service(ALICE).events()]

    def app(self, actor: Actor = ALICE, **options: Any) -> "PortalUnderTest":
        """The portal, not running yet."""
        return PortalUnderTest(
            self.installation, actor, self.installation.service(actor).page(), **options
        )


class PortalUnderTest(CredtuiApp):
    """The portal. It keeps what it would write to a terminal; its pictures need no network."""

    CSS_PATH = str(Path(inspect.getfile(CredtuiApp)).with_name("credtui.tcss"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.animation_level = "none"
        self.written: list[str] = []
        self.asked_timeouts: list[float] = []

    def write_to_terminal(self, text: str) -> None:
        self.written.append(text)

    def notify(self, *what: Any, **options: Any) -> None:
        """Keep each message until the test has seen it, however slow the computer is."""
        self.asked_timeouts.append(options.get("timeout", 0))
        super().notify(*what, **options | {"timeout": 3600})

    def export_screenshot(self, **options: Any) -> str:
        """Draw the screen as SVG."""
        return without_fonts(super().export_screenshot(**options))


def without_fonts(svg: str) -> str:
    """Return a picture without the network addresses of fonts."""
    return re.sub(r"\s*@font-face \{.*?\}\n", "", svg, flags=re.DOTALL)


class Session:
    """A running portal, and what a person does and sees there."""

    def __init__(self, app: PortalUnderTest, pilot: "Pilot[None]") -> None:
        self.app = app
        self.pilot = pilot

    # What a person does

    async def press(self, *keys: str) -> None:
        """Press keys by name. Each key waits for the outcome of the one before."""
        for key in keys:
            await self.settle()
            await self.pilot.press(key)
        await self.settle()

    async def burst(self, *keys: str) -> None:
        """Press keys so fast that the portal gets all of them before it acts on the first."""
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else None))
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Type a text."""
        await self.press(*("space" if letter == " " else letter for letter in text))

    async def paste(self, text: str) -> None:
        """Paste a text, as a terminal passes it on."""
        await self.settle()
        self.app.post_message(Paste(text))
        await self.pilot.pause()
        await self.settle()

    async def click(self, column: int, row: int) -> None:
        """Click on a cell of the screen."""
        widget, region = self.app.get_widget_at(column, row)
        await self.pilot.click(widget, offset=(column - region.x, row - region.y))

    async def click_on(self, text: str) -> None:
        """Wait for a text and click on it."""
        await self.see(text)
        column, row = self.find(text)
        await self.click(column + len(text) // 2, row)

    def conceal(self) -> None:
        """Hide the secret, as before the program is suspended."""
        for modal in open_modals(self.app):
            modal.conceal()

    async def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        await self.pilot.resize_terminal(columns, rows)
        await self.pilot.pause()

    # What a person sees

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, any dialogs on top."""
        return lines_of(self.app)

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    @property
    def words(self) -> str:
        """The whole screen as one line, to find a sentence wherever its lines are broken."""
        return _in_one_line(self.lines)

    def shows(self, sentence: str) -> bool:
        """Whether a sentence is on the screen, on however many lines."""
        beside_navigation = _in_one_line(line[18:] for line in self.lines)
        return any(sentence in text for text in (self.text, self.words, beside_navigation))

    def find(self, text: str) -> tuple[int, int]:
        """The column and row where a text begins."""
        for row, line in enumerate(self.lines):
            if text in line:
                return line.index(text), row
        raise AssertionError(f"{text!r} is not on the screen\n{self.text}")

    async def settle(self) -> None:
        """Wait until the portal has acted on every key, and the screen on top takes keys.

        A screen drops keys that were pressed before it was shown, because nobody had seen it.
        """
        app = self.app

        def is_settled() -> bool:
            if self.ended or app.failure:
                return True
            asked = app._asked
            if asked and (asked.screen, asked.focused) != (app.screen, app.focused):
                app._ask()  # The widget may have been removed along with the message.
            return not (app._asked or app._ahead) and app.screen.is_mounted

        await self.until(is_settled, "end of what the keys led to")

    async def until(self, holds: Callable[[], bool], what: str = "what was awaited") -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"still no {what}\n{self.text}")
            await self.pilot.pause(0.02)

    async def see(self, sentence: str) -> None:
        """Wait until a sentence is on the screen, on however many lines."""
        await self.until(lambda: self.shows(sentence), repr(sentence))

    async def see_no(self, sentence: str) -> None:
        """Wait until a sentence has left the screen."""
        await self.until(lambda: not self.shows(sentence), f"end of {sentence!r}")

    async def at(self, kind: type) -> Any:
        """Wait until a screen of this kind is on top, and return it."""
        await self.until(lambda: isinstance(self.app.screen, kind), kind.__name__)
        await self.settle()
        return self.app.screen

    def one(self, selector: str, kind: type[W]) -> W:
        """The widget on top that a selector finds."""
        return self.app.screen.query_one(selector, kind)

    @property
    def focused(self) -> str:
        """What has the focus: a card's name, a button's label, or a widget's id or class."""
        widget = self.app.focused
        credential = getattr(widget, "credential", None)
        label = getattr(widget, "label", None)
        if credential:
            return str(credential.name)
        if label:
            return str(label)
        return (widget.id or type(widget).__name__) if widget else "nothing"

    @property
    def messages(self) -> list[str]:
        """The messages in the corner."""
        return [notification.message for notification in self.app._notifications]

    @property
    def ended(self) -> bool:
        """Whether the program was left."""
        return self.app._exit

    def everything(self) -> str:
        """All text that the app holds anywhere: in widgets, fields, messages, its clipboard."""
        return "\n".join(_texts(self.app))


@asynccontextmanager
async def portal(
    stage: Stage,
    actor: Actor = ALICE,
    *,
    size: tuple[int, int] = (80, 24),
    **options: Any,
) -> AsyncIterator[Session]:
    """Run the portal."""
    app = stage.app(actor, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        session = Session(app, pilot)
        await session.settle()
        try:
            yield session
        finally:
            # Quit as a person does. Otherwise widgets would be removed while workers use them.
            app.exit()
            assert app._task
            await asyncio.wait([app._task])


def lines_of(app: CredtuiApp) -> list[str]:
    """The rows of an app's screen."""
    width, height = app.size
    console = Console(
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
    )
    console.print(
        app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    )
    return console.export_text().splitlines()


def _in_one_line(lines: Iterable[str]) -> str:
    return " ".join(re.sub(r"[│┃╭╮╰╯─━▌▐┏┓┗┛|]", " ", " ".join(lines)).split())


def _texts(app: CredtuiApp) -> Iterable[str]:
    yield app.clipboard
    yield from (notification.message for notification in app._notifications)
    yield from (worker.description for worker in app.workers)
    for screen in app.screen_stack:
        for widget in screen.walk_children(Widget, with_self=True):
            yield str(widget.render())
            yield f"{widget.border_title} {widget.border_subtitle} {widget.tooltip}"
            if isinstance(widget, Input):
                yield widget.value
                yield widget.placeholder


def stop_blinking(app: CredtuiApp) -> None:
    """Stop the cursors' blinking, which would show in some pictures and not in others."""
    for screen in app.screen_stack:
        for field in screen.query(Input):
            field.cursor_blink = False
