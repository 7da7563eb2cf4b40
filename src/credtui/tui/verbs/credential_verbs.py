"""Everything that can be done to credentials, in the order in which it is offered."""

from credtui.tui.verbs.copy import CopyClientId
from credtui.tui.verbs.credential_verb import CredentialVerb
from credtui.tui.verbs.delete import Delete
from credtui.tui.verbs.details import Details
from credtui.tui.verbs.edit import Edit
from credtui.tui.verbs.generate import Generate
from credtui.tui.verbs.identify import Identify
from credtui.tui.verbs.make_primary import MakePrimary
from credtui.tui.verbs.replace import Replace
from credtui.tui.verbs.rotate import Rotate
from credtui.tui.verbs.try_it import TryIt

GENERATE, TRY_IT, IDENTIFY = Generate(), TryIt(), Identify()

CREDENTIAL_VERBS: tuple[CredentialVerb, ...] = (
    GENERATE,
    Rotate(),
    Edit(),
    MakePrimary(),
    Delete(),
    Replace(),
    Details(),
    CopyClientId(),
    TRY_IT,
    IDENTIFY,
)
