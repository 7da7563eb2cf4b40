"""The commands that show and change credentials, except those that issue a secret."""

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from credtui.cli.errors import NotConfirmedError, UsageError
from credtui.cli.meaning import add_credential, find, meant
from credtui.cli.output import put, put_json, say
from credtui.cli.parser import Parser, usual_flags
from credtui.cli.question import ask, can_ask, ensure_yes
from credtui.cli.session import Session
from credtui.cli.table import put_table
from credtui.cli.wording import alarm, days, minute, place, where
from credtui.domain.lease import Lease
from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.refusals import NoSuchCredentialError, PrimaryProtectedError
from credtui.domain.rotation import Rotation, rotation
from credtui.domain.rules import MAX_CREDENTIALS
from credtui.domain.secret_state import SecretState
from credtui.domain.usage import Usage
from credtui.domain.warnings import loses_access
from credtui.service.credentials import CredentialService


def list_(session: Session) -> None:
    """Show the organization's credentials."""
    service = session.service
    page = service.view()
    facts = [_facts(session, page, credential) for credential in page.credentials]
    if session.arguments.json:
        put_json(
            {
                **where(service),
                "permission": page.permission.label,
                "representative": page.representative,
                "maximum": MAX_CREDENTIALS,
                "credentials": facts,
            }
        )
        return
    if not facts:
        say(f"There are no credentials yet for {place(service)}.")
        return
    put_table(
        ("CLIENT ID", "SECRET AGE", "STATE", "NAME"),
        [
            (
                credential.client_id,
                days(credential.secret_age(service.clock())),
                _state(fact),
                credential.name,
            )
            for credential, fact in zip(page.credentials, facts, strict=True)
        ],
    )


list_arguments = usual_flags(list_)


def show_arguments(parser: Parser) -> None:
    """Take a credential."""
    parser.runs(show)
    add_credential(parser)


def show(session: Session) -> None:
    """Show one credential."""
    service = session.service
    page = service.view()
    with meant(service, page, session.arguments.credential) as (_, credential):
        if credential is None:
            raise NoSuchCredentialError
    fact = _facts(session, page, credential)
    if session.arguments.json:
        put_json({**where(service), **fact})
        return
    put(f"Name       {credential.name}")
    put(f"State      {_state(fact) or 'in order'}")
    put(f"Audience   {service.audience}")
    put(f"Client ID  {credential.client_id}")
    put(f"Created    {minute(credential.created_at)}")
    rotated = credential.rotated_at
    put(f"Rotated    {minute(rotated) if rotated else 'never'}")
    age = days(credential.secret_age(service.clock()))
    put(f"Secret     {age} old, {fact['secret_state']}")
    usage = page.usage.get(credential.client_id)
    if usage and usage.last_used_at:
        put(f"Last used  {minute(usage.last_used_at)} from {usage.last_used_from}")
    else:
        put("Last used  not yet")
    if usage:
        _put_callers(usage, service.clock())


def _put_callers(usage: Usage, now: datetime) -> None:
    rows = [
        (
            caller.address,
            f"{caller.issued_lately(now)}",
            minute(caller.last_at),
            f"{caller.generation}",
        )
        for caller in usage.callers_lately(now)
    ]
    if others := usage.issued_to_others(now):
        rows.append(("other addresses", f"{others}", "", ""))
    if rows:
        put()
        put_table(("CALLER", "TOKENS IN 24 HOURS", "LAST USED", "GENERATION"), rows)


def rename_arguments(parser: Parser) -> None:
    """Take a credential and its new name."""
    parser.runs(rename)
    parser.add_argument(
        "credential", metavar="CLIENT_ID", help="its Client ID, or its name, in quotes"
    )
    parser.add_argument("name", metavar="NAME", nargs="+", help="its new name")


def rename(session: Session) -> None:
    """Give a credential another name."""
    service = session.service
    page = service.page()
    words = [session.arguments.credential, *session.arguments.name]
    text, name = _parted(page, "rename", words)
    with meant(service, page, [text]) as (client_id, _):
        renamed = service.rename(client_id, name)
    _report(session, page, renamed, f"Renamed {client_id} to {renamed.name}.")


def _parted(page: Page, command: str, words: Sequence[str]) -> tuple[str, str]:
    """Return which credential the words behind a command mean, and the text that follows it.

    ssh drops the quotation marks around names, so the words don't tell where the text begins.

    Raises:
        UsageError: The words can mean more than one credential.
    """
    parts = [(" ".join(words[:end]), " ".join(words[end:])) for end in range(1, len(words))]
    named = [part for part in parts if find(page, part[0])]
    if len(named) > 1:
        (one, text), (other, _), *_ = named
        raise UsageError(
            f"{one} and {other} are both names of credentials: put each name in quotes, as in "
            f"{shlex.join((command, one, text))}; over ssh, put quotes around that too."
        )
    return named[0] if named else parts[0]


def make_primary_arguments(parser: Parser) -> None:
    """Take a credential."""
    parser.runs(make_primary)
    add_credential(parser)


def make_primary(session: Session) -> None:
    """Make a credential the primary one."""
    service = session.service
    page = service.page()
    with meant(service, page, session.arguments.credential) as (client_id, _):
        primary = service.make_primary(client_id)
    page = page.model_copy(update={"primary": client_id})
    _report(session, page, primary, f"{primary.name} is now the primary credential.")


def delete_arguments(parser: Parser) -> None:
    """Take a credential, and flags that answer the question in advance."""
    parser.runs(delete)
    add_credential(parser)
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument(
        "--typed-name",
        metavar="NAME",
        help="the credential's name, in quotes: so a representative deletes the primary one",
    )


def delete(session: Session) -> None:
    """Delete a credential."""
    service = session.service
    page = service.page()
    with meant(service, page, session.arguments.credential) as (client_id, credential):
        seen, typed_name = None, session.arguments.typed_name
        if credential and typed_name is None and not session.arguments.yes:
            typed_name = _ask_to_delete(service, page, credential)
            seen = credential.generation
        try:
            deleted = service.delete(client_id, seen=seen, typed_name=typed_name)
        except PrimaryProtectedError:
            if not credential or not page.representative:
                raise
            raise PrimaryProtectedError(
                f"{credential.name} is the primary credential. "
                "To delete it, say --typed-name and its name."
            ) from None
    # If it was the primary credential, it no longer is.
    page = page.model_copy(update={"primary": None})
    done = f"Deleted {deleted.name}. Its clients have no access any more."
    _report(session, page, deleted, done)


def _ask_to_delete(service: CredentialService, page: Page, credential: Credential) -> str | None:
    """Ask whether to delete a credential.

    Returns:
        The name that a representative typed to delete the primary credential; None for any other
        credential, and for anyone else.

    Raises:
        NotConfirmedError: The answer was not yes, or there was no person to ask.
    """
    primary = credential.client_id == page.primary
    if not can_ask():
        flag = "--typed-name and its name" if primary and page.representative else "--yes"
        raise NotConfirmedError(
            f"Deleting {credential.name} can't be undone. Nothing was changed: say {flag}."
        )
    if warning := loses_access(page, credential, service.clock()):
        say(f"! {warning}")
    question = (
        f"{alarm(service)}Delete {credential.name} ({credential.client_id}) of "
        f"{place(service)}? Its clients lose access at once."
    )
    if not primary:
        ensure_yes(question)
    elif page.representative:
        return ask(f"{question} It is the primary one: type its name to delete it:")
    return None  # without a typed name, the service refuses to delete the primary credential


def _report(session: Session, page: Page, credential: Credential, done: str) -> None:
    """Report a change.

    Args:
        session: The command's session.
        page: The page before the change, with the primary credential after it.
        credential: The credential after the change, or before it was deleted.
        done: A sentence about the change.
    """
    session.report(done, {**where(session.service), **_facts(session, page, credential)})


def _facts(session: Session, page: Page, credential: Credential) -> dict[str, Any]:
    """Return a credential for JSON, by the keys that docs/command-line.md names."""
    now = session.service.clock()
    period = timedelta(days=session.installation.settings.rotation_days)
    usage = page.usage.get(credential.client_id, Usage())
    used_at = usage.last_used_at
    state = page.secret_state(credential)
    return {
        "client_id": credential.client_id,
        "name": credential.name,
        "primary": credential.client_id == page.primary,
        "created_at": credential.created_at.isoformat(),
        "rotated_at": credential.rotated_at.isoformat() if credential.rotated_at else None,
        "generation": credential.generation,
        "secret_age_days": credential.secret_age(now).days,
        "rotation_due": rotation(credential, now, period) is Rotation.DUE,
        "secret_state": state,
        "on_screen": _on_screen(page.lease_of(credential)),
        "confirmed": state.confirmed,
        "last_used_at": used_at.isoformat() if used_at else None,
        "last_used_from": usage.last_used_from,
        "tokens_in_24_hours": usage.issued_lately(now),
        "callers": [
            {
                "address": caller.address,
                "tokens_in_24_hours": caller.issued_lately(now),
                "last_used_at": caller.last_at.isoformat(),
                "generation": caller.generation,
            }
            for caller in usage.callers_lately(now)
        ],
    }


def _on_screen(lease: Lease | None) -> dict[str, Any] | None:
    if lease is None:
        return None
    return lease.model_dump(mode="json", include={"operator", "address", "since"})


def _state(fact: dict[str, Any]) -> str:
    secret: SecretState = fact["secret_state"]
    states = {
        "primary": fact["primary"],
        "rotation due": fact["rotation_due"],
        f"secret {secret}": secret.advises_rotation or secret is SecretState.ON_SCREEN,
    }
    return ", ".join(state for state, holds in states.items() if holds)
