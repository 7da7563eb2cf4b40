"""The token endpoint, which OAuth 2.0 clients reach over HTTP. It needs the extra `server`."""

from credtui.domain.errors import ExtraMissingError
from credtui.installation import Installation

__all__ = ["run_server"]


def run_server(installation: Installation, host: str, port: int, workers: int = 1) -> int:
    """Run the token endpoint until SIGTERM or SIGINT, and return the exit status.

    Raises:
        ExtraMissingError: The extra is not installed.
        ServerError: The server can't listen on the host's port.
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
