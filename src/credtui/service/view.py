"""What people may see of an organization."""

from collections.abc import AsyncGenerator, Sequence

from credtui.domain.audit import Action, AuditEvent
from credtui.domain.clock import Clock
from credtui.domain.models import Environment
from credtui.domain.names import parse_organization
from credtui.domain.page import Page
from credtui.domain.permissions import Actor, Permission
from credtui.domain.place import Place
from credtui.domain.standing import OrganizationStanding
from credtui.service.attempts import Attempts
from credtui.store.port import PAGE, Store


class OrganizationView:
    """One organization in one environment, as one actor may see it.

    Attributes:
        environment: The environment.
        organization: The organization's name.
        actor: Who looks.
        clock: The present moment.
    """

    def __init__(
        self,
        store: Store,
        environment: Environment,
        organization: str,
        actor: Actor,
        clock: Clock,
    ) -> None:
        self.environment = environment
        self.organization = parse_organization(organization)
        self.actor = actor
        self.clock = clock
        self._store = store
        self._place = Place(environment.name, organization)
        self._attempts = Attempts(store, actor, clock)

    @property
    def audience(self) -> str:
        """The audience of the organization's access tokens."""
        return self.environment.audience_for(self.organization)

    def page(self) -> Page:
        """Return what the actor may see."""
        return self._page(self._standing())

    def version(self) -> object:
        """Return a value that changes whenever the result of `page` does.

        Usage changes once a second while a credential is in use.
        """
        return self._store.version(self._place)

    def changes(self) -> AsyncGenerator[None, None]:
        """Yield at once, and then whenever the result of `page` may have changed.

        The caller closes the generator, on the event loop on which it runs.
        """
        return self._store.changes(self._place)

    def hazards(self, *, of_changes: bool = False) -> Sequence[str]:
        """Return what endangers the store; see `Store.hazards`."""
        return self._store.hazards(of_changes=of_changes)

    def view(self) -> Page:
        """Return the page, if the actor may see anything.

        Raises:
            PermissionDeniedError: The actor has no access. The attempt leaves an audit event.
        """
        standing = self._standing()
        self._attempts.refuse(Action.VIEW, standing.why_not_enter(), self.organization)
        self._attempts.refuse(Action.VIEW, standing.why_not(Permission.CAN_VIEW), None, self._place)
        return self._page(standing)

    def events(self, before: int | None = None, limit: int = PAGE) -> Sequence[AuditEvent]:
        """Return audit events of the organization, newest first.

        Args:
            before: Return events with lower numbers only; None to begin with the latest.
            limit: How many to return at most.

        Raises:
            PermissionDeniedError: The actor has no access.
        """
        self.view()
        return self._store.events(self._place, before, limit)

    def verify_events(self) -> AuditEvent | None:
        """Check the audit log for tampering, and return its last event, None if there is none.

        Raises:
            PermissionDeniedError: The actor has no access.
            AuditTamperedError: The log was tampered with.
        """
        self.view()
        return self._store.verify_events(self._place)

    def _standing(self) -> OrganizationStanding:
        return self._store.standing_in(self.organization, self.actor)

    def _page(self, standing: OrganizationStanding) -> Page:
        if standing.permission < Permission.CAN_VIEW:
            return Page(permission=standing.permission)
        # Look twice: a dialog may open before the organization is read, or close afterwards.
        leases = [*self._store.leases(self._place)]
        organization = self._store.load(self._place)
        leases += self._store.leases(self._place)
        usage = self._store.usage(self._place)
        return Page(
            permission=standing.permission,
            representative=standing.is_representative,
            credentials=tuple(credential.public() for credential in organization.credentials),
            primary=organization.primary,
            networks=organization.networks,
            may_manage=standing.may_manage,
            grantor=standing.known_grantor,
            known=standing.known,
            leases=tuple(dict.fromkeys(leases)),
            usage={
                credential.client_id: usage[credential.client_id]
                for credential in organization.credentials
                if credential.client_id in usage
            },
        )
