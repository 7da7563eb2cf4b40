"""Every way in which credtui says no: a sentence for people and a stable code for programs.

The portal shows the sentence, the command line prints it and maps the code to an exit status,
the token endpoint maps the code to an OAuth error.
"""

import math
from collections.abc import Iterator
from typing import ClassVar


class CredtuiError(Exception):
    """Something a person can be told in one sentence.

    Attributes:
        code: A stable identifier of the kind of error, never shown without its sentence.
    """

    code: ClassVar[str] = "error"

    def __str__(self) -> str:
        """Return the sentence."""
        return " ".join(str(argument) for argument in self.args)


class Refusal(CredtuiError):
    """A rule forbids the attempted change. The attempt is recorded as an audit event."""

    code = "refused"


class InvalidNameError(Refusal):
    """The text can't be a credential's name."""

    code = "invalid_name"


class NameTakenError(Refusal):
    """Another credential of the organization has this name."""

    code = "name_taken"


class CapReachedError(Refusal):
    """The organization already has as many credentials as it may have in the environment."""

    code = "cap_reached"


class NoSuchCredentialError(Refusal):
    """No credential of the organization has this Client ID; perhaps it was just deleted."""

    code = "no_such_credential"


class CredentialChangedError(Refusal):
    """The credential was rotated after the person saw it."""

    code = "credential_changed"


class PrimaryProtectedError(Refusal):
    """The primary credential can't be deleted."""

    code = "primary_protected"


class AlreadyReplacedError(Refusal):
    """The credential is being replaced already."""

    code = "already_replaced"


class NothingReplacedError(Refusal):
    """The credential is not being replaced by another."""

    code = "nothing_replaced"


class StillUsedError(Refusal):
    """The credential that is being replaced is still used."""

    code = "still_used"


class TooManyAttemptsError(Refusal):
    """Something was tried too often in a short time."""

    code = "too_many_attempts"


class PermissionDeniedError(Refusal):
    """The operator's permission does not allow this."""

    code = "permission_denied"


class NameNotTypedError(Refusal):
    """What was typed to confirm isn't the credential's name."""

    code = "name_not_typed"


class InvalidNetworkError(Refusal):
    """The text can't be a network."""

    code = "invalid_network"


class NoSuchOrganizationError(Refusal):
    """No organization of this name was created."""

    code = "no_such_organization"


class OrganizationExistsError(Refusal):
    """There is an organization of this name already."""

    code = "organization_exists"


class InvalidOperatorError(Refusal):
    """The text can't be an operator's name."""

    code = "invalid_operator"


class OperatorExistsError(Refusal):
    """There is an operator of this name already."""

    code = "operator_exists"


class NoSuchOperatorError(Refusal):
    """There is no operator of this name; perhaps it was just removed."""

    code = "no_such_operator"


class NoRepresentativeError(Refusal):
    """Nobody would be left who may manage operators."""

    code = "no_representative"


class InvalidKeyError(Refusal):
    """The text can't be an operator's SSH public key."""

    code = "invalid_key"


class KeyTakenError(Refusal):
    """The SSH public key identifies an operator already."""

    code = "key_taken"


class NoSuchKeyError(Refusal):
    """The operator has no SSH public key with this fingerprint."""

    code = "no_such_key"


class CommandRefusedError(Refusal):
    """What an SSH client asks to run isn't one of the commands that it may."""

    code = "command_refused"


class InvalidOrganizationError(CredtuiError):
    """The text can't be an organization's name."""

    code = "invalid_organization"


class InvalidConfigurationError(CredtuiError):
    """The configuration file, an environment variable or a flag has a wrong value."""

    code = "invalid_configuration"


class DoubtError(CredtuiError):
    """A change that can't be said to be done and safe, nor to have failed.

    It takes the reason as its argument.

    Attributes:
        sentence: A sentence about the change; it gets the reason.
        label: A sentence to show with a new secret that came of the change.
    """

    sentence: ClassVar[str]
    label: ClassVar[str]

    def __str__(self) -> str:
        """Return the sentence about the change."""
        return self.sentence.format(super().__str__())


class PerhapsNotDurableError(DoubtError):
    """The change was made, but may not survive a power cut."""

    code = "perhaps_not_durable"
    sentence = "The change was made, but may not survive a power cut ({})."
    label = (
        "This secret is valid, but a power cut may bring the previous state back: keep both, and "
        "check the disk."
    )


class OutcomeUnknownError(DoubtError):
    """It is not known whether the change was made."""

    code = "outcome_unknown"
    sentence = "It is not known whether the change was made ({}). Look before you try again."
    label = (
        "This secret may be the valid one. If it is refused, the change was not made, and what was "
        "valid before still is."
    )


class StoreError(CredtuiError):
    """The place where credentials are kept can't be used."""

    code = "store_unavailable"


class StoreUnwritableError(StoreError):
    """The disk is full or read-only, or permission is denied: looking may still be possible."""


class StoreBusyError(StoreError):
    """Another process holds the store's lock."""

    code = "store_busy"


class StoreCorruptError(StoreError):
    """A file of the store doesn't hold what it must."""

    code = "store_corrupt"


class StoreTooNewError(StoreError):
    """A file of the store was written by a later version of credtui."""

    code = "store_too_new"


class AuditTamperedError(StoreError):
    """The audit log doesn't hold together: an event was changed, removed or added by hand."""

    code = "audit_tampered"


class SaveRefusedError(CredtuiError):
    """A secret can't be saved to the file that was named."""

    code = "save_refused"


class ServerError(CredtuiError):
    """The token endpoint can't be started."""

    code = "server_unavailable"


class ExtraMissingError(CredtuiError):
    """What was asked for needs packages that are not installed with every credtui."""

    code = "extra_missing"


class ClientError(CredtuiError):
    """A client of the token endpoint doesn't get what it asks for.

    The code is the one that OAuth has for the case.
    """

    code = "invalid_request"


class ClientNotAuthenticatedError(ClientError):
    """The Client ID and the secret are not those of any client."""

    code = "invalid_client"


class TooManyGuessesError(ClientError):
    """Wrong secrets were tried too often.

    Attributes:
        seconds: How long to wait before the next attempt.
    """

    code = "temporarily_unavailable"

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(
            f"Too many attempts with a wrong secret. Try again in {self.seconds} seconds."
        )


class AddressNotAllowedError(ClientError):
    """The client's organization doesn't allow its credentials to be used from this address.

    Attributes:
        organization: The organization.
    """

    code = "access_denied"

    def __init__(self, organization: str, address: str) -> None:
        self.organization = organization
        super().__init__(
            f"{organization} does not allow its credentials to be used from {address}."
        )


class WrongAudienceError(ClientError):
    """The audience is not the one of the client's access tokens."""

    code = "invalid_target"


class MayNotIntrospectError(ClientError):
    """The client may not introspect access tokens."""

    code = "unauthorized_client"


class ForeignTokenError(ClientError):
    """The access token was issued to another client."""

    code = "invalid_grant"


def refuse(refusal: Refusal | None) -> None:
    """Raise a refusal, if there is one."""
    if refusal:
        raise refusal


def meaning(code: str) -> str:
    """Return what a code stands for, in a sentence: what its class says of itself."""
    for error in _kinds(CredtuiError):
        if error.code == code and error.__doc__:
            return error.__doc__.partition("\n")[0]
    return f"{code.replace('_', ' ').capitalize()}."


def _kinds(error: type[CredtuiError]) -> Iterator[type[CredtuiError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _kinds(kind)
