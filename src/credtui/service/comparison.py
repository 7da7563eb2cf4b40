"""Comparing a copy with the store that it was made from."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from credtui.domain.errors import AuditTamperedError, CopyDiffersError
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.place import OPERATORS, Place
from credtui.store.copying import Copyable, Rest

_SHOWN = 5
"""How many differences an error names."""


def compare(source: Copyable, copy: Copyable, progress: Callable[[], None]) -> Mapping[str, int]:
    """Compare everything, and return how many things of each kind are equal.

    The chain of a log's hashes was checked in the source before it was copied. So the logs are the
    same if the chain holds in the copy and both end with the same hash.

    Args:
        source: The store that was copied. Nobody changes it.
        copy: Its copy. Nobody else uses it.
        progress: Called after each place.

    Raises:
        CopyDiffersError: They differ.
    """
    counts: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
    places = source.places()
    added = {*copy.places()} - {*places}
    found = [f"{_named(place)} (only the copy has it)" for place in sorted(added)]
    for place in places:
        found += _compare_place(place, source, copy, counts)
        progress()
    found += _compare_rest(source.rest(), copy.rest(), counts)
    if found:
        more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise CopyDiffersError(
            f"The copy in {copy.name} differs from {source.name}: "
            f"{'; '.join(found[:_SHOWN])}{more}."
        )
    return counts


_KINDS = (
    *("organizations", "credentials", "secret_hashes", "generations", "audit_events"),
    *("operators", "operator_keys", "permissions", "used_credentials"),
    *("token_keys", "revoked_tokens", "swept_spans", "themes"),
)


def _compare_place(
    place: Place, source: Copyable, copy: Copyable, counts: Counter[str]
) -> Iterator[str]:
    ours, theirs = source.read(place), copy.read(place)
    if ours.end != theirs.end:
        yield f"the end of the audit log of {_named(place)}"
    try:
        copy.verify(place)
    except AuditTamperedError as error:
        yield f"the audit log of {_named(place)} ({error})"
    counts["audit_events"] += ours.end.number if ours.end else 0
    mine, other = ours.content, theirs.content
    if isinstance(mine, Operators) and isinstance(other, Operators):
        counts["operators"] += len(mine.members)
        counts["operator_keys"] += sum(len(operator.keys) for operator in mine.members)
        counts["permissions"] += sum(len(operator.permissions) for operator in mine.members)
        yield from _operators(mine, other)
    elif isinstance(mine, Organization) and isinstance(other, Organization):
        counts["organizations"] += 1
        counts["credentials"] += len(mine.credentials)
        counts["generations"] += len(mine.credentials)
        counts["secret_hashes"] += sum(1 + len(one.retired) for one in mine.credentials)
        yield from _organization(place, mine, other)
        used = source.usage(place)
        counts["used_credentials"] += len(used)
        if used != copy.usage(place):
            yield f"the usage of {_named(place)}"


def _operators(mine: Operators, other: Operators) -> Iterator[str]:
    if len(mine.members) != len(other.members):
        yield "the number of operators"
    for operator in mine.members:
        copied = other.find(operator.name)
        if copied is None:
            yield f"the operator {operator.name} (missing)"
        elif copied.keys != operator.keys:
            yield f"the keys of the operator {operator.name}"
        elif copied != operator:
            yield f"the permissions of the operator {operator.name}"
    if [one.name for one in mine.members] != [one.name for one in other.members]:
        yield "the order of the operators"


def _organization(place: Place, mine: Organization, other: Organization) -> Iterator[str]:
    where = _named(place)
    if len(mine.credentials) != len(other.credentials):
        yield f"the number of credentials of {where}"
    for credential in mine.credentials:
        copied, name = other.find(credential.client_id), credential.client_id
        if copied is None:
            yield f"{name} of {where} (missing)"
        elif copied.generation != credential.generation:
            yield f"the generation of {name} of {where}"
        elif (copied.secret_hash, copied.retired) != (credential.secret_hash, credential.retired):
            yield f"the secret hashes of {name} of {where}"
        elif copied != credential:
            yield f"the name or state of {name} of {where}"
    if mine.primary != other.primary:
        yield f"the primary credential of {where}"
    if mine.networks != other.networks:
        yield f"the networks of {where}"
    if [one.client_id for one in mine.credentials] != [one.client_id for one in other.credentials]:
        yield f"the order of the credentials of {where}"


def _compare_rest(mine: Rest, other: Rest, counts: Counter[str]) -> Iterator[str]:
    counts["token_keys"] += mine.token_key is not None
    counts["revoked_tokens"] += sum(len(tokens.kept) for tokens in mine.tokens.values())
    counts["swept_spans"] += sum(len(tokens.swept) for tokens in mine.tokens.values())
    counts["themes"] += len(mine.themes)
    if mine.token_key != other.token_key:
        yield "the key of access tokens"
    if _kept(mine) != _kept(other):
        yield "the revoked access tokens"
    if _swept(mine) != _swept(other):
        yield "the spans of time of forgotten revocations"
    if mine.themes != other.themes:
        yield "the themes that operators chose"


def _kept(rest: Rest) -> Any:
    return {name: tokens.kept for name, tokens in rest.tokens.items() if tokens.kept}


def _swept(rest: Rest) -> Any:
    return {name: [*tokens.swept] for name, tokens in rest.tokens.items() if tokens.swept}


def _named(place: Place) -> str:
    return "the operators" if place == OPERATORS else f"{place.organization} in {place.environment}"
