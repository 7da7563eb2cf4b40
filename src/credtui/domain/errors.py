"""Errors: each has a sentence for people and a stable code for programs.

The portal shows the sentence. The command line prints it, and maps the code to an exit status. The
token endpoint maps the code to an OAuth error. `credtui.domain.refusals` has the errors of rules.
"""

import math
from typing import ClassVar


class CredtuiError(Exception):
    """An error that one sentence explains to a person.

    Attributes:
        code: A stable identifier of the kind of error, never shown without its sentence.
    """

    code: ClassVar[str] = "error"

    def __str__(self) -> str:
        """Return the sentence."""
        return " ".join(str(argument) for argument in self.args)


class InvalidOrganizationError(CredtuiError):
    """The text can't be an organization's name."""

    code = "invalid_organization"


class InvalidConfigurationError(CredtuiError):
    """The configuration file, an environment variable or a flag has a wrong value."""

    code = "invalid_configuration"


class DoubtError(CredtuiError):
    """It is in doubt whether a change was made, or whether it will last.

    The argument is the reason.

    Attributes:
        sentence: A sentence about the change, with a place for the reason.
        label: A sentence to show beside the new secret, if the change issued one.
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
    """The disk is full or read-only, or permission is denied. Reading may still work."""


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


class StoreMovedError(StoreError):
    """The store's data was copied to another store. Reading still works for people."""

    code = "store_moved"


class StoreUnfinishedError(StoreError):
    """The store is a copy that isn't finished."""

    code = "store_unfinished"


class CopyRefusedError(StoreError):
    """One store can't be copied to the other. Nothing was changed."""

    code = "copy_refused"


class CopyDiffersError(StoreError):
    """A copy is not like the store that it was made from."""

    code = "copy_differs"


class SaveRefusedError(CredtuiError):
    """A secret can't be saved to the file that was named."""

    code = "save_refused"


class ServerError(CredtuiError):
    """The token endpoint can't be started."""

    code = "server_unavailable"


class ExtraMissingError(CredtuiError):
    """The command needs packages that are not installed with every credtui."""

    code = "extra_missing"


class ClientError(CredtuiError):
    """The token endpoint refuses a client's request.

    The code is an error code of OAuth.
    """

    code = "invalid_request"


class ClientNotAuthenticatedError(ClientError):
    """The Client ID and the secret are not those of any client."""

    code = "invalid_client"


class TooOftenError(ClientError):
    """Something was done too often in a short time.

    Attributes:
        seconds: How long to wait before the next attempt.
    """

    code = "temporarily_unavailable"

    def __init__(self, done: str, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(f"Too many {done}. Try again in {self.seconds} seconds.")


class TooManyGuessesError(TooOftenError):
    """Wrong secrets were tried too often."""

    def __init__(self, seconds: float) -> None:
        super().__init__("attempts with a wrong secret", seconds)


class TooManyRevocationsError(TooOftenError):
    """A client revoked access tokens too often."""

    def __init__(self, seconds: float) -> None:
        super().__init__("revocations", seconds)


class AddressNotAllowedError(ClientError):
    """The client's organization doesn't allow its credentials to be used from this address.

    Attributes:
        organization: The client's organization.
    """

    code = "access_denied"

    def __init__(self, organization: str, address: str) -> None:
        self.organization = organization
        super().__init__(
            f"{organization} does not allow its credentials to be used from {address}."
        )


class WrongAudienceError(ClientError):
    """The audience is not that of the client's access tokens."""

    code = "invalid_target"


class MayNotIntrospectError(ClientError):
    """The client may not introspect access tokens."""

    code = "unauthorized_client"


class ForeignTokenError(ClientError):
    """The access token was issued to another client."""

    code = "invalid_grant"
