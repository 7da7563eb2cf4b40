"""A process that holds a lease in a store until its standard input ends."""

import sys
from pathlib import Path

from tests.store.test_contract import hold_lease
from tests.stores import STORES


def main() -> None:
    """Take the store's name and its folder as arguments."""
    name, folder = sys.argv[1:]
    with hold_lease(STORES[name](Path(folder))):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
