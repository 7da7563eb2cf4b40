"""The token endpoint: what OAuth 2.0 clients talk to. Needs the extra `server`."""

from credtui.composition import Credtui
from credtui.domain.errors import ServerError

__all__ = ["run_server"]


def run_server(credtui: Credtui, host: str, port: int, workers: int = 1) -> int:
    """Serve until told to stop by SIGTERM or SIGINT, and return the exit status.

    Raises:
        ServerError: The extra is not installed, or the server can't listen there.
        StoreError: The store can't be used.
    """
    try:
        from credtui.server import run
    except ModuleNotFoundError as error:
        raise ServerError(
            f"The token endpoint needs {error.name}. Install credtui with it: "
            "pip install 'credtui[server]'."
        ) from None
    return run.run_server(credtui, host, port, workers)
