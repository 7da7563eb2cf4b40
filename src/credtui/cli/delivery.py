"""Writing a new secret to standard output, and finding out whether that succeeded."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import F_GETFL, fcntl
from typing import Literal, TypeAlias

from credtui.cli.errors import SecretNotDeliveredError, UsageError
from credtui.cli.output import abandon_output, say
from credtui.domain.errors import DoubtError, OutcomeUnknownError, StoreError
from credtui.domain.models import IssuedSecret
from credtui.domain.refusals import CredentialChangedError, PermissionDeniedError
from credtui.service.credentials import CredentialService
from credtui.service.secret_file import Format, render

Form: TypeAlias = Literal["text", "env", "json"]


def ensure_reader() -> None:
    """Check, before a secret is issued, that it can be written to standard output.

    A rotation can't be undone: `rotate ID | no-such-program` must not cost the previous secret.

    Raises:
        UsageError: Standard output is closed or opened for reading only, or nothing reads from its
            pipe any more.
    """
    gone = sys.stdout is None
    if not gone:
        try:
            poll = select.poll()
            poll.register(sys.stdout.fileno(), select.POLLOUT)
            gone = any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
            gone |= fcntl(sys.stdout, F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        except (OSError, ValueError):
            pass  # standard output has no descriptor, such as a test's buffer
    if gone:
        raise UsageError(
            "Nobody reads standard output, so the secret would be lost. Nothing was changed."
        )


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay signals that would end the program before a new secret is written.

    On a slow disk, a person may press Ctrl+C while they wait. The signal takes effect when the
    context is left.
    """
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def deliver(service: CredentialService, issued: IssuedSecret, form: Form, done: str) -> None:
    """Write a new secret to standard output, and confirm it.

    Everything else goes to standard error.

    Args:
        service: The service that issued it.
        issued: The secret.
        form: How to write the secret; `text` is the secret alone.
        done: A sentence about what was done.

    Raises:
        SecretNotDeliveredError: The secret could not be written, and the credential stays marked
            as never seen; or somebody rotated the credential in the meantime.
        NoSuchCredentialError: Somebody deleted the credential in the meantime.
        DoubtError: The change that issued the secret is in doubt. The secret was written all the
            same.
    """
    credential, doubt = issued.credential, issued.doubt
    say(doubt.label if doubt else done)
    if form == "text":
        say(f"Audience   {issued.audience}")
        say(f"Client ID  {credential.client_id}")
    say("Save your secret now: it is displayed only once, and cannot be retrieved.")
    if sys.stdout.isatty():
        say("This terminal keeps it in its scrollback: clear that too.")
    with issued.lease:
        try:
            sys.stdout.write(_formatted(issued, form))
            sys.stdout.flush()
        except OSError as error:
            abandon_output()
            reason = (error.strerror or "it failed").lower()
            raise SecretNotDeliveredError(
                f"The secret of {credential.name} could not be written to standard output: "
                f"{reason}. Nobody has it: rotate {credential.client_id} again."
            ) from None
        if isinstance(doubt, OutcomeUnknownError):
            raise doubt  # confirm a secret only if it is known to be valid
        try:
            service.confirm(credential.client_id, seen=credential.generation, how="delivered")
        except CredentialChangedError:
            raise SecretNotDeliveredError(
                f"{credential.name} was rotated by somebody else meanwhile: the secret that was "
                "written is not valid any more. If you need one, rotate "
                f"{credential.client_id} again."
            ) from None
        except (StoreError, DoubtError, PermissionDeniedError) as error:
            # The secret is valid and delivered. Only the credential's mark may be wrong.
            say(f"The secret may stay marked as never seen. {error.args[0]}")
        if doubt:
            raise doubt


def _formatted(issued: IssuedSecret, form: Form) -> str:
    if form == "text":
        return issued.secret.get_secret_value() + "\n"
    return render(issued, Format[form.upper()])
