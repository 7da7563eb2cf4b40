"""The credentials page: what it shows, to whom, and how one moves about on it."""

import re
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from credtui.domain.permissions import Operator, Permission
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.widgets.card import Card
from tests.support import ALICE
from tests.tui.apps import NOW, Session, Stage, portal

CAROL = Operator(name="carol", representative=True)
VIEWER = Operator(name="alice", permissions={"acme": Permission.CAN_VIEW})
EDITOR = Operator(name="alice", permissions={"acme": Permission.CAN_EDIT})
OUTSIDER = Operator(name="alice", permissions={"other": Permission.CAN_EDIT})

NEEDS_EDIT = "View only. Ask carol for Can Edit."


def card(session: Session, name: str) -> list[str]:
    """The lines of the card of this name, between its borders."""
    found = next(
        card
        for card in session.app.screen.query(Card)
        if card.credential and card.credential.name == name
    )
    region = found.region
    return [line[region.x : region.right] for line in session.lines[region.y : region.bottom]]


class TestWhatItShows:
    async def test_an_empty_organization_is_told_how_to_begin(self, empty: Stage) -> None:
        async with portal(empty) as session:
            await session.see("There are no API credentials yet.")
            await session.see("Press n, or choose New Credential, to generate the first one.")
            assert "0 of 3" in session.text
            assert session.focused == "New Credential"

    async def test_the_header_says_where_and_who_one_is(self, demo: Stage) -> None:
        async with portal(demo) as session:
            assert "acme · uat" in session.lines[0]
            assert session.lines[0].rstrip().endswith("alice · Can Edit")

    async def test_a_card_has_name_badge_client_id_age_and_use(self, demo: Stage) -> None:
        demo.use("Payout gateway", timedelta(hours=3), tokens=412)
        async with portal(demo) as session:
            gateway = card(session, "Payout gateway")
            assert "Payout gateway" in gateway[0]
            assert "Primary" in gateway[0]
            assert demo.id_of("Payout gateway") in gateway[1]
            assert "Age     ▓▓▓▓▓▓▓░░░░░░░░░░░░░  34 of 90 days · due 19 Jan" in gateway[2]
            assert f"Tokens  {'▁' * 20}█▁▁▁  412 · last 3 hours ago" in gateway[3]

    async def test_focus_changes_no_word(self, demo: Stage) -> None:
        demo.use("Payout gateway", timedelta(hours=3), tokens=412)
        async with portal(demo) as session:
            names = demo.names
            before = [card(session, name)[1:-1] for name in names]
            await session.press("j")
            after = [card(session, name)[1:-1] for name in names]
            assert [[row[1:-1] for row in rows] for rows in before] == [
                [row[1:-1] for row in rows] for rows in after
            ]

    async def test_in_ascii_the_charts_are_drawn_with_signs_of_their_own(self, demo: Stage) -> None:
        demo.use("Payout gateway", timedelta(hours=3), tokens=412)
        demo.use("Payout gateway", timedelta(hours=1))
        async with portal(demo, ascii_only=True) as session:
            gateway = card(session, "Payout gateway")
            assert "Age     #######.............  34 of 90 days - due 19 Jan" in gateway[2]
            assert f"Tokens  {'_' * 20}#_._  413 - last an hour ago" in gateway[3]
            assert session.text.isascii()

    async def test_age_and_use_follow_the_clock(self, demo: Stage) -> None:
        demo.use("Payout gateway")
        async with portal(demo) as session:
            await session.see("▁█  1 · last just now")
            demo.clock.now = NOW + timedelta(days=2, hours=1)
            session.app.portal.current.time_passed()
            await session.see("▁▁  0 · last 2 days ago")
            await session.see("36 of 90 days")

    async def test_what_is_due_or_soon_due_says_so(self, demo: Stage) -> None:
        async with portal(demo) as session:
            assert "Rotation due ─╮" in card(session, "Reporting batch")[0]
            assert "▓▓  206 of 90 days · overdue" in card(session, "Reporting batch")[2]
            assert "Rotation due in 8 days ─╮" in card(session, "Treasury sync")[0]
            assert "Rotation due" not in card(session, "Payout gateway")[0]

    async def test_the_rotation_period_is_the_configured_one(self, two: Stage) -> None:
        two.clock.now = NOW + timedelta(days=31)
        two.installation.settings = two.installation.settings.model_copy(
            update={"rotation_days": 30}
        )
        async with portal(two) as session:
            assert "Rotation due" in card(session, "Payout gateway")[0]

    async def test_a_secret_never_confirmed_says_so_until_it_is_rotated(self, empty: Stage) -> None:
        [issued] = empty.add("Payout gateway", confirmed=False)
        async with portal(empty) as session:
            assert "Secret never seen" in card(session, "Payout gateway")[0]
            rotated = empty.service().rotate(issued.credential.client_id)
            empty.service().confirm(rotated.credential.client_id, seen=2, how="checked")
            await session.see_no("Secret never seen")

    async def test_all_badges_fit_at_80_columns(self, empty: Stage) -> None:
        empty.add("Payout gateway", confirmed=False)
        empty.clock.now = NOW + timedelta(days=100)
        async with portal(empty) as session:
            lines = card(session, "Payout gateway")
            assert "Payout gateway" in lines[0]
            assert "Secret never seen · Rotation due" in lines[0]
            assert "Primary" in lines[-1]

    @pytest.mark.parametrize("alerts", [False, True])
    async def test_three_cards_are_visible_at_80x24(self, demo: Stage, *, alerts: bool) -> None:
        if alerts:
            for name in demo.names:
                demo.service(ALICE).rotate(demo.id_of(name)).lease.close()
        async with portal(demo) as session:
            for name in demo.names:
                rows = card(session, name)
                assert len(rows) == 5 + alerts, name
                assert rows[-1].strip("╰╯┗┛─━") == "", name

    @pytest.mark.parametrize("size", [(60, 20), (79, 20), (80, 20), (80, 24), (60, 24)])
    async def test_every_alert_is_visible_in_a_small_terminal(
        self, demo: Stage, size: tuple[int, int]
    ) -> None:
        service = demo.service(ALICE)
        for name in ("Payout gateway", "Reporting batch"):
            service.rotate(demo.id_of(name)).lease.close()
            demo.use(name, timedelta(minutes=5), tokens=0, refused=3)
        async with portal(demo) as session, AsyncExitStack() as others:
            on_screen = service.rotate(demo.id_of("Treasury sync")).lease
            others.callback(on_screen.close)
            await session.see("Secret on screen")
            await session.resize(*size)
            await session.until(lambda: session.text.count("nobody has its secret") == 2)
            assert len(re.findall(r"still use.*: 3 refused", session.text)) == 2
            assert "On screen" in session.text
            assert session.text.count("Client ID  cid_") == 3
            await session.resize(80, 27)
            await session.until(lambda: session.text.count("Tokens  ▁") == 3)

    async def test_at_the_cap_the_button_stays_visible_disabled_and_explained(
        self, demo: Stage
    ) -> None:
        async with portal(demo) as session:
            assert "3 of 3" in session.text
            await session.see("Delete a credential before creating a new one.")
            await session.click_on("New Credential")
            assert "Credential name" not in session.text
            await session.press("n")
            await session.until(
                lambda: session.messages == ["Delete a credential before creating a new one."]
            )

    async def test_the_footer_offers_only_what_applies(self, demo: Stage) -> None:
        async with portal(demo) as session:
            footer = session.lines[-1]
            assert "Rotate" in footer
            assert "Delete" not in footer, "the primary one can't be deleted"
            await session.press("j")
            await session.until(lambda: "Delete" in session.lines[-1])
            assert "New" not in session.lines[-1]


class TestNamesAreText:
    """Any text in a name is shown, and never acts as markup or as a command."""

    async def test_on_cards_menus_dialogs_and_messages(self, empty: Stage) -> None:
        name = "[red]x[/] [b"
        empty.add("First", name)
        async with portal(empty) as session:
            assert name in card(session, name)[0]
            await session.press("j", ".")
            await session.see(f"─ {name} ─")
            await session.press("escape", "r")
            await session.see(f"Credential {name}")
            await session.press("escape")
            await session.press("p")
            await session.see(f"{name} is now the primary credential.")
            await session.press("r", "y")
            await session.see(f"Secret for {name}")

    async def test_a_click_in_a_name_does_nothing(self, empty: Stage) -> None:
        empty.add("[@click=app.quit]quit[/]")
        async with portal(empty) as session:
            await session.click_on("@click=app.quit]quit")
            await session.press("j")
            assert not session.ended

    @pytest.mark.parametrize("name", ["[red]x[/]", "x[/b", "a\\[b]"])
    async def test_in_the_palette(self, empty: Stage, name: str) -> None:
        empty.add(name)
        async with portal(empty) as session:
            await session.press("ctrl+p")
            await session.see(f"Rotate Credential: {name}")
            await session.write("edit")
            await session.see_no("Rotate Credential")
            await session.see(f"Edit: {name}")

    async def test_in_the_refusal_of_a_taken_name(self, empty: Stage) -> None:
        empty.add("[red]x[/]")
        async with portal(empty) as session:
            await session.press("n")
            await session.write("[red]X[/]")
            await session.see("There is already a credential named [red]x[/].")

    async def test_a_long_name_is_cut_with_a_sign_and_leaves_the_badges(self, empty: Stage) -> None:
        empty.add("A" * 60)
        async with portal(empty) as session:
            top = card(session, "A" * 60)[0]
            assert "…" in top
            assert "Primary" in top

    @pytest.mark.parametrize("name", ["日本語の支払い窓口", "Bank 🏦 pay", "e\u0301te\u0301"])
    async def test_wide_characters_keep_the_frame(self, empty: Stage, name: str) -> None:
        empty.add(name)
        async with portal(empty) as session:
            from rich.cells import cell_len

            top = next(line for line in session.lines if "Primary" in line)
            below = session.lines[session.lines.index(top) + 1]
            assert cell_len(top.rstrip()) == cell_len(below.rstrip())


@pytest.mark.each_store
class TestViewOnly:
    @pytest.fixture
    def viewed(self, demo: Stage) -> Stage:
        demo.set_operators(CAROL, VIEWER)
        return demo

    async def test_the_page_shows_everything_and_says_what_is_missing(self, viewed: Stage) -> None:
        async with portal(viewed) as session:
            assert "alice · Can View" in session.lines[0]
            await session.see(NEEDS_EDIT)
            for name in viewed.names:
                assert card(session, name)

    @pytest.mark.parametrize("key", ["n", "r", "e", "p", "d"])
    async def test_each_verb_is_explained_when_tried(self, viewed: Stage, key: str) -> None:
        async with portal(viewed) as session:
            await session.press("j", key)
            await session.until(lambda: session.messages == [NEEDS_EDIT])
            assert len(session.app.screen_stack) == 1

    async def test_the_menu_shows_each_verb_with_the_reason(self, viewed: Stage) -> None:
        async with portal(viewed, size=(80, 30)) as session:
            await session.press("j", ".")
            for label in ("Rotate Credential", "Edit", "Make Primary", "Delete"):
                await session.see(label)
            assert session.words.count(NEEDS_EDIT) == 2  # on the page, and in the menu
            await session.press("r")
            assert "immediately invalidated" not in session.text

    async def test_the_client_id_can_be_copied(self, viewed: Stage) -> None:
        async with portal(viewed) as session:
            await session.press("c")
            await session.see("Client ID sent to your terminal (OSC 52), not confirmed.")

    async def test_the_palette_offers_no_change(self, viewed: Stage) -> None:
        async with portal(viewed, size=(80, 50)) as session:
            await session.press("j", "ctrl+p")
            await session.see("Copy Client ID")
            for label in ("Rotate Credential", "Edit:", "Make Primary", "Delete:", "New Cred"):
                assert label not in session.text.split("Search for commands")[-1], label


@pytest.mark.each_store
class TestNoAccess:
    async def test_nothing_is_anywhere(self, demo: Stage) -> None:
        texts = [text for found in demo.page.credentials for text in (found.name, found.client_id)]
        demo.set_operators(CAROL, OUTSIDER)
        async with portal(demo) as session:
            await session.see("You have no access to the API credentials of acme.")
            assert "alice · No access" in session.lines[0]
            assert not session.app.screen.query(Card)
            for text in texts:
                assert text not in session.everything()
            assert "of 3" not in session.text

    @pytest.mark.parametrize("key", ["n", "r", "e", "p", "d", "c", "full_stop"])
    async def test_no_verb_does_anything(self, demo: Stage, key: str) -> None:
        demo.set_operators(CAROL, OUTSIDER)
        async with portal(demo) as session:
            await session.press(key)
            assert len(session.app.screen_stack) == 1

    async def test_losing_it_takes_the_data_away(self, demo: Stage) -> None:
        demo.set_operators(CAROL, EDITOR)
        async with portal(demo) as session:
            assert demo.id_of("Payout gateway") in session.everything()
            client_id = demo.id_of("Payout gateway")
            demo.set_operators(CAROL, OUTSIDER)
            await session.see("You have no access to the API credentials of acme.")
            await session.until(lambda: client_id not in session.everything())

    async def test_getting_it_back_begins_at_the_first_card(self, demo: Stage) -> None:
        demo.set_operators(CAROL, EDITOR)
        async with portal(demo) as session:
            demo.set_operators(CAROL, OUTSIDER)
            await session.see("You have no access to the API credentials of acme.")
            await session.until(lambda: session.focused != "Payout gateway")
            demo.set_operators(CAROL, EDITOR)
            await session.until(lambda: session.focused == "Payout gateway", "focus on the card")
            await session.press("e")
            await session.see("Credential name")


class TestMoving:
    @pytest.mark.parametrize(("down", "up"), [("down", "up"), ("j", "k")])
    async def test_up_and_down_in_one_column(self, demo: Stage, down: str, up: str) -> None:
        async with portal(demo) as session:
            seen = [session.focused]
            for key in (down, down, down, up, up, up):
                await session.press(key)
                seen.append(session.focused)
            first, second, third = demo.names
            assert seen == [first, second, third, third, second, first, first]

    async def test_tab_goes_through_all_regions_and_back(self, demo: Stage) -> None:
        async with portal(demo) as session:
            start = session.focused
            seen = set()
            for _ in range(12):
                await session.press("tab")
                seen.add(session.focused)
                if session.focused == start:
                    break
            assert session.focused == start
            assert {*demo.names, "Navigation"} <= seen
            await session.press("shift+tab")
            assert session.focused != start

    async def test_slash_goes_to_the_navigation(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.press("slash")
            assert session.focused == "Navigation"

    async def test_settings_and_credentials_both_lead_to_the_page(self, demo: Stage) -> None:
        async with portal(demo) as session:
            for text in ("Settings", "1 Credentials"):
                await session.click_on("Activity")
                await session.see_no("Client ID  cid_")
                await session.click_on(text)
                await session.see("Client ID  cid_")
                assert session.focused == "Payout gateway"


class TestOtherSessions:
    """What one session changes, others show without a key press."""

    async def test_a_new_credential_appears_and_focus_stays(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j")
            two.add("Treasury sync")
            await session.see("Treasury sync")
            assert "3 of 3" in session.text
            assert session.focused == "Reporting batch"

    async def test_a_new_name_appears(self, two: Stage) -> None:
        async with portal(two) as session:
            two.service().rename(two.id_of("Payout gateway"), "Payouts")
            await session.see("Payouts")
            await session.until(lambda: session.focused == "Payouts")

    async def test_the_primary_badge_moves(self, two: Stage) -> None:
        async with portal(two) as session:
            two.service().make_primary(two.id_of("Reporting batch"))
            await session.until(lambda: "Primary" in card(session, "Reporting batch")[0])
            assert "Primary" not in card(session, "Payout gateway")[0]

    async def test_focus_moves_beside_a_card_that_was_deleted(self, demo: Stage) -> None:
        async with portal(demo) as session:
            await session.press("j", "j")
            demo.service().delete(demo.id_of("Treasury sync"))
            await session.see_no("Treasury sync")
            assert session.focused == "Reporting batch"
            assert "2 of 3" in session.text

    async def test_the_last_credential_goes(self, empty: Stage) -> None:
        [issued] = empty.add("Payout gateway")
        async with portal(empty) as session:
            representative = ALICE.model_copy(update={"operator": "carol"})
            empty.set_operators(CAROL, EDITOR)
            empty.service(representative).delete(
                issued.credential.client_id, typed_name="Payout gateway"
            )
            await session.see("There are no API credentials yet.")
            assert session.focused == "New Credential"

    async def test_permission_taken_away_ends_the_changes(self, demo: Stage) -> None:
        demo.set_operators(CAROL, EDITOR)
        async with portal(demo) as session:
            demo.set_operators(CAROL, VIEWER)
            await session.see("alice · Can View")
            await session.press("r")
            await session.until(lambda: session.messages == [NEEDS_EDIT])

    @pytest.mark.parametrize("now", [VIEWER, OUTSIDER])
    @pytest.mark.parametrize("key", ["r", "e", "n"])
    async def test_permission_taken_away_under_a_dialog(
        self, two: Stage, key: str, now: Operator
    ) -> None:
        two.set_operators(CAROL, EDITOR)
        async with portal(two) as session:
            await session.press(key)
            dialog = await session.at(Dialog)
            if key == "n":
                await session.write("Treasury sync")
            two.set_operators(CAROL, now)
            await session.see("You may no longer change the credentials.")
            await session.see_no("deleted")
            assert dialog.query_one("#confirm").disabled

    async def test_a_menu_closes_when_what_it_offered_changed(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", ".")
            await session.see("Rotate Credential")
            two.service().delete(two.id_of("Reporting batch"))
            await session.see_no("Rotate Credential")
            assert len(session.app.screen_stack) == 1

    @pytest.mark.files
    async def test_a_store_that_cant_be_read_is_told_as_long_as_it_lasts(self, two: Stage) -> None:
        [file] = [
            path for path in two.folder.rglob("*.json") if "Payout gateway" in path.read_text()
        ]
        good = file.read_bytes()
        async with portal(two) as session:
            other = file.with_suffix(".new")
            other.write_text("{")
            other.replace(file)
            await session.see("is damaged: it doesn't hold what credtui wrote")
            assert "Offline: what you see is from" in session.text
            assert "Traceback" not in session.text
            other.write_bytes(good)
            other.replace(file)
            two.service().rename(two.id_of("Payout gateway"), "Payouts")
            await session.see("Payouts")
            await session.see_no("Offline")
