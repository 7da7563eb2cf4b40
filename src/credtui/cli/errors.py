"""The errors that only the command line raises."""

from credtui.domain.errors import CredtuiError


class UsageError(CredtuiError):
    """The command line can't be understood, or can't be run here."""

    code = "usage"


class PasswordError(UsageError):
    """There is the password of a database on the command line. Don't repeat the line."""


class NoTerminalError(CredtuiError):
    """There is no terminal on which the portal can be drawn."""

    code = "no_terminal"


class ShortageError(CredtuiError):
    """The system refuses something that is needed from the start, such as open files."""

    code = "shortage"


class NotConfirmedError(CredtuiError):
    """The person did not answer yes, or there is no person to ask."""

    code = "not_confirmed"


class SecretNotDeliveredError(CredtuiError):
    """A new secret could not be written to standard output, or is not valid any more."""

    code = "secret_not_delivered"
