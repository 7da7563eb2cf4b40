"""The secret dialog: it is readable, offers every way to keep the secret, and has one way out."""

import asyncio
import base64
import gc
import json
import os
import re
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input, RadioSet, Static

from credtui.domain.models import IssuedSecret
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.place import Place
from credtui.service.secret_file import Format, save
from credtui.tui.dialogs import concealing
from credtui.tui.dialogs.help import HelpDialog
from credtui.tui.dialogs.save import SaveDialog
from credtui.tui.dialogs.secret import CONCEALED, CONCEALED_BELOW, SecretDialog
from tests.secrets_scan import assert_no_secret
from tests.support import seeded_bytes
from tests.tui.apps import FAKE_SECRET, Session, Stage, portal

GATE = "Close without saving?"
BLANK = "\x1b]52;c;IA==\a"
"""What overwrites a terminal's clipboard with a space."""


def shown_secret(session: Session) -> str:
    """The secret that the dialog was given."""
    dialog = session.app.screen
    assert isinstance(dialog, SecretDialog)
    assert dialog._issued
    return dialog._issued.secret.get_secret_value()


@asynccontextmanager
async def rotated(
    stage: Stage, *, size: tuple[int, int] = (80, 24), forced: bool = False
) -> AsyncIterator[Session]:
    """The dialog after a rotation of Payout gateway."""
    async with portal(stage, size=size, forced=forced) as session:
        await session.press("r")
        await session.see("immediately invalidated")
        await session.press("y")
        await session.at(SecretDialog)
        yield session


def confirmed(stage: Stage) -> bool:
    credential = stage.page.find(stage.id_of("Payout gateway"))
    assert credential
    return credential.handover is not None


def how_confirmed(stage: Stage) -> str:
    return stage.service().events()[0].detail


class TestWhatItShows:
    @pytest.mark.parametrize("size", [(80, 24), (76, 20), (120, 40)])
    async def test_every_value_is_whole_on_one_line(
        self, two: Stage, size: tuple[int, int]
    ) -> None:
        async with rotated(two, size=size) as session:
            secret = shown_secret(session)
            for label, value in (
                ("Audience", "urn:ripplexcurrent-uat:acme"),
                ("Client ID", two.id_of("Payout gateway")),
                ("Secret", secret),
            ):
                assert any(label in line and f" {value} " in line for line in session.lines), label

    async def test_the_secret_is_whole_at_the_smallest_size(self, two: Stage) -> None:
        async with rotated(two, size=(60, 20)) as session:
            assert any(shown_secret(session) in line for line in session.lines)
            for label in ("Copy Client ID", "Copy Secret", "Save to File", "Plain View", "Close"):
                assert label in session.text

    async def test_the_longest_audience_and_secret_fit_at_80x24(self, two: Stage) -> None:
        production = two.installation.settings.environments["production"]
        longest = production.model_copy(update={"tag": "stage1"})
        two.installation.settings = two.installation.settings.model_copy(
            update={
                "environments": {"uat": longest},
                "organization": "an-organization-with-the-longest-name-40",
            }
        )
        two.add("Payout gateway")
        async with rotated(two) as session:
            assert len(shown_secret(session)) == 60
            assert any(shown_secret(session) in line for line in session.lines)
            await session.see("urn:ripplexcurrent-prod:an-organization-with-the-longest-name-40")

    async def test_the_warning_and_every_button_are_there(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.see("Secret for Payout gateway")
            await session.see("Save your secret now")
            await session.see(
                "The secret is displayed only once. After you close this dialog, it cannot be "
                "retrieved."
            )
            for label in (
                "Copy Client ID", "Copy Secret", "Save to File", "Plain View", "Try it", "Close"
            ):  # fmt: skip
                assert label in session.text, label
            assert session.focused == "Copy Secret"

    async def test_it_says_when_the_credential_is_rotated_again(self, two: Stage) -> None:
        async with rotated(two) as session:
            two.service().rotate(two.id_of("Payout gateway"))
            await session.see("This credential was rotated again: the secret no longer works.")
            await session.press("escape", "y")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert not confirmed(two), "the dialog of the other session is still open"

    async def test_it_says_when_the_credential_is_deleted(self, two: Stage) -> None:
        two.service().make_primary(two.id_of("Reporting batch"))
        async with rotated(two) as session:
            two.service().delete(two.id_of("Payout gateway"))
            await session.see("This credential was deleted meanwhile: the secret no longer works.")
            await session.press("escape", "y")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert two.names == ["Reporting batch"]

    async def test_whoever_may_still_look_is_told(self, two: Stage) -> None:
        async with rotated(two) as session:
            two.set_operators(
                Operator(name="carol", representative=True),
                Operator(name="alice", permissions={"acme": Permission.CAN_VIEW}),
            )
            two.service(Actor(operator="carol")).rotate(two.id_of("Payout gateway"))
            await session.see("This credential was rotated again: the secret no longer works.")

    async def test_without_access_it_doesnt_say_what_became_of_the_credential(
        self, two: Stage
    ) -> None:
        async with rotated(two) as session:
            two.set_operators(Operator(name="carol", representative=True))
            await session.see("You have no access any more")
            assert "deleted" not in session.text
            await session.press("escape", "y")
            await session.until(lambda: len(session.app.screen_stack) == 1)


class TestCopy:
    @pytest.mark.parametrize("way", ["s", "enter", "click"])
    async def test_the_secret_is_sent_and_the_route_named(self, two: Stage, way: str) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            if way == "click":
                await session.click_on("Copy Secret")
            else:
                await session.press(way)
            await session.see(
                "Secret sent to your terminal (OSC 52). "
                "Paste it anywhere here to prove that it arrived."
            )
            assert "copied" not in session.text.lower()
            payload = base64.b64encode(secret.encode()).decode()
            assert session.app.written == [f"\x1b]52;c;{payload}\a"]

    @pytest.mark.parametrize("way", ["i", "click"])
    async def test_the_client_id_is_sent(self, two: Stage, way: str) -> None:
        async with rotated(two) as session:
            if way == "click":
                await session.click_on("Copy Client ID")
            else:
                await session.press(way)
            await session.see("Client ID sent to your terminal (OSC 52), not confirmed.")
            payload = base64.b64encode(two.id_of("Payout gateway").encode()).decode()
            assert session.app.written == [f"\x1b]52;c;{payload}\a"]
            await session.press("escape")
            await session.see(GATE)

    async def test_without_a_clipboard_the_other_ways_are_named(self, store_folder: Path) -> None:
        stage = Stage(store_folder, clipboard="none")
        stage.add("Payout gateway")
        async with rotated(stage) as session:
            await session.press("s")
            await session.see("The clipboard is switched off in the settings.")
            await session.see("Use Plain View or Save to File.")
            await session.press("escape")
            await session.see(GATE)

    @pytest.mark.parametrize("checked", [False, True])
    async def test_after_closing_the_clipboard_is_overwritten(
        self, store_folder: Path, checked: bool
    ) -> None:
        stage = Stage(store_folder, clear_clipboard_after=1)
        stage.add("Payout gateway")
        async with rotated(stage) as session:
            await session.press("s")
            await session.see("Secret sent to your terminal")
            if checked:
                await session.paste(shown_secret(session))
                await session.see("matches")
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            await session.until(lambda: len(session.app.written) == 2, "clipboard written again")
            assert session.app.written[1] == BLANK

    async def test_unless_asked_the_clipboard_is_left_alone(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.press("s")
            await session.see("Secret sent to your terminal")
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            await session.press("e")
            await session.see("Credential name")
            assert len(session.app.written) == 1

    async def test_plain_view_says_where_there_is_none(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.press("v")
            await session.see("Plain View needs a terminal of its own")

    async def test_what_was_typed_before_plain_view_is_dropped(self, two: Stage) -> None:
        """The keys were meant for the view, or were a mistake."""
        async with rotated(two) as session:
            await session.burst("v", "s", "enter", "escape")
            await session.settle()
            await session.see("Plain View needs a terminal of its own")
            assert session.app.written == []
            assert GATE not in session.text


class TestSave:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A home and a working folder of the test's own."""
        home = tmp_path / "home"
        home.mkdir()
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.chdir(home)
        return home

    async def save(self, session: Session, path: str | None = None) -> None:
        await session.press("f")
        dialog = await session.at(SaveDialog)
        if path is not None:
            dialog.query_one("#path", Input).value = path
        await session.press("enter")

    async def test_env_by_default_at_a_proposed_name(self, two: Stage, home: Path) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            await self.save(session)
            file = home / "acme-uat-payout-gateway.env"
            await session.see("readable by you alone.")
            assert file.read_text() == (
                "AUDIENCE=urn:ripplexcurrent-uat:acme\n"
                f"CLIENT_ID={two.id_of('Payout gateway')}\n"
                f"CLIENT_SECRET={secret}\n"
            )
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert confirmed(two)
        assert how_confirmed(two) == "saved"

    async def test_json(self, two: Stage, home: Path) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            await session.press("f")
            dialog = await session.at(SaveDialog)
            await session.click_on("JSON")
            await session.until(
                lambda: dialog.query_one("#path", Input).value.endswith("payout-gateway.json")
            )
            await session.pilot.click("#confirm")
            await session.see("readable by you alone.")
            file = home / "acme-uat-payout-gateway.json"
            assert json.loads(file.read_text()) == {
                "audience": "urn:ripplexcurrent-uat:acme",
                "client_id": two.id_of("Payout gateway"),
                "client_secret": secret,
            }
            assert stat.S_IMODE(file.stat().st_mode) == 0o600

    async def test_json_by_keyboard(self, two: Stage, home: Path) -> None:
        async with rotated(two) as session:
            await session.press("f")
            dialog = await session.at(SaveDialog)
            await session.press("tab", "right", "space")
            await session.until(lambda: dialog.query_one(RadioSet).pressed_index == 1)
            await session.press("shift+tab", "enter")
            await session.see("readable by you alone.")
            assert json.loads((home / "acme-uat-payout-gateway.json").read_text())

    @pytest.mark.parametrize("path", ["relative.env", "~/relative.env", "  relative.env  "])
    async def test_relative_and_home_paths(self, two: Stage, home: Path, path: str) -> None:
        async with rotated(two) as session:
            await self.save(session, path)
            await session.see("readable by you alone.")
            assert (home / "relative.env").exists()
            # The message names the whole path: on screen it may be broken anywhere.
            assert str(home / "relative.env") in session.everything()

    async def test_what_exists_is_never_overwritten(self, two: Stage, home: Path) -> None:
        (home / "there.env").write_text("mine")
        async with rotated(two) as session:
            await self.save(session, "there.env")
            await session.see("exists already; choose another name.")
            assert isinstance(session.app.screen, SaveDialog)
            assert (home / "there.env").read_text() == "mine"
            session.one("#path", Input).value = "other.env"
            await session.press("enter")
            await session.see("readable by you alone.")

    async def test_a_link_is_not_followed(self, two: Stage, home: Path) -> None:
        (home / "link.env").symlink_to(home / "elsewhere.env")
        async with rotated(two) as session:
            await self.save(session, "link.env")
            await session.see("exists already")
            assert not (home / "elsewhere.env").exists()

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("no/such/folder.env", "no such file or directory"),
            ("/proc/credtui.env", "Can't write /proc/credtui.env"),
            ("~nobody-of-this-name/x.env", "x.env"),
            ("a\0b.env", "b.env"),
            ("", "Enter a file's name."),
            ("a" * 300, "file name too long"),
            (f"x.env{FAKE_SECRET}", "can't have a secret in it"),
        ],
    )
    async def test_where_it_cant_be_written_the_reason_is_said(
        self, two: Stage, path: str, reason: str
    ) -> None:
        async with rotated(two) as session:
            await self.save(session, path)
            await session.until(lambda: reason in str(session.one("#problem", Static).render()))
            assert isinstance(session.app.screen, SaveDialog)
            await session.press("escape")
            await session.at(SecretDialog)
            await session.press("escape")
            await session.see(GATE)

    async def test_enter_twice_saves_once(self, two: Stage, home: Path) -> None:
        async with rotated(two) as session:
            await session.press("f")
            await session.at(SaveDialog)
            await session.press("enter", "enter")
            await session.at(SecretDialog)
            assert len(os.listdir(home)) == 1  # noqa: PTH208

    async def test_it_cant_be_left_while_the_file_is_written(self, two: Stage, home: Path) -> None:
        """The disk may be slow: the person must learn that the file exists."""
        go_on = threading.Event()

        def save_slowly(path: Path, form: Format) -> None:
            go_on.wait(10)
            save(issued, path, form)

        async with portal(two) as session:
            issued = two.service().rotate(two.id_of("Payout gateway"))
            saved: list[Path | None] = []
            dialog = SaveDialog(save_slowly, two.service(), issued.credential)
            session.app.push_screen(dialog, saved.append)
            await session.at(SaveDialog)
            await session.press("enter", "escape")
            assert session.app.screen is dialog
            go_on.set()
            await session.until(lambda: bool(saved), "file")
        assert saved == [home / name for name in os.listdir(home)]  # noqa: PTH208

    async def test_without_a_shell_it_is_offered_nowhere(self, store_folder: Path) -> None:
        stage = Stage(store_folder, clipboard="none")
        stage.add("Payout gateway")
        async with rotated(stage, forced=True) as session:
            for label in ("Copy Client ID", "Copy Secret", "Plain View", "Try it", "Close"):
                assert label in session.text
            assert not re.search(r"Save to|\bSave$|f Save", session.text, re.MULTILINE)
            dialog = session.app.screen
            await session.press("f")
            assert session.app.screen is dialog
            await session.press("s")
            await session.see("Use Plain View.")
            await session.press("question_mark")
            await session.at(HelpDialog)
            await session.see("Plain View")
            assert "Save to a file" not in session.text

    async def test_with_a_shell_it_is_a_key_too(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.see("f Save to File")
            await session.press("question_mark")
            await session.see("f    Save to File")


class TestCheckYourCopy:
    async def test_a_match(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.click_on("paste the secret here")
            await session.paste(shown_secret(session))
            await session.see("Your copy matches the secret.")
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert how_confirmed(two) == "checked"

    async def test_what_is_pasted_anywhere_is_checked(self, two: Stage) -> None:
        async with rotated(two) as session:
            assert session.focused == "Copy Secret"
            await session.paste(shown_secret(session))
            await session.see("Your copy matches the secret.")

    @pytest.mark.parametrize(("before", "after"), [("  ", ""), ("", "\n"), ("\t", " \r\n")])
    async def test_white_space_around_it_doesnt_count(
        self, two: Stage, before: str, after: str
    ) -> None:
        async with rotated(two) as session:
            await session.paste(f"{before}{shown_secret(session)}{after}")
            await session.see("Your copy matches the secret.")

    @pytest.mark.parametrize("before", ["\n", "\r\n\r\n"])
    async def test_nor_do_empty_lines_before_it_in_the_field(self, two: Stage, before: str) -> None:
        async with rotated(two) as session:
            await session.click_on("paste the secret here")
            await session.paste(f"{before}{shown_secret(session)}\n")
            await session.see("Your copy matches the secret.")

    async def test_another_length_is_told(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.paste(shown_secret(session)[:-3])
            await session.see("Your copy does not match: it has 54 characters, the secret has 57.")
            await session.press("escape")
            await session.see(GATE)

    async def test_where_it_differs_is_not_told(self, two: Stage) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            await session.paste(secret[:-1] + ("x" if secret[-1] != "x" else "y"))
            await session.see("Your copy does not match, though its length is right.")

    async def test_a_second_try_counts(self, two: Stage) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            await session.paste("wrong")
            await session.see("does not match")
            await session.paste(secret)
            await session.see("Your copy matches the secret.")

    async def test_what_is_typed_is_not_shown(self, two: Stage) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            await session.paste(secret)
            await session.see("matches")
            assert session.text.count(secret) == 1


class TestCloseGate:
    """Every way to leave the dialog asks first, unless the secret was kept for certain."""

    LEAVING = ("escape", "q", "ctrl+q", "ctrl+c")

    async def leave(self, session: Session, way: str) -> None:
        if way == "Close":
            await session.click_on("Close  ")
        elif way == "palette":
            await session.press("ctrl+p")
            await session.see("Search for commands")
            await session.write("quit")
            await session.see("^q  Quit")
            await session.press("enter")
        else:
            await session.press(way)

    @pytest.mark.parametrize("way", ["Close", *LEAVING, "palette"])
    async def test_every_way_asks_and_back_keeps_the_secret(self, two: Stage, way: str) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            await self.leave(session, way)
            await session.see(GATE)
            assert session.focused == "Back"
            await session.press("enter")
            await session.see_no(GATE)
            assert shown_secret(session) == secret
            assert secret in session.text
            assert not session.ended
            # A Close after that doesn't quit.
            await session.press("escape")
            await session.see(GATE)
            await session.press("y")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            assert not session.ended
        assert confirmed(two)

    @pytest.mark.parametrize("way", ["Close", "escape", "q"])
    async def test_closing_returns_to_the_page(self, two: Stage, way: str) -> None:
        async with rotated(two) as session:
            await self.leave(session, way)
            await session.see(GATE)
            await session.press("y")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            assert not session.ended
            assert session.focused == "Payout gateway"
            await session.see("Secret closed unsaved")
            await session.see("Perhaps nobody has its secret: rotate it (r)")
        assert how_confirmed(two) == "closed unsaved"

    @pytest.mark.parametrize("way", ["ctrl+q", "ctrl+c", "palette"])
    async def test_quitting_goes_on_after_close(self, two: Stage, way: str) -> None:
        async with rotated(two) as session:
            await self.leave(session, way)
            await session.see(GATE)
            await session.press("y")
            await session.until(lambda: session.ended, "end")
        assert confirmed(two), "it ended before the dialog's end was noted"

    @pytest.mark.parametrize("way", ["ctrl+q", "ctrl+c"])
    async def test_quitting_after_a_check_asks_nothing(self, two: Stage, way: str) -> None:
        async with rotated(two) as session:
            await session.paste(shown_secret(session))
            await session.see("matches")
            await session.press(way)
            await session.until(lambda: session.ended, "end")
        assert confirmed(two)

    @pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c", "escape"])
    async def test_impatience_at_the_question_doesnt_pass_it(self, two: Stage, key: str) -> None:
        async with rotated(two) as session:
            await session.press("ctrl+q")
            await session.see(GATE)
            await session.press(key)
            await session.pilot.pause()
            assert not session.ended
            assert not confirmed(two)

    async def test_a_copy_is_enough(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.press("s")
            await session.see("Secret sent to your terminal")
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert how_confirmed(two) == "sent"

    async def test_the_best_proof_counts(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.paste(shown_secret(session))
            await session.see("matches")
            await session.press("s")
            await session.see("Secret sent to your terminal")
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert how_confirmed(two) == "checked"

    async def test_quitting_while_the_save_dialog_is_open(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.press("f")
            await session.at(SaveDialog)
            await session.press("ctrl+q")
            await session.until(
                lambda: GATE in session.text or isinstance(session.app.screen, SecretDialog)
            )
            assert not session.ended
        assert not confirmed(two)

    async def test_quitting_while_the_secret_is_on_its_way(self, two: Stage) -> None:
        """The change is made in any case, so its secret must be shown."""
        async with portal(two) as session:
            await session.press("r")
            await session.see("immediately invalidated")
            with two.installation.store.transaction(Place("uat", "acme")):
                await session.burst("y")
                await session.until(lambda: bool(session.app.portal.changing), "a change under way")
                await session.burst("ctrl+q")
            await session.see("Secret for Payout gateway")
            assert not session.ended

    async def test_only_close_confirms(self, two: Stage) -> None:
        async with rotated(two):
            pass  # The app ends while the dialog is open.
        assert not confirmed(two)
        async with portal(two) as session:
            await session.see("Secret never seen")


class TestConceal:
    async def test_idle_time_hides_it_without_losing_it(self, store_folder: Path) -> None:
        stage = Stage(store_folder, conceal_secret_after=1)
        stage.add("Payout gateway")
        async with rotated(stage) as session:
            secret = shown_secret(session)
            await session.see(CONCEALED)
            assert secret not in session.text
            assert "urn:" not in session.text
            session.app.screen._conceal_after = 3600  # type: ignore[attr-defined]
            await session.press("s")
            await session.see_no(CONCEALED)
            assert secret in session.text
            assert session.focused == "Copy Secret"
            assert session.app.written == [], "the key that shows it does nothing else"

    async def test_a_timer_that_wakes_too_early_is_set_again(
        self, two: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with rotated(two) as session:
            dialog = session.app.screen
            dialog._last_input, dialog._conceal_after = 0.0, 1e-9  # type: ignore[attr-defined]
            with monkeypatch.context() as patch:
                patch.setattr(concealing, "monotonic", lambda: 0.0)
                dialog._conceal_when_idle()  # type: ignore[attr-defined]
            await session.see(CONCEALED)

    @pytest.mark.parametrize("key", ["escape", "q", "x", "enter", "tab"])
    async def test_any_key_shows_it(self, two: Stage, key: str) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            session.conceal()
            await session.see(CONCEALED)
            assert secret not in session.text
            await session.press(key)
            await session.until(lambda: secret in session.text)
            assert GATE not in session.text

    async def test_while_hidden_nothing_can_be_clicked_or_pasted(self, two: Stage) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            session.conceal()
            await session.see(CONCEALED)
            await session.click_on("Copy Secret")
            await session.paste(secret)
            await session.see(CONCEALED)
            assert session.app.written == []
            assert "matches" not in session.text

    async def test_it_promises_no_key_that_goes_elsewhere(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.press("escape")
            await session.see(GATE)
            session.conceal()
            await session.see(CONCEALED_BELOW)
            assert CONCEALED not in session.text
            await session.press("escape")
            await session.see(CONCEALED)
            await session.press("ctrl+q")
            await session.see(GATE)
            await session.see(CONCEALED_BELOW)

    async def test_quitting_while_hidden_asks(self, two: Stage) -> None:
        async with rotated(two) as session:
            session.conceal()
            await session.see(CONCEALED)
            await session.press("ctrl+q")
            await session.pilot.pause()
            assert not session.ended


class TestNothingIsLeft:
    """After Close the secret is nowhere in the program."""

    async def test_in_no_widget_field_message_or_clipboard(
        self, two: Stage, tmp_path: Path
    ) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
            assert secret in session.everything()
            await session.press("s", "i")
            await session.see("sent to your terminal")
            await session.click_on("paste the secret here")
            await session.paste(secret)
            await session.see("matches")
            await session.press("end", "shift+home", "ctrl+x")
            await session.paste(secret)
            await session.see("matches")
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            assert secret not in session.everything()
            assert session.app.clipboard == ""
            await session.press("n")
            await session.press("ctrl+v")
            assert secret not in session.everything()
            assert_no_secret(secret, tmp_path)

    async def test_in_no_object_of_the_program(self, store_folder: Path) -> None:
        # A secret of this test's own: pytest keeps values of other tests that failed.
        two = Stage(store_folder, random_bytes=seeded_bytes(99))
        two.add("Payout gateway")
        async with rotated(two) as session:
            backwards = shown_secret(session)[::-1]
            assert _holders(backwards), "the search finds what there is"
            await session.paste(backwards[::-1])
            await session.see("matches")
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            await session.until(lambda: confirmed(two))
            for _ in range(3):
                await asyncio.sleep(0)
                await session.pilot.pause()
            # Other tests' fixtures may hold secrets of their own.
            issued = [o for o in gc.get_objects() if isinstance(o, IssuedSecret)]
            assert backwards not in [o.secret.get_secret_value()[::-1] for o in issued]
            assert _holders(backwards) == []

    async def test_a_dropped_session_leaves_nothing_in_files(
        self, two: Stage, tmp_path: Path
    ) -> None:
        async with rotated(two) as session:
            secret = shown_secret(session)
        assert_no_secret(secret, tmp_path)


def _holders(backwards: str) -> list[str]:
    """Descriptions of the objects that hold a text with the secret in it."""
    gc.collect()
    secret = backwards[::-1]
    found = []
    for holder in gc.get_objects():  # A comprehension would itself hold the secret.
        for held in gc.get_referents(holder):
            if type(held) is str and secret in held:
                found.append(f"{type(holder).__qualname__}: {holder!r:.300}")  # noqa: PERF401
    return found
