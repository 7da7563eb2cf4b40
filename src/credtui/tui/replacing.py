"""The replacement of a credential, in words that fit."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.replacement import ReplacementStep, part_moved, quiet_for, replacement_step
from credtui.domain.secret_state import SecretState
from credtui.domain.usage import QUIET_PERIOD, Usage
from credtui.tui.marks import Marks
from credtui.tui.phrases import ago, duration, moment, plural
from credtui.tui.summaries import Fact

TITLES = {
    ReplacementStep.GENERATE: "New credential",
    ReplacementStep.MOVE: "Move clients",
    ReplacementStep.WAIT: "Quiet",
    ReplacementStep.DELETE: "Delete the old one",
}
REMINDER = "Nothing happens by itself. Come back with x."

_LOST = {
    SecretState.NEVER_SEEN: "Perhaps nobody has the new secret.",
    SecretState.CLOSED_UNSAVED: "The new secret was closed unsaved.",
}
_DAY = QUIET_PERIOD // timedelta(hours=1)


def step_lines(now: ReplacementStep, marks: Marks) -> list[Fact]:
    """Return a line for each step, "done", "now" or "later", given the present step."""
    lines: list[Fact] = []
    for step, title in TITLES.items():
        mark, word, colour = marks.dot, "later", "$text-muted"
        if step < now:
            mark, word, colour = marks.done, "done", "$text-success"
        elif step == now:
            mark, word, colour = marks.right, "now", "bold $text-accent"
        lines.append((f"{mark} {step} {title:<20}{word}", colour))
    return lines


class Replacement:
    """Tells in words how far a replacement is at one moment.

    Args:
        page: The organization, with both credentials.
        old: The credential that is being replaced.
        new: The credential that replaces it.
        now: The present moment.
    """

    def __init__(self, page: Page, old: Credential, new: Credential, now: datetime) -> None:
        self._page, self._old, self._new, self._now = page, old, new, now
        self._old_usage = page.usage.get(old.client_id, Usage())
        self._new_usage = page.usage.get(new.client_id, Usage())
        self.step = replacement_step(page, old.client_id, now)

    @property
    def is_lost(self) -> bool:
        """Whether probably nobody has the new secret."""
        return self._page.secret_state(self._new).advises_rotation

    def details(self) -> list[str]:
        """Return a text beside each step."""
        return [
            f"{self._new.display_name}, secret {self._page.secret_state(self._new)}",
            self._moved(),
            self._quiet(),
            self._primary(),
        ]

    def _moved(self) -> str:
        stay, moved = part_moved(self._old_usage, self._new_usage, self._now)
        if not (stay or moved):
            return "no client used the old one today"
        many = len(stay) + len(moved)
        # Only some addresses are kept.
        known = "known " if self._old_usage.issued_to_others(self._now) else ""
        return f"{len(moved)} of {many} {known}{'address' if many == 1 else 'addresses'} moved"

    def _quiet(self) -> str:
        quiet = quiet_for(self._old_usage, self._now)
        if self._old_usage.last_used_at is None:
            return "the old one was never used"
        if self._old_usage.is_quiet(self._now):
            return self._last(self._old_usage, quiet=True)
        if self.step < ReplacementStep.WAIT:
            return f"for {_DAY} hours"
        return f"quiet for {quiet // timedelta(hours=1)} of {_DAY} hours"

    def _primary(self) -> str:
        if self._page.primary == self._old.client_id:
            return "the new one becomes primary"
        return "the new one is primary" if self._page.primary == self._new.client_id else ""

    def hours(self) -> list[list[int]]:
        """Return the tokens of the last 24 hours, of the old credential and of the new one."""
        return [
            list(usage.issued_hourly(self._now)) for usage in (self._old_usage, self._new_usage)
        ]

    def usage_lines(self) -> list[str]:
        """Return how the old credential is used, and how the new one is."""
        old, new = self._old_usage, self._new_usage
        lines = []
        for usage in (old, new):
            tokens = usage.issued_lately(self._now)
            if usage.last_used_at is None:
                lines.append("not used yet")
                continue
            last = self._last(usage, quiet=usage is old and self.step > ReplacementStep.MOVE)
            lines.append(f"{tokens:,} {plural(tokens, 'token')}, {last}")
        return lines

    def _last(self, usage: Usage, *, quiet: bool) -> str:
        """Return when a credential was used last, or how long ago that was if it is `quiet`."""
        assert usage.last_used_at  # noqa: S101
        # A use that seems to be in the future was recorded with a wrong clock.
        if quiet and (since := quiet_for(usage, self._now)):
            return f"quiet for {duration(since)}"
        return f"last {ago(usage.last_used_at, self._now)}"

    def callers(self, most: int, *, aligned: bool) -> list[str]:
        """Return a line for each address that still calls with the old credential.

        Args:
            most: How many lines there may be. The last one counts what they leave out.
            aligned: Return columns, which take more room.
        """
        stay, _ = part_moved(self._old_usage, self._new_usage, self._now)
        rows = [
            (caller.place, ago(caller.last_at, self._now), caller.issued_lately(self._now))
            for caller in stay
        ]
        if others := self._old_usage.issued_to_others(self._now):
            rows.append(("other addresses", "", others))
        if len(rows) > most:
            left_out = rows[most - 1 :]
            rows[most - 1 :] = [("other addresses", "", sum(count for *_, count in left_out))]
        return _table(rows, aligned=aligned)

    def warning(self) -> str:
        """Return what a person must know before going on; nothing if all is well."""
        if self.is_lost:
            lost = _LOST[self._page.secret_state(self._new)]
            return f"{lost} Rotate the new one first (r)."
        is_used = self._page.secret_state(self._new) is SecretState.IN_USE
        if self._old_usage.is_quiet(self._now) and not is_used:
            return "No client has used the new secret yet."
        return ""

    def explanation(self) -> str:
        """Return what to do at the present step, if `warning` doesn't say that."""
        usage, now = self._old_usage, self._now
        if self.is_lost:
            return ""
        if self.step is ReplacementStep.WAIT and usage.last_used_at:
            until = moment(usage.last_used_at + QUIET_PERIOD, now)
            return f"Wait. If no client uses the old one, you can delete it from {until} on."
        if self.step is ReplacementStep.DELETE:
            return "The old one is quiet. Deleting it can't be undone."
        move = "Give each client the new Client ID and secret. Both credentials work."
        return f"{move} The old one is quiet: it can be deleted." if usage.is_quiet(now) else move


def _table(rows: Sequence[tuple[str, str, int]], *, aligned: bool) -> list[str]:
    cells = [
        (address, last, f"{count:,} {plural(count, 'token')}") for address, last, count in rows
    ]
    if not aligned:
        return [", ".join(filter(None, row)) for row in cells]
    wide, wide_too = (max((len(row[column]) for row in cells), default=0) for column in (0, 1))
    return [f"{address:<{wide}}  {last:<{wide_too}}  {many}" for address, last, many in cells]
