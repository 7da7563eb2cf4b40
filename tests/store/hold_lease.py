"""A process that holds a lease in a store until its standard input ends."""

import sys
from pathlib import Path

from tests.store.test_contract import hold_lease
from tests.stores import open_store


def main() -> None:
    """Take the store's folder as an argument."""
    with hold_lease(open_store(Path(sys.argv[1]))):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
