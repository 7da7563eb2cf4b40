"""Pictures of every page, dialog and state, compared with pictures that somebody has reviewed.

`pytest tests/tui/test_pictures.py --snapshot-update` draws them anew. Look at each before you
commit it.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from textual.pilot import Pilot

from credtui.domain.permissions import Operator, Permission
from credtui.tui.dialogs.name import NameDialog
from credtui.tui.dialogs.save import SaveDialog
from credtui.tui.dialogs.secret import SecretDialog
from credtui.tui.theme import LIGHT
from tests.tui.apps import (
    FAKE_SECRET,
    NOW,
    PortalUnderTest,
    Session,
    Stage,
    fake_secrets,
    lines_of,
    stop_blinking,
)
from tests.tui.contrast import shortfalls

Do: TypeAlias = Callable[[Session], Awaitable[None]]

CAROL = Operator(name="carol", representative=True)
EVERY_SIZE = [(80, 24), (120, 40)]


async def settle(app: PortalUnderTest, pilot: "Pilot[None]") -> None:
    """Wait until the screen stays the same: focus and changes of the store take a moment."""
    before: list[str] = []
    # The details beside the cards read their events after a pause.
    while any(worker.group == "events" and not worker.is_finished for worker in app.workers):
        await pilot.pause(0.1)
    while (now := lines_of(app)) != before:
        before = now
        await pilot.pause(0.1)


class Pictures:
    """Takes pictures of one installation."""

    def __init__(self, folder: Path, compare: Callable[..., bool]) -> None:
        self.folder = folder
        self._compare = compare
        self.size = (80, 24)

    def stage(self, **options: Any) -> Stage:
        return Stage(self.folder, random_bytes=fake_secrets(), **options)

    def same(self, stage: Stage, do: Do | None = None, theme: str = "", **options: Any) -> bool:
        """Do something in the portal, and compare the screen with the picture.

        All text on the screen must stand out from what is behind it.
        """
        app = stage.app(**options)
        if theme:
            app.theme = theme
        faint: list[str] = []

        async def act(pilot: "Pilot[None]") -> None:
            await pilot.pause()
            if do:
                await do(Session(app, pilot))
            stop_blinking(app)
            await settle(app, pilot)
            if not app.no_color:
                faint.extend(shortfalls(app))

        same = self._compare(app, terminal_size=self.size, run_before=act)
        assert not faint, "\n".join(faint)
        return same


@pytest.fixture(params=EVERY_SIZE, ids=lambda size: f"{size[0]}x{size[1]}")
def pictures(
    request: pytest.FixtureRequest, store_folder: Path, snap_compare: Callable[..., bool]
) -> Pictures:
    """Pictures at each size."""
    taken = Pictures(store_folder, snap_compare)
    taken.size = request.param
    return taken


@pytest.fixture
def small(store_folder: Path, snap_compare: Callable[..., bool]) -> Pictures:
    """Pictures at 80x24 only, of screens that look the same at other sizes."""
    return Pictures(store_folder, snap_compare)


def pressing(*keys: str) -> Do:
    async def do(session: Session) -> None:
        await session.press(*keys)

    return do


async def rotate(session: Session) -> None:
    await session.press("r")
    await session.see("immediately invalidated")
    await session.press("y")
    await session.at(SecretDialog)


class TestCredentials:
    def test_empty(self, pictures: Pictures) -> None:
        """No credentials yet: how to generate the first."""
        assert pictures.same(pictures.stage())

    def test_one(self, pictures: Pictures) -> None:
        """One credential, which is primary."""
        stage = pictures.stage()
        stage.add("Payout gateway")
        assert pictures.same(stage)

    def test_at_the_cap(self, pictures: Pictures) -> None:
        """Three credentials, one due and one soon due; New Credential disabled and explained."""
        assert pictures.same(pictures.stage(demo=True))

    def test_never_confirmed(self, pictures: Pictures) -> None:
        """Never seen and due, with a name that is cut; the second one's frame has focus."""
        stage = pictures.stage()
        stage.add("A name with sixty characters, which is as long as one may be", "Second")
        stage.add("Third", confirmed=False)
        stage.clock.now = NOW + timedelta(days=100)
        assert pictures.same(stage, pressing("j"))

    def test_on_screen_at_another(self, pictures: Pictures) -> None:
        """A secret on screen at another operator, one closed unsaved, and a lost one in use."""
        stage = pictures.stage()
        stage.add("Payout gateway")
        stage.add("Reporting batch", "Treasury sync", confirmed=False)
        gateway, batch, sync = map(stage.id_of, stage.names)
        for client_id in (batch, sync):
            stage.service().confirm(client_id, seen=1, how="closed unsaved")
        stage.clock.now = NOW + timedelta(hours=2)
        stage.use("Treasury sync")
        with stage.service().rotate(gateway).lease:
            assert pictures.same(stage)

    def test_names_are_text(self, pictures: Pictures) -> None:
        """Markup, wide characters and an emoji in names."""
        stage = pictures.stage()
        stage.add("[red]x[/] [@click=quit]", "日本語の支払い窓口", "Bank 🏦 & Söhne")
        assert pictures.same(stage)

    def test_view_only(self, pictures: Pictures) -> None:
        """Can View: everything shown, every change disabled, and why."""
        stage = pictures.stage(demo=True)
        viewer = Operator(name="alice", permissions={"acme": Permission.CAN_VIEW})
        stage.set_operators(CAROL, viewer)
        assert pictures.same(stage)

    def test_no_access(self, pictures: Pictures) -> None:
        """No access: the page says so, and shows no data."""
        stage = pictures.stage(demo=True)
        stage.set_operators(CAROL)
        assert pictures.same(stage)

    def test_production(self, small: Pictures) -> None:
        """The environment production is marked in the header."""
        assert small.same(small.stage(environment="production"))

    def test_narrow(self, small: Pictures) -> None:
        """The smallest terminal there may be."""
        small.size = (60, 20)
        assert small.same(small.stage(demo=True))


class TestMenu:
    def test_of_the_primary(self, pictures: Pictures) -> None:
        """The primary credential's menu says why it can't be deleted, and what to do."""
        assert pictures.same(pictures.stage(demo=True), pressing("full_stop"))

    def test_of_another(self, small: Pictures) -> None:
        """The last card's menu is wholly on the screen."""
        assert small.same(small.stage(demo=True), pressing("j", "j", "full_stop"))

    def test_view_only(self, small: Pictures) -> None:
        """With Can View the reason stands once, below the entries that it is about."""
        stage = small.stage(demo=True)
        viewer = Operator(name="alice", permissions={"acme": Permission.CAN_VIEW})
        stage.set_operators(CAROL, viewer)
        assert small.same(stage, pressing("full_stop"))


class TestName:
    @pytest.mark.parametrize(
        "typed",
        ["", "Payout gateway", "REPORTING batch", "pay\u202eout", "a" * 61],
        ids=["empty", "valid", "taken", "bidi", "too-long"],
    )
    def test_new_credential(self, small: Pictures, typed: str) -> None:
        """The name's dialog: the button waits, and the reason stands under the field."""
        stage = small.stage()
        stage.add("Reporting batch")

        async def do(session: Session) -> None:
            await session.press("n")
            await session.at(NameDialog)
            if typed:
                await session.paste(typed)

        assert small.same(stage, do)

    def test_edit(self, pictures: Pictures) -> None:
        """Edit begins with the present name."""
        assert pictures.same(pictures.stage(demo=True), pressing("e"))


class TestConfirm:
    def test_rotate(self, pictures: Pictures) -> None:
        """What is rotated, its last use, and what stops working; focus is on Cancel."""
        assert pictures.same(pictures.stage(demo=True), pressing("r"))

    def test_delete(self, pictures: Pictures) -> None:
        """What is deleted and who loses access."""
        assert pictures.same(pictures.stage(demo=True), pressing("j", "d"))

    def test_delete_refused(self, pictures: Pictures) -> None:
        """The primary credential can't be deleted: why, and what to do."""
        assert pictures.same(pictures.stage(demo=True), pressing("d"))

    def test_rotated_meanwhile(self, small: Pictures) -> None:
        """Another session was faster: the question is withdrawn."""
        stage = small.stage(demo=True)

        async def do(session: Session) -> None:
            await session.press("r")
            await session.see("immediately invalidated")
            stage.service().rotate(stage.id_of("Payout gateway"))
            await session.see("was rotated meanwhile")

        assert small.same(stage, do)


class TestSecret:
    def test_shown(self, pictures: Pictures) -> None:
        """Every value whole, the warning, every way to keep the secret."""
        assert pictures.same(pictures.stage(demo=True), rotate)

    def test_forced(self, pictures: Pictures) -> None:
        """Without a shell behind the connection there is no Save to File."""
        assert pictures.same(pictures.stage(demo=True), rotate, forced=True)

    def test_sent(self, small: Pictures) -> None:
        """The message names the route of a copy, and asks for the proof."""

        async def do(session: Session) -> None:
            await rotate(session)
            await session.press("s")
            await session.see("Secret sent to your terminal")

        assert small.same(small.stage(demo=True), do)

    def test_matches(self, small: Pictures) -> None:
        """Both steps are done, and Close has the focus."""

        async def do(session: Session) -> None:
            await rotate(session)
            await session.press("s")
            await session.see("Secret sent to your terminal")
            await session.paste(FAKE_SECRET)
            await session.see("Your copy matches the secret.")

        assert small.same(small.stage(demo=True), do)

    def test_afterwards(self, pictures: Pictures) -> None:
        """A message says what was rotated, above the page, and its card has the focus."""

        async def do(session: Session) -> None:
            await session.press("j")
            await rotate(session)
            await session.paste(FAKE_SECRET)
            await session.press("enter")
            await session.see("Clients need the new secret.")

        assert pictures.same(pictures.stage(demo=True), do)

    def test_copy_differs(self, small: Pictures) -> None:
        """Check your copy: another length."""

        async def do(session: Session) -> None:
            await rotate(session)
            await session.paste("csk_uat_123")
            await session.see("does not match")

        assert small.same(small.stage(demo=True), do)

    def test_save(self, small: Pictures) -> None:
        """Save to File."""

        async def do(session: Session) -> None:
            await rotate(session)
            await session.press("f")
            await session.at(SaveDialog)

        assert small.same(small.stage(demo=True), do)

    def test_close_gate(self, pictures: Pictures) -> None:
        """Close without saving?"""

        async def do(session: Session) -> None:
            await rotate(session)
            await session.press("escape")
            await session.see("Close without saving?")

        assert pictures.same(pictures.stage(demo=True), do)

    def test_concealed(self, small: Pictures) -> None:
        """Hidden until a key is pressed."""

        async def do(session: Session) -> None:
            await rotate(session)
            session.conceal()
            await session.see("Press any key")

        assert small.same(small.stage(demo=True), do)

    def test_narrow(self, small: Pictures) -> None:
        """The secret has a line of its own in the smallest terminal."""
        small.size = (60, 20)
        assert small.same(small.stage(demo=True), rotate)


class TestRest:
    def test_help(self, pictures: Pictures) -> None:
        """Every key."""
        assert pictures.same(pictures.stage(demo=True), pressing("question_mark"))

    def test_palette(self, small: Pictures) -> None:
        """The palette offers what the menu does, and no screenshot."""

        async def do(session: Session) -> None:
            await session.press("j", "ctrl+p")
            await session.see("Rotate Credential: Reporting batch")
            await session.press("down")

        assert small.same(small.stage(demo=True), do)

    def test_environment_choice(self, small: Pictures) -> None:
        """Another environment is chosen by its name and audience."""
        assert small.same(small.stage(demo=True), pressing("v"))

    def test_too_small(self, small: Pictures) -> None:
        """What the terminal lacks."""
        small.size = (59, 19)
        assert small.same(small.stage(demo=True))

    def test_without_colour(self, small: Pictures) -> None:
        """No colours: focus and badges are seen without them."""
        assert small.same(small.stage(demo=True), pressing("j"), colours=0)

    def test_without_colour_in_a_dialog(self, small: Pictures) -> None:
        """No colours: which button has the focus is seen without them."""
        assert small.same(small.stage(demo=True), pressing("r"), colours=0)

    def test_light(self, pictures: Pictures) -> None:
        """The light theme."""
        assert pictures.same(pictures.stage(demo=True), theme=LIGHT.name)

    def test_light_dialog(self, small: Pictures) -> None:
        """The light theme, with what can't be undone."""
        assert small.same(small.stage(demo=True), pressing("j", "d"), theme=LIGHT.name)

    def test_light_secret(self, small: Pictures) -> None:
        """The light theme, with the secret."""
        assert small.same(small.stage(demo=True), rotate, theme=LIGHT.name)

    def test_sixteen(self, pictures: Pictures) -> None:
        """A terminal with 16 colours."""
        assert pictures.same(pictures.stage(demo=True), colours=16)

    def test_sixteen_production(self, small: Pictures) -> None:
        """16 colours: production stands out."""
        assert small.same(small.stage(environment="production"), colours=16)

    def test_sixteen_dialog(self, small: Pictures) -> None:
        """16 colours, with what can't be undone."""
        assert small.same(small.stage(demo=True), pressing("j", "d"), colours=16)

    def test_sixteen_secret(self, small: Pictures) -> None:
        """16 colours, with the secret."""
        assert small.same(small.stage(demo=True), rotate, colours=16)

    def test_ascii(self, small: Pictures) -> None:
        """ASCII alone."""
        assert small.same(small.stage(demo=True), ascii_only=True)

    def test_ascii_dialog(self, small: Pictures) -> None:
        """ASCII alone, with the secret."""
        assert small.same(small.stage(demo=True), rotate, ascii_only=True)
