"""The console script `credtui`, and `python -m credtui`."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence


def main() -> int:
    """Do what the command line says, and return the exit status."""
    try:
        run = _prepare()
    except (ImportError, OSError, MemoryError) as error:
        # What says so otherwise is what can't be loaded. The status is ExitCode.UNAVAILABLE.
        reason = getattr(error, "strerror", None) or str(error) or "memory is short"
        if sys.stderr is not None:
            sys.stderr.write(f"credtui: can't start: {reason}.\n")
        return 6
    return run(sys.argv[1:])


def _prepare() -> Callable[[Sequence[str]], int]:
    """Load what runs a command line, and return it."""
    # Looking for garbage among what is only being imported costs a seventh of the start.
    gc.set_threshold(100_000, 50, 50)
    # Nor need pydantic look for plugins among all that is installed, which would see secrets.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    # A crash must not write the memory to a file: a secret may be in it.
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Interrupted now, it ends without a word: there is nobody yet to catch the exception.
    catching = signal.getsignal(signal.SIGINT)
    if catching is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from credtui.cli.run import run

    signal.signal(signal.SIGINT, catching)
    return run


if __name__ == "__main__":
    sys.exit(main())
