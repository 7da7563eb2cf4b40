"""Refusals: the errors with which a rule says no.

Audit events keep a refusal's code for ever, and not its sentence. `meaning` explains the code.
"""

from typing import ClassVar

from credtui.domain.errors import CredtuiError


class Refusal(CredtuiError):
    """Says why a rule forbids something.

    Attributes:
        meaning: What the code stands for, in a sentence that the Activity page shows.
    """

    code = "refused"
    meaning: ClassVar[str] = (
        "A rule forbids the attempted change. The attempt is recorded as an audit event."
    )


class InvalidNameError(Refusal):
    code = "invalid_name"
    meaning = "The text can't be a credential's name."


class NameTakenError(Refusal):
    code = "name_taken"
    meaning = "Another credential of the organization has this name."


class CapReachedError(Refusal):
    code = "cap_reached"
    meaning = "The organization already has as many credentials as it may have in the environment."


class NoSuchCredentialError(Refusal):
    code = "no_such_credential"
    meaning = "No credential of the organization has this Client ID; perhaps it was just deleted."


class CredentialChangedError(Refusal):
    code = "credential_changed"
    meaning = "The credential was rotated after the person saw it."


class PrimaryProtectedError(Refusal):
    code = "primary_protected"
    meaning = "The primary credential can't be deleted."


class AlreadyReplacedError(Refusal):
    code = "already_replaced"
    meaning = "The credential is being replaced already."


class ReplacesAnotherError(Refusal):
    code = "replaces_another"
    meaning = "The credential is replacing another one itself."


class NothingReplacedError(Refusal):
    code = "nothing_replaced"
    meaning = "The credential is not being replaced by another."


class StillUsedError(Refusal):
    code = "still_used"
    meaning = "The credential that is being replaced is still used."


class TooManyAttemptsError(Refusal):
    code = "too_many_attempts"
    meaning = "Something was tried too often in a short time."


class PermissionDeniedError(Refusal):
    code = "permission_denied"
    meaning = "The operator's permission does not allow this."


class NameNotTypedError(Refusal):
    code = "name_not_typed"
    meaning = "What was typed to confirm isn't the credential's name."


class InvalidNetworkError(Refusal):
    code = "invalid_network"
    meaning = "The text can't be a network."


class NetworksChangedError(Refusal):
    code = "networks_changed"
    meaning = "The networks were set after the person saw them."


class NoSuchOrganizationError(Refusal):
    code = "no_such_organization"
    meaning = "No organization of this name was created."


class OrganizationExistsError(Refusal):
    code = "organization_exists"
    meaning = "There is an organization of this name already."


class InvalidOperatorError(Refusal):
    code = "invalid_operator"
    meaning = "The text can't be an operator's name."


class OperatorExistsError(Refusal):
    code = "operator_exists"
    meaning = "There is an operator of this name already."


class NoSuchOperatorError(Refusal):
    code = "no_such_operator"
    meaning = "There is no operator of this name; perhaps it was just removed."


class NoRepresentativeError(Refusal):
    code = "no_representative"
    meaning = "Nobody would be left who may manage operators."


class InvalidKeyError(Refusal):
    code = "invalid_key"
    meaning = "The text can't be an operator's SSH public key."


class KeyTakenError(Refusal):
    code = "key_taken"
    meaning = "The SSH public key identifies an operator already."


class NoSuchKeyError(Refusal):
    code = "no_such_key"
    meaning = "The operator has no SSH public key with this fingerprint."


class CommandRefusedError(Refusal):
    code = "command_refused"
    meaning = "What an SSH client asks to run isn't one of the commands that it may."


def refuse(refusal: Refusal | None) -> None:
    """Raise a refusal, if there is one."""
    if refusal:
        raise refusal


def meaning(code: str) -> str:
    """Return what a recorded code stands for, in a sentence.

    A code that a later version recorded is returned as words.
    """
    kinds: list[type[Refusal]] = [Refusal, *Refusal.__subclasses__()]
    for kind in kinds:
        if kind.code == code:
            return kind.meaning
    return f"{code.replace('_', ' ').capitalize()}."
