"""What only the command line says no to."""

from credtui.domain.errors import CredtuiError


class UsageError(CredtuiError):
    """The command line can't be understood, or can't be followed here."""

    code = "usage"


class NoTerminalError(CredtuiError):
    """The portal has no terminal that it could be drawn on."""

    code = "no_terminal"


class ShortageError(CredtuiError):
    """The system doesn't give what is needed from the start, such as open files."""

    code = "shortage"


class NotConfirmedError(CredtuiError):
    """The person who was asked did not say yes, or there was nobody to ask."""

    code = "not_confirmed"


class SecretNotDeliveredError(CredtuiError):
    """A new secret could not be written to standard output, or is not valid any more."""

    code = "secret_not_delivered"
