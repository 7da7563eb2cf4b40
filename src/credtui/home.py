"""Where an installation is kept, and the one choice of a store.

sshd asks whose a key is and waits for the answer, so this module imports little.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from credtui.store.port import OperatorKeys, Store

_FILE_NAME = "credtui.toml"


class Home(NamedTuple):
    """Where an installation keeps its configuration and its data."""

    configuration_file: "Path"
    store_folder: "Path"


def find_home(environ: Mapping[str, str] = os.environ) -> Home:
    """Return the home in the folder that CREDTUI_HOME names, or in the platform's usual folders.

    Raises:
        InvalidConfigurationError: CREDTUI_HOME can't name a folder, or the account has no home
            folder.
    """
    from pathlib import Path

    from credtui.domain.errors import InvalidConfigurationError

    if named := environ.get("CREDTUI_HOME"):
        try:
            folder = Path(named).expanduser().absolute()
        except (RuntimeError, OSError):
            from credtui.domain.names import quotable

            raise InvalidConfigurationError(
                "environment variable CREDTUI_HOME: it must be a folder; "
                f"not {quotable(repr(named), 200)}."
            ) from None
        return Home(folder / _FILE_NAME, Path(store_folder(str(folder))))
    from platformdirs import user_config_path, user_data_path

    try:
        return Home(
            user_config_path("credtui", appauthor=False) / _FILE_NAME,
            user_data_path("credtui", appauthor=False) / "store",
        )
    except RuntimeError:
        raise InvalidConfigurationError(
            "This account has no home folder; name one in the environment variable CREDTUI_HOME."
        ) from None


def store_folder(home: str) -> str:
    """Return the folder with the data of an installation that is in the folder `home`."""
    return f"{home}/store"


def open_store(folder: "Path") -> "Store":
    """Return the store that keeps an installation's data in a folder."""
    from credtui.store.tinydb.store import TinyDBStore

    return TinyDBStore(folder)


def open_operator_keys(folder: str) -> "OperatorKeys":
    """Return the part of that store which finds operators by their keys, and needs no models."""
    from credtui.store.tinydb.operator_keys import TinyDBOperatorKeys

    return TinyDBOperatorKeys(folder)
