"""How the command line writes an age, a moment and an organization."""

from datetime import datetime, timedelta
from typing import Any

from credtui.service.credentials import CredentialService


def days(delta: timedelta) -> str:
    """Return an age in whole days, as the portal's cards do."""
    return "1 day" if delta.days == 1 else f"{delta.days} days"


def minute(moment: datetime) -> str:
    """Return a moment in UTC to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def place(service: CredentialService) -> str:
    """Return the service's organization and environment, for a sentence."""
    return f"{service.organization} in {service.environment.name}"


def alarm(service: CredentialService) -> str:
    """Return what a question about production begins with; nothing elsewhere."""
    return "PRODUCTION: " if service.environment.production else ""


def where(service: CredentialService) -> dict[str, Any]:
    """Return the service's organization and environment, for JSON."""
    return {
        "organization": service.organization,
        "environment": service.environment.name,
        "production": service.environment.production,
        "audience": service.audience,
    }
