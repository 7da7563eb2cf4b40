"""The exit status of every error, and what the help says about each status."""

from enum import IntEnum

from credtui.domain.errors import CredtuiError


class ExitCode(IntEnum):
    """An exit status, with its meaning for a script."""

    meaning: str

    OK = 0, "done"
    UNEXPECTED = 1, "an error in credtui itself"
    USAGE = (
        2,
        "wrong command line or configuration, no terminal for the portal, an extra is missing",
    )
    REFUSED = 3, "a rule or the person who was asked said no; nothing was changed"
    DENIED = 4, "the operator's permission does not allow this; nothing was changed"
    NOT_FOUND = 5, "no such credential, operator, key or organization"
    UNAVAILABLE = (
        6,
        (
            "disk, files or memory are short, the store is busy, read-only, moved, out of reach or "
            "not migrated, or the port is taken"
        ),
    )
    DAMAGED = 7, "the store is damaged, was tampered with, or is from a later version"
    UNDELIVERED = (
        8,
        "a new secret could not be written, or was replaced meanwhile: rotate the credential",
    )
    PERHAPS_NOT_DURABLE = 9, "done, but it may not survive a power cut: check the disk"
    UNKNOWN = (
        10,
        "whether it was done is not known: look first; a new secret may be the valid one",
    )
    INTERRUPTED = 130, "interrupted from the keyboard"
    BROKEN_PIPE = 141, "the reader of standard output has gone"

    def __new__(cls, value: int, meaning: str) -> "ExitCode":
        """Make a status that has a meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


_BY_CODE = {
    "usage": ExitCode.USAGE,
    "no_terminal": ExitCode.USAGE,
    "extra_missing": ExitCode.USAGE,
    "invalid_configuration": ExitCode.USAGE,
    "invalid_organization": ExitCode.USAGE,
    "permission_denied": ExitCode.DENIED,
    "command_refused": ExitCode.USAGE,
    "no_such_credential": ExitCode.NOT_FOUND,
    "no_such_key": ExitCode.NOT_FOUND,
    "no_such_operator": ExitCode.NOT_FOUND,
    "no_such_organization": ExitCode.NOT_FOUND,
    "server_unavailable": ExitCode.UNAVAILABLE,
    "shortage": ExitCode.UNAVAILABLE,
    "store_unavailable": ExitCode.UNAVAILABLE,
    "store_busy": ExitCode.UNAVAILABLE,
    "store_moved": ExitCode.UNAVAILABLE,
    "store_unfinished": ExitCode.UNAVAILABLE,
    "copy_differs": ExitCode.DAMAGED,
    "store_corrupt": ExitCode.DAMAGED,
    "store_too_new": ExitCode.DAMAGED,
    "audit_tampered": ExitCode.DAMAGED,
    "secret_not_delivered": ExitCode.UNDELIVERED,
    "perhaps_not_durable": ExitCode.PERHAPS_NOT_DURABLE,
    "outcome_unknown": ExitCode.UNKNOWN,
}


def exit_code(error: CredtuiError) -> ExitCode:
    """Return the exit status of an error."""
    return _BY_CODE.get(error.code, ExitCode.REFUSED)
