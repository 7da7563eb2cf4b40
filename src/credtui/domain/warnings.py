"""Sentences that warn of what a change would cost clients, for the portal and for commands."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.usage import MAX_CALLERS, Caller, shut_out

RECENT = timedelta(hours=1)
"""How long ago a use may be to count as recent: the client will probably come again."""

_NAMED = 3
"""How many addresses a sentence names."""


def loses_access(page: Page, credential: Credential, now: datetime) -> str | None:
    """Say which clients lose access if a credential is deleted or rotated; None if none is known.

    Clients count that have used the present secret within the last hour.
    """
    usage = page.usage.get(credential.client_id)
    if usage is None or usage.last_used_at is None:
        return None
    since = max(credential.secret_since, now - RECENT)
    if not since <= usage.last_used_at <= now + RECENT:
        return None
    recent = [caller for caller in usage.callers if since <= caller.last_at <= now + RECENT]
    first = recent[-1].place if recent else usage.last_used_from
    used = f"Used {_ago(usage.last_used_at, now)} from {first}"
    others = len(recent) - 1
    if others <= 0:
        return f"{used}: that client loses access at once."
    many = f"{others} or more" if len(usage.callers) == MAX_CALLERS else str(others)
    noun = "address" if many == "1" else "addresses"
    return f"{used} and {many} other {noun}: they lose access at once."


def used_today(page: Page, credential: Credential, now: datetime) -> bool:
    """Tell whether a client has used a credential's present secret in the last 24 hours."""
    usage = page.usage.get(credential.client_id)
    if usage is None or usage.last_used_at is None:
        return False
    return usage.last_used_at >= credential.secret_since and not usage.is_quiet(now)


def shuts_out(page: Page, networks: Collection[str], now: datetime) -> str | None:
    """Say which addresses, seen in the last 24 hours, networks would shut out; None if none.

    An address that the present networks shut out already doesn't count.

    Args:
        page: The organization, with its present networks.
        networks: The networks to be set, in CIDR notation.
        now: The present moment.
    """
    last_of: dict[str, tuple[Caller, str]] = {}
    for use in sorted(_uses(page, networks, now), key=lambda use: use[0].last_at):
        last_of.pop(use[0].address, None)  # The use that was last comes last.
        last_of[use[0].address] = use
    last = [*reversed(last_of.values())]
    if not last:
        return None
    if len(last) == 1:
        [(caller, name)] = last
        return f"This would shut out {caller.place}, which used {name} {_ago(caller.last_at, now)}."
    named = [
        f"{caller.place} ({name}, {_ago(caller.last_at, now)})" for caller, name in last[:_NAMED]
    ]
    if len(last) > _NAMED:
        named.append(f"{len(last) - _NAMED} more")
    listed = f"{', '.join(named[:-1])} and {named[-1]}"
    return f"This would shut out {len(last)} addresses: {listed}."


def _uses(page: Page, networks: Collection[str], now: datetime) -> Iterator[tuple[Caller, str]]:
    for credential in page.credentials:
        if usage := page.usage.get(credential.client_id):
            callers = usage.callers_lately(now)
            already = {caller.address for caller in shut_out(callers, page.networks)}
            for caller in shut_out(callers, networks):
                if caller.address not in already:
                    yield caller, credential.display_name


def _ago(then: datetime, now: datetime) -> str:
    minutes = int((now - then).total_seconds()) // 60
    if minutes < 1:
        return "just now"
    number, one, many = (
        (minutes, "a minute", "minutes") if minutes < 60 else (minutes // 60, "an hour", "hours")
    )
    return f"{one if number == 1 else f'{number} {many}'} ago"
