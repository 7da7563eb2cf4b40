"""The command that shows and checks the audit events."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from typing import Any

from credtui.cli.output import put, put_json
from credtui.cli.parser import Parser, whole_number
from credtui.cli.session import Session
from credtui.cli.wording import minute, where
from credtui.domain.audit import AuditEvent, Entry, all_events, entries
from credtui.service.credentials import CredentialService
from credtui.service.operators import OperatorService


def audit_arguments(parser: Parser) -> None:
    """Take which events to show, and how many."""
    parser.runs(audit)
    parser.add_argument(
        "--operators", action="store_true", help="those about operators instead (representatives)"
    )
    parser.add_argument("--verify", action="store_true", help="check them for tampering instead")
    parser.add_argument(
        "--limit",
        type=whole_number(0, 999_999_999),
        default=50,
        metavar="N",
        help="at most N (default 50); 0 for all",
    )


def audit(session: Session) -> None:
    """Show the organization's audit events, newest first, or check that they hold together."""
    service: CredentialService | OperatorService
    if session.arguments.operators:
        service, about = session.operator_service, {}
    else:
        service, about = session.service, where(session.service)
    if session.arguments.verify:
        _put_verified(session, service.verify_events(), about)
    else:
        _put_events(session, all_events(service.events), about)


def _put_verified(session: Session, last: AuditEvent | None, about: dict[str, Any]) -> None:
    number, digest = (last.number, last.hash) if last else (0, None)
    if session.arguments.json:
        put_json({**about, "intact": True, "events": number, "last_hash": digest})
    elif digest:
        put(f"The audit log is intact: {number} events. The last one's hash is {digest}.")
    else:
        put("The audit log has no events yet.")


def _put_events(session: Session, events: Iterable[AuditEvent], about: dict[str, Any]) -> None:
    limit = session.arguments.limit
    shown = islice(entries(events), limit or None)
    if session.arguments.json:
        put_json({**about, "events": [_facts(entry) for entry in shown]})
        return
    for entry in shown:
        put(_line(entry))


def _facts(entry: Entry) -> dict[str, Any]:
    event, back = entry
    return {
        "number": event.number,
        "at": event.at.isoformat(),
        "clock_back_seconds": round(back.total_seconds()) if back else None,
        "operator": event.actor.operator,
        "channel": event.actor.channel,
        "address": event.actor.address,
        "fingerprint": event.actor.fingerprint,
        "action": event.action,
        "outcome": event.outcome,
        "client_id": event.client_id,
        "name": event.name,
        "detail": event.code or event.detail,
        "hash": event.hash,
    }


def _line(entry: Entry) -> str:
    event, back = entry
    actor = event.actor
    origin = f"{actor.channel} from {actor.address}" if actor.address else actor.channel
    parts = [
        minute(event.at),
        f"{actor.operator} ({origin})",
        f"{event.action} {event.outcome}",
        event.name or "",
        event.client_id or "",
        event.code or event.detail,
        f"(clock went back {back - back % timedelta(seconds=1)})" if back else "",
    ]
    return "  ".join(part for part in parts if part)
