"""The states of a credential's present secret."""

from datetime import datetime, timedelta
from enum import StrEnum

from credtui.domain.lease import Lease
from credtui.domain.models import Credential
from credtui.domain.usage import Usage

LONGEST_TRIAL = timedelta(hours=1)
"""How long a new secret's uses may come from Try it, if nobody knows when its dialog closed."""

LATEST_ANSWER = timedelta(seconds=10)
"""How long after its dialog closed a secret's use may come from Try it, which waits this long."""


class SecretState(StrEnum):
    """A state of a secret. The value is the word for people, for JSON and for audit events."""

    ON_SCREEN = "on screen"
    """A session shows it at this moment."""
    IN_USE = "in use"
    """A client got an access token with it after its dialog closed."""
    CHECKED = "checked"
    """A person pasted a copy, and the copy matched."""
    SAVED = "saved"
    """A person saved it to a file."""
    DELIVERED = "delivered"
    """A command wrote it to its standard output."""
    SENT = "sent"
    """A person sent it to a clipboard. Nothing tells whether it arrived."""
    CLOSED_UNSAVED = "closed unsaved"
    """A person closed its dialog, and agreed to lose it."""
    CLOSED = "closed"
    """An earlier version recorded that its dialog closed, and nothing else."""
    NEVER_SEEN = "never seen"
    """Its dialog never closed: the session broke off. Perhaps nobody has it."""

    @property
    def advises_rotation(self) -> bool:
        """Whether to rotate the credential, because probably nobody has the secret."""
        return self in (SecretState.NEVER_SEEN, SecretState.CLOSED_UNSAVED)

    @property
    def confirmed(self) -> bool:
        """Whether there is proof that somebody has the secret."""
        return self in (
            SecretState.IN_USE,
            SecretState.CHECKED,
            SecretState.SAVED,
            SecretState.DELIVERED,
        )


def secret_state(
    credential: Credential, lease: Lease | None, usage: Usage | None = None
) -> SecretState:
    """Return what became of a credential's present secret.

    Args:
        credential: The credential.
        lease: The session that shows the present secret; None if none is known.
        usage: How the credential is used; None if it never was.
    """
    handover = credential.handover
    if lease and handover is None:
        return SecretState.ON_SCREEN
    # A person may try the secret in its dialog. Such a use proves nothing.
    if handover and handover.at:
        tried_until = handover.at + LATEST_ANSWER
    else:
        tried_until = credential.secret_since + LONGEST_TRIAL
    if usage and _is_used(usage, credential.generation, tried_until):
        return SecretState.IN_USE
    return SecretState(handover.how) if handover else SecretState.NEVER_SEEN


def _is_used(usage: Usage, generation: int, since: datetime) -> bool:
    if usage.callers:
        return usage.used_since(generation, since)
    # Earlier versions kept the last use, and not its generation.
    return usage.last_used_at is not None and usage.last_used_at > since
