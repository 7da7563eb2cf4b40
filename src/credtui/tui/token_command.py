"""The command that requests an access token."""

from shlex import quote

from credtui.domain.models import Environment


def token_command(environment: Environment, organization: str, client_id: str) -> str:
    """Return a command for any POSIX shell that requests an access token.

    The command doesn't hold the secret, which would get into a history and a list of processes.
    curl asks for it on the terminal, as the password of HTTP Basic, and doesn't show it.
    """
    audience = environment.audience_for(organization)
    return " \\\n  ".join(
        (
            f"curl --user {quote(client_id)}",
            "--data grant_type=client_credentials",
            "--data-urlencode",
            f"  {quote(f'audience={audience}')}",
            quote(environment.token_url),
        )
    )
