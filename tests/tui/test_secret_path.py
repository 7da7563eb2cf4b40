"""The path through the secret dialog: copy, paste as proof, Close."""

import pytest
from textual.events import Key, Paste
from textual.widgets import Button, Input

from credtui.tui.dialogs.secret import SecretDialog
from tests.tui.apps import Session, Stage, portal
from tests.tui.test_secret_dialog import rotated, shown_secret

SIZES = [(80, 24), (120, 40), (60, 20)]


def step(session: Session, number: int) -> str:
    """The row of a step: its number, what to do, and what came of it."""
    what = {1: "Copy Secret", 2: "Check your copy", 3: "Close"}[number]
    return next(row for row in session.lines if f"{number}  " in row and what in row)


class TestSteps:
    @pytest.mark.parametrize("size", SIZES)
    async def test_the_first_step_comes_first(self, two: Stage, size: tuple[int, int]) -> None:
        async with rotated(two, size=size) as session:
            assert session.focused == "Copy Secret"
            assert "▸ 1" in step(session, 1)
            assert "▸" not in step(session, 2) + step(session, 3)
            assert "✓" not in session.text

    @pytest.mark.parametrize("size", SIZES)
    async def test_each_step_is_marked_when_it_is_done(
        self, two: Stage, size: tuple[int, int]
    ) -> None:
        async with rotated(two, size=size) as session:
            secret = shown_secret(session)
            await session.press("enter")
            await session.see("Secret sent")
            assert "✓ Sent" in step(session, 1)
            assert "▸ 2" in step(session, 2)
            await session.paste(secret)
            await session.see("matches")
            assert "✓ Copied" in step(session, 1), "the paste proves it"
            assert "✓ Matches" in step(session, 2)
            assert "▸ 3" in step(session, 3)
            await session.press("enter")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert two.service().events()[0].detail == "checked"

    async def test_a_mark_goes_with_the_copy_that_matched(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.paste(shown_secret(session))
            await session.see("✓ Matches")
            await session.paste("wrong")
            await session.see("does not match")
            assert "✓" not in step(session, 2)
            assert "▸ 2" in step(session, 2)

    async def test_a_saved_file_is_a_first_step_too(
        self, two: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(two.folder.parent))
        async with rotated(two) as session:
            await session.press("f")
            await session.see("readable by you alone")
            await session.press("enter")
            await session.at(SecretDialog)
            assert "✓ Saved" in step(session, 1)

    async def test_without_a_clipboard_nothing_is_done(self, two: Stage) -> None:
        two.installation.settings = two.installation.settings.model_copy(
            update={"clipboard": "none"}
        )
        async with rotated(two) as session:
            await session.press("s")
            await session.see("The clipboard is switched off")
            assert "✓" not in session.text

    async def test_in_ascii(self, two: Stage) -> None:
        async with portal(two, ascii_only=True) as session:
            await session.press("r")
            await session.see("immediately invalidated")
            await session.press("y")
            await session.at(SecretDialog)
            assert "> 1" in step(session, 1)
            await session.press("s")
            await session.see("* Sent")


class TestTheSecretStandsOut:
    @pytest.mark.parametrize("size", SIZES)
    async def test_it_is_framed_and_in_one_piece(self, two: Stage, size: tuple[int, int]) -> None:
        async with rotated(two, size=size) as session:
            secret = shown_secret(session)
            row = next(n for n, line in enumerate(session.lines) if secret in line)
            line = session.lines[row]
            at = line.index(secret)
            # A double click takes what stands between spaces.
            assert at == 0 or line[at - 1] == " "
            assert line[at + len(secret) : at + len(secret) + 1] in {" ", ""}
            above = row - 2 if size[0] < 80 else row - 1
            assert "━━━" in session.lines[above]
            assert "━━━" in session.lines[row + 1]

    @pytest.mark.parametrize("size", SIZES)
    async def test_the_longest_secret_too(self, two: Stage, size: tuple[int, int]) -> None:
        production = two.installation.settings.environments["production"]
        two.installation.settings = two.installation.settings.model_copy(
            update={
                "environments": {"uat": production.model_copy(update={"tag": "stage1"})},
                "organization": "an-organization-with-the-longest-name-40",
            }
        )
        two.add("Payout gateway")
        async with rotated(two, size=size) as session:
            secret = shown_secret(session)
            assert len(secret) == 60
            assert any(secret in line for line in session.lines)
            audience = "urn:ripplexcurrent-prod:an-organization-with-the-longest-name-40"
            rows = "".join(line.strip(" │") for line in session.lines)
            assert audience in rows, "whole, on however many rows"
            await session.press("s")
            await session.see("to prove that it arrived.")
            assert any(secret in line for line in session.lines)


class TestPaste:
    @pytest.mark.parametrize("focus", ["#copy-secret", "#check", "#close", "#plain-view", ""])
    async def test_it_arrives_wherever_the_focus_is(self, two: Stage, focus: str) -> None:
        async with rotated(two) as session:
            screen = session.app.screen
            screen.set_focus(screen.query_one(focus) if focus else None)
            await session.paste(f" {shown_secret(session)}\n")
            await session.see("Your copy matches the secret.")
            assert session.focused == "Close"

    async def test_a_second_paste_takes_the_place_of_the_first(self, two: Stage) -> None:
        async with rotated(two) as session:
            session.app.screen.set_focus(session.one("#check", Input))
            await session.paste("wrong")
            await session.see("does not match")
            await session.paste(shown_secret(session))
            await session.see("Your copy matches the secret.")

    async def test_a_terminal_that_pastes_as_keys(self, two: Stage) -> None:
        async with rotated(two) as session:
            session.app.screen.set_focus(session.one("#check", Input))
            await session.burst(*shown_secret(session), "enter")
            await session.see("Your copy matches the secret.")
            assert session.focused == "Close"
            assert isinstance(session.app.screen, SecretDialog), "Enter belonged to the paste"

    @pytest.mark.parametrize("focus", ["#copy-secret", "#close", "#plain-view", ""])
    async def test_such_a_terminal_pastes_anywhere(self, two: Stage, focus: str) -> None:
        async with rotated(two) as session:
            screen = session.app.screen
            screen.set_focus(screen.query_one(focus) if focus else None)
            await session.burst(*shown_secret(session), "enter")
            await session.see("Your copy matches the secret.")
            assert session.focused == "Close"
            assert isinstance(session.app.screen, SecretDialog)
            assert session.app.written == [], "no letter of the secret is a key"

    async def test_the_same_text_is_checked_again(self, two: Stage) -> None:
        async with rotated(two) as session:
            for text, answer in (("wrong", "does not match"), (shown_secret(session), "matches")):
                for _ in range(2):
                    await session.press("i")
                    await session.see("Client ID sent")
                    await session.paste(text)
                    await session.see(answer)


class TestTypedAhead:
    async def test_no_key_behind_the_one_that_shows_a_hidden_secret(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.press("s")
            await session.see("Secret sent")
            session.conceal()
            await session.see("Press any key")
            await session.burst("x", "q", "enter")
            assert isinstance(session.app.screen, SecretDialog)
            assert shown_secret(session)

    @pytest.mark.parametrize("keys", [["enter"], ["q"], ["escape"], ["enter", "enter"]])
    async def test_no_key_behind_a_paste_closes_the_dialog(
        self, two: Stage, keys: list[str]
    ) -> None:
        async with rotated(two) as session:
            app = session.app
            app.post_message(Paste(shown_secret(session)))
            for key in keys:
                app.post_message(Key(key, None))
            await session.see("Your copy matches the secret.")
            await session.settle()
            assert isinstance(app.screen, SecretDialog)
            await session.press("enter")
            await session.until(lambda: len(app.screen_stack) == 1)

    async def test_a_mismatch_moves_no_focus(self, two: Stage) -> None:
        async with rotated(two) as session:
            await session.paste("wrong")
            await session.see("does not match")
            assert session.focused == "Copy Secret"


@pytest.mark.parametrize("forced", [False, True])
async def test_footer_and_buttons_use_the_same_words(two: Stage, forced: bool) -> None:
    async with rotated(two, size=(120, 40), forced=forced) as session:
        buttons = {str(button.label) for button in session.app.screen.query(Button)}
        footer = session.lines[-1]
        for label in buttons:
            assert label in footer
    async with rotated(two, forced=forced) as session:
        await session.press("escape")
        await session.see("Close without saving?")
        assert "esc Back" in session.lines[-1]
        assert "y Close" in session.lines[-1]
