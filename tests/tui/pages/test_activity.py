"""The page Activity, by keyboard and mouse, on a real store."""

import asyncio
import json
from datetime import timedelta

import pytest
from textual.widgets import Input

from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.refusals import CapReachedError
from credtui.tui.dialogs.event import EventDialog
from credtui.tui.widgets.event_table import EventTable
from credtui.tui.widgets.labelled_value import LabelledValue
from tests.support import ALICE
from tests.tui.apps import BOB, Session, Stage, portal
from tests.tui.long_log import lengthen_log

LONG = Actor(
    operator="firstname.surname@payments.example.com", address="2001:db8::7348", channel="ssh"
)
LONG_NAME = "Settlement of the last business day of each month, quarterly"


async def _open(session: Session) -> EventTable:
    await session.click_on("Activity")
    await session.see("events")
    return session.one(EventTable.__name__, EventTable)


def _numbers(table: EventTable) -> list[int]:
    return [entry.event.number for entry in table.shown]


async def test_events_are_listed_newest_first_with_who_what_and_when(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.see("10 events")
        assert _numbers(table) == list(range(10, 0, -1))
        assert session.find("09:24  bob             Delete: Payout gateway")
        assert session.find("       ! refused: The primary credential can't be deleted")
        await session.press("end")
        await session.see("Generate: Payout gateway")


@pytest.mark.parametrize(("size", "lines"), [((80, 24), 2), ((100, 30), 1), ((120, 40), 1)])
async def test_an_event_takes_as_few_lines_as_there_is_room_for(
    demo: Stage, size: tuple[int, int], lines: int
) -> None:
    demo.service(LONG).rename(demo.id_of("Treasury sync"), LONG_NAME)
    async with portal(demo, size=size) as session:
        table = await _open(session)
        await session.see("Delete: Payout gateway")
        assert max(row.height for row in table.rows.values()) == lines
        row = session.find("Delete: Payout gateway")[1]
        assert "! refused" in session.lines[row + lines - 1]


async def test_what_is_ordinary_is_left_out(demo: Stage) -> None:
    async with portal(demo, size=(120, 40)) as session:
        await _open(session)
        await session.see("10 events")
        for word in ("Done", "checked", "saved", "ssh", "portal", "203.0.113"):
            assert word not in session.text
        assert "was Nightly reports" in session.text


async def test_another_place_is_shown_where_there_is_room(demo: Stage) -> None:
    async with portal(demo, size=(160, 40)) as session:
        await _open(session)
        await session.see("bob 198.51.100.23")
        assert "198.51.100.7" not in session.text, "the reader's own"


async def test_a_secret_that_was_given_up_is_marked(two: Stage) -> None:
    client_id = two.id_of("Payout gateway")
    issued = two.service(BOB).rotate(client_id, seen=1)
    two.service(BOB).confirm(client_id, seen=2, how="closed unsaved")
    issued.lease.close()
    async with portal(two) as session:
        await _open(session)
        await session.see("! closed unsaved")


async def test_events_are_grouped_by_day(demo: Stage) -> None:
    client_id = demo.id_of("Treasury sync")
    demo.service(BOB).rename(client_id, "Yesterday's name")
    demo.clock.advance(timedelta(days=1))
    demo.service(BOB).rename(client_id, "Today's name")
    async with portal(demo) as session:
        table = await _open(session)
        await session.see("12 events")
        shown = [line[18:].strip(" ▁▂▃▄▅▆▇█") for line in session.lines]
        at = [
            shown.index(text)
            for text in (
                "Today (UTC)",
                "09:30  bob             Rename: Today's name",
                "Yesterday (UTC)",
                "09:30  bob             Rename: Yesterday's name",
                "Thu 12 November 2026 (UTC)",
                "09:24  bob             Delete: Payout gateway",
            )
        ]
        assert at == sorted(at)
        demo.clock.advance(timedelta(days=1))
        session.app.portal.current.time_passed()
        await session.see_no("Today (UTC)")
        await session.see("Tue 24 November 2026 (UTC)")
        assert table.chosen
        assert table.chosen.event.number == 12


async def test_the_cursor_skips_the_days(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.see("10 events")
        numbers = []
        for key in (*["down"] * 10, *["up"] * 10, "pagedown", "pageup", "end", "home"):
            assert table.chosen, key
            numbers.append(table.chosen.event.number)
            await session.press(key)
        assert numbers[:20] == [*range(10, 0, -1), 1, *range(2, 11)]
        assert table.chosen
        assert table.chosen.event.number == 10
        assert "Thu 12 November" in session.text, "the first heading"


async def test_a_click_on_a_day_chooses_its_first_event(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.click_on("Wed 21 October 2026")
        assert table.chosen
        assert table.chosen.event.number == 9
        await session.click_on("Wed 21 October 2026")
        assert len(session.app.screen_stack) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_clock_that_went_back_is_marked_and_told(
    demo: Stage, size: tuple[int, int]
) -> None:
    client_id = demo.id_of("Treasury sync")
    demo.service(BOB).rename(client_id, "By Bob")
    demo.clock.advance(timedelta(days=-1))
    demo.service(BOB).rename(client_id, "By Bob later")
    async with portal(demo, size=size) as session:
        await _open(session)
        await session.see("12 events")
        assert session.find("Today (UTC)")[1] < session.find("Tue 24 November 2026")[1]
        row = session.find("Rename: By Bob later")[1]
        assert "! clock back" in session.lines[row] + session.lines[row + 1]
        await session.press("enter")
        await session.at(EventDialog)
        await session.see("Went back 1 day since the event before")
        await session.press("escape", "down", "enter")
        await session.at(EventDialog)
        await session.see("Event 11")
        await session.see_no("Went back")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (100, 30), (120, 40)])
async def test_a_long_name_ends_in_an_ellipsis_and_is_whole_in_the_dialog(
    demo: Stage, size: tuple[int, int]
) -> None:
    demo.service(LONG).rename(demo.id_of("Treasury sync"), LONG_NAME)
    async with portal(demo, size=size) as session:
        await _open(session)
        await session.see("11 events")
        at = session.find("Rename: Settlement")[1]
        assert "…" in session.lines[at]
        assert "first" in session.lines[at] + session.lines[at - 1]
        await session.press("enter")
        await session.at(EventDialog)
        values = [fact.value for fact in session.app.screen.query(LabelledValue)]
        assert {LONG_NAME, LONG.operator} <= {*values}


async def test_names_are_shown_as_text(empty: Stage) -> None:
    empty.add("[red]not red[/red]")
    async with portal(empty) as session:
        await _open(session)
        await session.see("[red]not red[/red]")
        await session.press("enter")
        await session.at(EventDialog)
        await session.see("[red]not red[/red]")


async def test_an_empty_log_says_so(empty: Stage) -> None:
    async with portal(empty) as session:
        await session.click_on("Activity")
        await session.see("Nothing has happened here yet.")
        await session.see("0 events")
        assert session.focused == "EventTable"
        await session.see_no("enter Details")
        empty.add("Payout gateway")
        await session.see("Generate: Payout gateway")
        await session.see_no("Nothing has happened here yet.")


async def test_the_filter_takes_effect_as_it_is_typed(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.press("slash")
        await session.write("bob refused")
        await session.see("1 of 10 events")
        assert _numbers(table) == [10]
        await session.write("x")
        await session.see("No event has all of these words.")


async def test_a_filter_that_is_on_says_so_and_escape_clears_it(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.see_no("Escape clears it")
        await session.press("slash")
        await session.write("bob refused")
        await session.press("enter")
        await session.see("Filter: bob refused. Escape clears it.")
        assert session.text.count("1 of 10 events") == 1
        assert session.app.focused is table
        assert "esc Clear Filter" in session.lines[-1]
        await session.press("escape")
        await session.see_no("Escape clears it")
        await session.until(lambda: len(table.shown) == 10, "all events")
        assert "esc" not in session.lines[-1]


async def test_escape_clears_the_filter_while_it_is_typed(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.press("slash")
        await session.write("bob")
        await session.press("escape")
        assert session.app.focused is table
        await session.until(lambda: len(table.shown) == 10, "all events")
        await session.see_no("Filter: bob")


async def test_a_filter_can_be_changed(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.press("slash", *"bob", "enter", "slash")
        await session.see_no("Escape clears it")
        await session.press("end", *"refused", "enter")
        await session.see("Filter: bobrefused. Escape clears it.")
        await session.see("0 of 10 events")
        assert not table.shown


async def test_the_filter_opens_from_the_navigation(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        session.app.portal.action_focus_navigation()
        await session.press("slash")
        assert session.focused == "filter"


async def test_a_refused_attempt_appears_at_once(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.see("10 events")
        with pytest.raises(CapReachedError):
            demo.service(BOB).generate("A fourth")
        await session.see("Generate: A fourth")
        assert _numbers(table)[0] == 11


async def test_what_comes_in_moves_nothing_under_the_person(demo: Stage) -> None:
    def rows(session: Session) -> list[str]:
        # Without the scroll bar, which has moved.
        return [line[:78].rstrip("▁▂▃▄▅▆▇█ ") for line in session.lines[4:22]]

    lengthen_log(demo, 300, rare=200)
    async with portal(demo) as session:
        table = await _open(session)
        await session.see("300 events")
        await session.press(*["pagedown"] * 4)
        await session.until(lambda: table.scroll_y == table.scroll_target_y, "end of scrolling")
        at, before = table.chosen, rows(session)
        demo.service(BOB).rename(demo.id_of("Treasury sync"), "Treasury sync 2")
        await session.see("301 events")
        await session.until(lambda: rows(session) == before, "the same lines")
        assert at
        assert table.chosen == at
        await session.press("enter")
        assert (await session.at(EventDialog)).title_text == f"Event {at.event.number}"


async def test_what_comes_in_respects_the_filter(demo: Stage) -> None:
    async with portal(demo) as session:
        table = await _open(session)
        await session.press("slash")
        await session.write("alice")
        await session.see("6 of 10 events")
        demo.service(BOB).rename(demo.id_of("Treasury sync"), "By Bob")
        await session.see("6 of 11 events")
        demo.service(ALICE).rename(demo.id_of("By Bob"), "By Alice")
        await session.see("7 of 12 events")
        assert _numbers(table)[0] == 12


async def test_a_long_log_is_read_as_far_as_the_person_scrolls(demo: Stage) -> None:
    lengthen_log(demo, 5000, rare=13)
    async with portal(demo) as session:
        table = await _open(session)
        await session.see("5000 events")
        assert len(table.shown) < 1000
        before = len(table.shown)
        await session.press("end")
        await session.until(lambda: len(table.shown) > before, "more events")
        assert _numbers(table) == list(range(5000, 5000 - len(table.shown), -1))
        assert len(table.shown) < 2000
        await session.press("slash")
        await session.write("carol")
        await session.see("1 of 5000 events")
        assert _numbers(table) == [13]


async def test_details_show_every_field(demo: Stage) -> None:
    event = demo.service().events()[0]
    async with portal(demo) as session:
        await _open(session)
        await session.see("10 events")
        await session.press("enter")
        await session.at(EventDialog)
        for text in (
            "Event 10",
            "2026-11-12 09:24:00 UTC",
            "bob",
            "198.51.100.23",
            "ssh",
            demo.id_of("Payout gateway"),
            "Refused. The primary credential can't be deleted.",
        ):
            await session.see(text)
        everything = "".join(line.strip(" │") for line in session.lines)
        assert event.hash[:55] in everything
        await session.press("escape")
        await session.see_no("Event 10")


async def test_a_click_on_the_chosen_event_shows_its_details(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.see("10 events")
        await session.click_on("Rotate: Payout gateway")
        await session.click_on("Rotate: Payout gateway")
        assert (await session.at(EventDialog)).title_text == "Event 8"


async def test_verify_tells_what_to_compare(demo: Stage) -> None:
    last = demo.service().events()[0]
    async with portal(demo) as session:
        await _open(session)
        await session.press("y")
        await session.see("The log is intact.")
        await session.see(f"number 10; its hash begins with {last.hash[:12]}.")


@pytest.mark.files
async def test_verify_finds_an_event_that_was_changed(demo: Stage) -> None:
    log = demo.folder / "uat" / "acme.audit.jsonl"
    lines = log.read_text().splitlines()
    lines[3] = json.dumps(json.loads(lines[3]) | {"name": "Innocent"})
    log.write_text("\n".join(lines) + "\n")
    async with portal(demo) as session:
        await _open(session)
        await session.click_on("Verify")
        await session.see("The audit log was tampered with: event 4 is not as it was written.")


async def test_who_may_view_sees_the_events(demo: Stage) -> None:
    demo.set_operators(
        Operator(name="alice", representative=True),
        Operator(name="bob", permissions={"acme": Permission.CAN_VIEW}),
    )
    async with portal(demo, BOB) as session:
        await _open(session)
        await session.see("Delete: Payout gateway")


async def test_without_access_there_is_no_data(demo: Stage) -> None:
    demo.set_operators(Operator(name="alice", representative=True))
    before = demo.actions()
    async with portal(demo, BOB) as session:
        await session.click_on("Activity")
        await session.see("You have no access to the API credentials of acme.")
        assert "Payout" not in session.everything()
        await session.press("y", "slash")
        assert demo.actions() == before


async def test_access_that_is_taken_away_takes_the_data_along(demo: Stage) -> None:
    demo.set_operators(
        Operator(name="alice", representative=True),
        Operator(name="bob", permissions={"acme": Permission.CAN_VIEW}),
    )
    async with portal(demo, BOB) as session:
        await _open(session)
        await session.see("Delete: Payout gateway")
        demo.set_operators(Operator(name="alice", representative=True))
        await session.see("You have no access to the API credentials of acme.")
        assert not session.one(EventTable.__name__, EventTable).shown
        await session.see_no("Payout gateway")


async def test_quitting_ends_a_search(demo: Stage) -> None:
    lengthen_log(demo, 5000, rare=13)
    async with portal(demo) as session:
        await _open(session)
        session.one("#filter", Input).value = "nobody at all"
        await asyncio.sleep(0)
        await session.press("ctrl+q")
        await session.until(lambda: session.ended, "end")
