"""Errors: each has a sentence for people and a stable code for programs.

The portal shows the sentence. The command line prints it, and maps the code to an exit status. The
token endpoint maps the code to an OAuth error. `credtui.domain.refusals` has the errors of rules.
"""

import math
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
