"""An OAuth client: a credential, and from where it may be used, at one moment."""

from functools import lru_cache
from typing import NamedTuple

from credtui.domain.models import StoredCredential
from credtui.domain.networks import is_allowed
from credtui.domain.place import Place


class Client(NamedTuple):
    """A client, as a store keeps it at one moment.

    Attributes:
        place: Where its credential is kept.
        credential: Its credential.
        networks: The networks, in CIDR notation, from which its organization's credentials may be
            used. When there are none, they may be used from everywhere.
    """

    place: Place
    credential: StoredCredential
    networks: tuple[str, ...] = ()

    @property
    def client_id(self) -> str:
        """Its Client ID."""
        return self.credential.client_id

    def may_come_from(self, address: str) -> bool:
        """Tell whether it may be used from an address."""
        return not self.networks or _is_allowed(address, self.networks)


@lru_cache(maxsize=4096)
def _is_allowed(address: str, networks: tuple[str, ...]) -> bool:
    return is_allowed(address, networks)
