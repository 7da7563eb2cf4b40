"""An installation and its services. This module chooses their clock and source of randomness."""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from credtui.configuration import THEMES, Settings, load_settings
from credtui.domain.clock import Clock
from credtui.domain.permissions import Actor
from credtui.domain.secrets import RandomBytes
from credtui.home import Home, find_home, open_store
from credtui.service.credentials import CredentialService
from credtui.store.port import Store

if TYPE_CHECKING:
    from credtui.service.clients.service import ClientService
    from credtui.service.operators import OperatorService
    from credtui.service.preferences import PreferenceService


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class Installation:
    """An installation: its settings, its store, and the services that work on them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        clock: Clock = now,
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.random_bytes = random_bytes

    def service(
        self, actor: Actor, *, environment: str | None = None, organization: str | None = None
    ) -> CredentialService:
        """Return the service for an organization in an environment.

        By default, the environment and the organization are the configured ones.
        """
        return CredentialService(
            self.store,
            self.settings.find_environment(environment or self.settings.environment),
            organization or self.settings.organization,
            actor,
            clock=self.clock,
            random_bytes=self.random_bytes,
            bcrypt_cost=self.settings.bcrypt_cost,
        )

    def operator_service(self, actor: Actor) -> "OperatorService":
        """Return the service that manages operators and organizations."""
        from credtui.service.operators import OperatorService

        return OperatorService(self.store, actor, clock=self.clock)

    def preference_service(self, actor: Actor) -> "PreferenceService":
        """Return the service that keeps what an operator prefers."""
        from credtui.service.preferences import PreferenceService

        return PreferenceService(self.store, actor.operator)

    def theme_for(self, actor: Actor) -> str:
        """Return the theme that an operator chose, if it still exists; else the configured one."""
        chosen = self.preference_service(actor).theme
        return chosen if chosen in THEMES else self.settings.theme

    def client_service(self) -> "ClientService":
        """Return the service for clients of all configured environments.

        Raises:
            StoreError: The store can't be used.
        """
        from credtui.service.clients.service import ClientService

        settings = self.settings
        return ClientService(
            self.store,
            {name: settings.find_environment(name) for name in settings.environments},
            token_lifetime=settings.server.token_lifetime,
            introspection_clients=frozenset(settings.server.introspection_clients),
            clock=self.clock,
            random_bytes=self.random_bytes,
            bcrypt_cost=settings.bcrypt_cost,
        )

    def close(self) -> None:
        """Close the store. Don't use the services afterwards."""
        self.store.close()


def open_installation(
    *,
    home: Home | None = None,
    environ: Mapping[str, str] = os.environ,
    flags: Mapping[str, str | None] | None = None,
) -> Installation:
    """Return the installation in the folder CREDTUI_HOME, or in the platform's usual folders.

    Raises:
        InvalidConfigurationError: Its configuration isn't valid.
    """
    home = home or find_home(environ)
    settings = load_settings(home.configuration_file, environ=environ, flags=flags)
    store = open_store(
        home.store_folder,
        settings.store.url,
        require_synchronous=settings.store.require_synchronous,
    )
    return Installation(settings, store)
