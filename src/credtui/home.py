"""Where an installation is kept, and the one choice of a store.

sshd asks whose a key is and waits for the answer, so this module imports little.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from credtui.domain.errors import ExtraMissingError
    from credtui.store.copying import Copyable
    from credtui.store.port import OperatorKeys, Store
    from credtui.store.postgres.migrate import Migration
    from credtui.store.postgres.status import Status

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
        return Home(*map(Path, files_in(str(folder))))
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


def files_in(home: str) -> tuple[str, str]:
    """Return the configuration file and the data folder of an installation in the folder `home`."""
    return f"{home}/{_FILE_NAME}", f"{home}/store"


def open_store(folder: "Path", url: str = "", *, require_synchronous: bool = False) -> "Store":
    """Return the store that keeps an installation's data.

    Args:
        folder: The folder that keeps the data.
        url: The database that keeps the data in place of the folder; empty if there is none.
        require_synchronous: Refuse a change that no standby of the database has to confirm.

    Raises:
        ExtraMissingError: A database needs the extra `postgres`.
    """
    if not url:
        from credtui.store.tinydb.store import TinyDBStore

        return TinyDBStore(folder)
    try:
        from credtui.store.postgres.store import PostgresStore
    except ModuleNotFoundError:
        raise _extra_missing() from None
    return PostgresStore(url, require_synchronous=require_synchronous)


def migrate_database(url: str, application: str | None) -> "Migration":
    """Make or upgrade the tables of a database, as its owner.

    Args:
        url: The database.
        application: The role that credtui works as, if the owner is another one.

    Raises:
        ExtraMissingError: A database needs the extra `postgres`.
        StoreError: Nothing was changed.
    """
    try:
        from credtui.store.postgres.migrate import migrate
    except ModuleNotFoundError:
        raise _extra_missing() from None
    return migrate(url, application)


def database_status(url: str) -> "Status":
    """Return the state of a database.

    Raises:
        ExtraMissingError: A database needs the extra `postgres`.
        StoreError: The database can't be reached.
    """
    try:
        from credtui.store.postgres.status import read_status
    except ModuleNotFoundError:
        raise _extra_missing() from None
    return read_status(url)


def open_copyable(named: str) -> "Copyable":
    """Return a store that `credtui store copy` copies, or copies to.

    Args:
        named: A data folder, or the address of a database.

    Raises:
        InvalidConfigurationError: The address isn't valid, or has a password.
        ExtraMissingError: A database needs the extra `postgres`.
    """
    from pathlib import Path

    if "://" not in named:
        from credtui.store.tinydb.copying import TinyDBCopyable

        return TinyDBCopyable(Path(named))
    from credtui.domain.errors import InvalidConfigurationError
    from credtui.domain.store_url import why_not_store_url

    if why_not := why_not_store_url(named):
        raise InvalidConfigurationError(f"The address of a database {why_not}.")
    try:
        from credtui.store.postgres.copying import PostgresCopyable
    except ModuleNotFoundError:
        raise _extra_missing() from None
    return PostgresCopyable(named)


def open_operator_keys(configuration_file: str, folder: str) -> "OperatorKeys":
    """Return the part of that store which finds operators by their keys, and needs no models.

    The configuration is read only for the address of a database.

    Raises:
        InvalidConfigurationError: The file can't be read, or isn't TOML.
        ExtraMissingError: A database needs the extra `postgres`.
    """
    if url := _store_url(configuration_file):
        try:
            from credtui.store.postgres.operator_keys import PostgresOperatorKeys
        except ModuleNotFoundError:
            raise _extra_missing() from None
        return PostgresOperatorKeys(url)
    from credtui.store.tinydb.operator_keys import TinyDBOperatorKeys

    return TinyDBOperatorKeys(folder)


def _store_url(configuration_file: str) -> str | None:
    if url := os.environ.get("CREDTUI_STORE_URL"):
        return url
    try:
        with open(configuration_file, "rb") as file:  # noqa: PTH123  # pathlib takes longer to load
            content = file.read()
    except FileNotFoundError:
        return None
    # Operators get in while any other part of the file is wrong.
    if b"store" not in content:
        return None
    import tomllib

    try:
        table = tomllib.loads(content.decode("utf-8-sig")).get("store")
    except ValueError as error:
        from credtui.domain.errors import InvalidConfigurationError

        raise InvalidConfigurationError(
            f"{configuration_file}: it must be TOML in UTF-8: {error}."
        ) from None
    return table.get("url") if isinstance(table, dict) else None


def _extra_missing() -> "ExtraMissingError":
    from credtui.domain.errors import ExtraMissingError

    return ExtraMissingError(
        "A database as the store needs credtui's extra postgres. Add it with what installed "
        "credtui: pip install 'credtui[postgres]', pipx inject credtui 'credtui[postgres]' or "
        "uv tool install 'credtui[postgres]'."
    )
