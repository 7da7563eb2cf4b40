"""What a command works with."""

import os
from collections.abc import Mapping
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from credtui.cli.caller import local_actor
from credtui.cli.output import put_json, say

if TYPE_CHECKING:
    from credtui.domain.permissions import Actor
    from credtui.installation import Installation
    from credtui.service.credentials import CredentialService
    from credtui.service.operators import OperatorService

NOTHING_SAID = SimpleNamespace(command=None, organization=None, environment=None)
"""The arguments of a command line without words."""


class Session:
    """One run of a command, or of the portal.

    The installation is opened when a command first uses it: some commands need none.

    Attributes:
        arguments: What the command line said.
        environ: The environment variables, which say where the installation is.
        forced: True for the forced command of an SSH key: the person has no shell here.
    """

    def __init__(
        self,
        arguments: SimpleNamespace,
        environ: Mapping[str, str] = os.environ,
        *,
        actor: "Actor | None" = None,
        forced: bool = False,
    ) -> None:
        self.arguments = arguments
        self.environ = environ
        self.forced = forced
        if actor:
            self.actor = actor

    @cached_property
    def actor(self) -> "Actor":
        """Who runs the command."""
        return local_actor("command line" if self.arguments.command else "portal")

    @cached_property
    def installation(self) -> "Installation":
        """The installation.

        Raises:
            InvalidConfigurationError: Its configuration isn't valid.
        """
        from credtui.installation import open_installation

        said = self.arguments
        flags = {"organization": said.organization, "environment": said.environment}
        return open_installation(environ=self.environ, flags=flags)

    @cached_property
    def service(self) -> "CredentialService":
        """The service for the organization and environment that were asked for."""
        return self.installation.service(self.actor)

    @cached_property
    def operator_service(self) -> "OperatorService":
        """The service that manages operators and organizations."""
        return self.installation.operator_service(self.actor)

    def report(self, done: str, facts: Mapping[str, Any]) -> None:
        """Report a change: to a person in a sentence, and as JSON if the command line asks for it.

        The facts must not come from another look at the store, which could fail: the change is
        made.
        """
        say(done)  # first, because writing to standard output may fail
        if self.arguments.json:
            put_json(facts)
