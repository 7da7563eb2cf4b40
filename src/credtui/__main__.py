"""The console script `credtui`, and `python -m credtui`."""

import gc
import os
import resource
import signal
import sys


def main() -> int:
    """Do what the command line says, and return the exit status."""
    # Looking for garbage among what is only being imported costs a seventh of the start.
    gc.set_threshold(100_000, 50, 50)
    # Nor need pydantic look for plugins among all that is installed, which would see secrets.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    # A crash must not write the memory to a file: a secret may be in it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Interrupted now, it ends without a word: there is nobody yet to catch the exception.
    catching = signal.getsignal(signal.SIGINT)
    if catching is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from credtui.cli.run import run

    signal.signal(signal.SIGINT, catching)
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
