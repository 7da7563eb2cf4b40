"""The console script `credtui`, and `python -m credtui`."""

import gc
import os
import sys
from collections.abc import Callable, Sequence


def main() -> int:
    """Do what the command line says, and return the exit status."""
    try:
        if "authorized-keys" in sys.argv:  # sshd waits for the answer
            from credtui.cli.commands.authorized_keys import answer_at_once

            if answer_at_once(sys.argv[1:]):
                return 0
        run = _prepare()
    except (ImportError, OSError, MemoryError) as error:
        # The module that reports errors may have failed to load. 6 is ExitCode.UNAVAILABLE.
        reason = getattr(error, "strerror", None) or str(error) or "memory is short"
        if sys.stderr is not None:
            sys.stderr.write(f"credtui: can't start: {reason}.\n")
        return 6
    return run(sys.argv[1:])


def _prepare() -> Callable[[Sequence[str]], int]:
    """Prepare the process, and return the function that runs a command line."""
    # Collecting garbage while modules are imported takes a seventh of the start.
    gc.set_threshold(100_000, 50, 50)
    # pydantic would look for plugins among all installed packages, and a plugin sees secrets.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    # A crash must not write the process's memory, with a secret in it, to a file.
    import resource
    import signal

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nothing catches KeyboardInterrupt until `run` does, so an interrupt ends the process at once.
    catching = signal.getsignal(signal.SIGINT)
    if catching is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from credtui.cli.run import run

    signal.signal(signal.SIGINT, catching)
    return run


if __name__ == "__main__":
    sys.exit(main())
