"""The token endpoint: what OAuth 2.0 clients talk to. Needs the extra `server`."""

from credtui.domain.errors import ExtraMissingError
from credtui.installation import Installation

__all__ = ["run_server"]


def run_server(installation: Installation, host: str, port: int, workers: int = 1) -> int:
    """Serve until told to stop by SIGTERM or SIGINT, and return the exit status.

    Raises:
        ExtraMissingError: The extra is not installed.
        ServerError: The server can't listen there.
        StoreError: The store can't be used.
    """
    try:
        from credtui.server import run
    except ModuleNotFoundError:
        raise ExtraMissingError(
            "The token endpoint needs credtui's extra server. Add it with what installed credtui: "
            "pip install 'credtui[server]', pipx inject credtui 'credtui[server]' or "
            "uv tool install 'credtui[server]'."
        ) from None
    return run.run_server(installation, host, port, workers)
