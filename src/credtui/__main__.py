"""The console script `credtui`, and `python -m credtui`."""

import sys

from credtui.cli.run import run


def main() -> int:
    """Do what the command line says, and return the exit status."""
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
