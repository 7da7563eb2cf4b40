"""Pictures of the pages beside the credentials, and of their dialogs."""

from datetime import timedelta

import pytest
from textual.widgets import Input

from credtui.domain.permissions import Operator, Permission
from credtui.tui.dialogs.event import EventDialog
from credtui.tui.dialogs.networks import NetworksDialog
from credtui.tui.dialogs.operator import OperatorDialog
from credtui.tui.dialogs.organization import OrganizationDialog
from credtui.tui.dialogs.secret_question import SecretQuestion
from tests.support import ALICE
from tests.tui.apps import FAKE_SECRET, Session, Stage
from tests.tui.pages.test_operators import DESK, EDITOR, LAPTOP, REPRESENTATIVE
from tests.tui.test_pictures import Do, Pictures, pictures, pressing, small

__all__ = ["pictures", "small"]

CAROL = Operator(name="carol", representative=True)
VIEWER = Operator(name="alice", permissions={"acme": Permission.CAN_VIEW})


def opening(title: str, awaited: str, *then: Do) -> Do:
    """Open a page, wait for a text, and do what follows."""

    async def do(session: Session) -> None:
        await session.click_on(title)
        await session.see(awaited)
        for step in then:
            await step(session)

    return do


def seeing(*sentences: str) -> Do:
    async def do(session: Session) -> None:
        for sentence in sentences:
            await session.see(sentence)

    return do


def at(dialog: type) -> Do:
    async def do(session: Session) -> None:
        await session.at(dialog)

    return do


def writing(text: str) -> Do:
    async def do(session: Session) -> None:
        await session.write(text)

    return do


def with_operators(stage: Stage) -> Stage:
    stage.set_operators(
        REPRESENTATIVE,
        EDITOR.model_copy(update={"keys": (LAPTOP, DESK)}),
        Operator(name="dora", permissions={"globex": Permission.CAN_VIEW}),
    )
    stage.installation.operator_service(ALICE).create_organization("globex", "uat")
    return stage


class TestActivity:
    def test_events(self, pictures: Pictures) -> None:
        """What was done and refused, newest first."""
        assert pictures.same(pictures.stage(demo=True), opening("Activity", "10 events"))

    def test_smallest(self, small: Pictures) -> None:
        """Every column of the table in 60 columns."""
        small.size = (60, 20)
        assert small.same(small.stage(demo=True), opening("Activity", "10 events"))

    def test_filtered(self, pictures: Pictures) -> None:
        """Only what has both words."""
        do = opening(
            "Activity",
            "10 events",
            pressing("slash"),
            writing("bob sync"),
            seeing("2 of 10 events"),
        )
        assert pictures.same(pictures.stage(demo=True), do)

    def test_no_match(self, small: Pictures) -> None:
        """No event has the words."""
        do = opening(
            "Activity", "10 events", pressing("slash"), writing("zz"), seeing("No event has")
        )
        assert small.same(small.stage(demo=True), do)

    def test_verified(self, pictures: Pictures) -> None:
        """The log is intact."""
        do = opening("Activity", "10 events", pressing("y"), seeing("The log is intact."))
        assert pictures.same(pictures.stage(demo=True), do)

    def test_empty(self, pictures: Pictures) -> None:
        """Nothing happened yet."""
        do = opening("Activity", "0 events", seeing("Nothing has happened here yet."))
        assert pictures.same(pictures.stage(), do)

    def test_no_access(self, small: Pictures) -> None:
        """No access: no data."""
        stage = small.stage(demo=True)
        stage.set_operators(CAROL)
        assert small.same(stage, opening("Activity", "You have no access"))

    def test_details(self, pictures: Pictures) -> None:
        """All of a refused attempt."""
        do = opening("Activity", "10 events", pressing("enter"), at(EventDialog))
        assert pictures.same(pictures.stage(demo=True), do)

    def test_without_colour(self, small: Pictures) -> None:
        """No colours: the chosen event is seen without them."""
        do = opening("Activity", "10 events", pressing("j"))
        assert small.same(small.stage(demo=True), do, colours=0)

    def test_ascii(self, small: Pictures) -> None:
        """ASCII alone."""
        do = opening("Activity", "10 events")
        assert small.same(small.stage(demo=True), do, ascii_only=True)


class TestEnvironment:
    def test_representative(self, pictures: Pictures) -> None:
        """A representative can set the networks."""
        assert pictures.same(pictures.stage(demo=True), opening("Environment", "Token address"))

    def test_others(self, pictures: Pictures) -> None:
        """The networks can be read."""
        stage = pictures.stage(demo=True)
        stage.service(ALICE).set_networks(["10.0.0.0/8", "2001:db8::/32"])
        stage.set_operators(CAROL, VIEWER)
        assert pictures.same(stage, opening("Environment", "2001:db8::/32"))

    def test_networks(self, pictures: Pictures) -> None:
        """The dialog names a text that isn't a network."""
        do = opening(
            "Environment",
            "Token address",
            pressing("e"),
            at(NetworksDialog),
            writing("10.0.0.1/8"),
            seeing("do you mean"),
        )
        assert pictures.same(pictures.stage(demo=True), do)

    @pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=["80x24", "60x20"])
    def test_networks_that_shut_out_clients(self, small: Pictures, size: tuple[int, int]) -> None:
        """The dialog names the clients, and Save asks once more."""
        small.size = size
        stage = small.stage(demo=True)
        stage.use("Reporting batch", timedelta(hours=2), address="203.0.113.44")
        stage.use("Payout gateway", timedelta(minutes=5), address="2001:db8:1:2:3:4:5:6")
        do = opening(
            "Environment",
            "Token address",
            pressing("e"),
            at(NetworksDialog),
            writing("10.0.0.0/8"),
            pressing("ctrl+s"),
            seeing("Save anyway"),
        )
        assert small.same(stage, do)

    def test_no_access(self, small: Pictures) -> None:
        """No access: no data."""
        stage = small.stage(demo=True)
        stage.set_operators(CAROL)
        assert small.same(stage, opening("Environment", "You have no access"))

    def test_without_colour(self, small: Pictures) -> None:
        """No colours: the chosen value is seen without them."""
        do = opening("Environment", "Token address", pressing("j", "j"))
        assert small.same(small.stage(demo=True), do, colours=0)


class TestApiAccess:
    def test_command(self, pictures: Pictures) -> None:
        """How to request an access token."""
        do = opening("API access", "Copy Command")
        assert pictures.same(pictures.stage(demo=True), do)

    def test_the_rest(self, small: Pictures) -> None:
        """The answer, its use, and errors."""
        do = opening(
            "API access",
            "Copy Command",
            pressing("pagedown", "pagedown"),
            seeing("temporarily_unavailable"),
        )
        assert small.same(small.stage(demo=True), do)

    def test_empty(self, small: Pictures) -> None:
        """No credential to use."""
        do = opening("API access", "Generate one on the page Credentials")
        assert small.same(small.stage(), do)

    def test_try_it(self, pictures: Pictures) -> None:
        """Asks for the secret."""
        do = opening("API access", "Copy Command", pressing("t"), at(SecretQuestion))
        assert pictures.same(pictures.stage(demo=True), do)

    def test_identified(self, pictures: Pictures) -> None:
        """Whose secret it was."""
        stage = pictures.stage(demo=True)

        async def ask(session: Session) -> None:
            session.one("#secret", Input).value = FAKE_SECRET
            await session.press("enter")

        do = opening(
            "API access",
            "Copy Command",
            pressing("w"),
            at(SecretQuestion),
            ask,
            seeing("generation"),
        )
        assert pictures.same(stage, do)

    def test_without_colour(self, small: Pictures) -> None:
        """No colours: the chosen credential is seen without them."""
        do = opening("API access", "Copy Command", pressing("j"))
        assert small.same(small.stage(demo=True), do, colours=0)


class TestOperators:
    def test_none(self, pictures: Pictures) -> None:
        """How the first operator is added."""
        do = opening("Operators", "There are no operators")
        assert pictures.same(pictures.stage(demo=True), do)

    def test_some(self, pictures: Pictures) -> None:
        """A representative, an editor, and one without access here."""
        do = opening("Operators", "dora")
        assert pictures.same(with_operators(pictures.stage(demo=True)), do)

    def test_first(self, small: Pictures) -> None:
        """The first operator is a representative."""
        do = opening("Operators", "There are no operators", pressing("n"), at(OperatorDialog))
        assert small.same(small.stage(demo=True), do)

    def test_edit(self, pictures: Pictures) -> None:
        """Permissions and keys of an operator, and why a text is no key."""
        do = opening(
            "Operators",
            "dora",
            pressing("j", "e"),
            at(OperatorDialog),
            pressing("tab", "tab"),
            writing("ssh-dss AAAA"),
            seeing("A public key begins with"),
        )
        assert pictures.same(with_operators(pictures.stage(demo=True)), do)

    def test_edit_ascii(self, small: Pictures) -> None:
        """ASCII alone."""
        do = opening("Operators", "dora", pressing("j", "e"), at(OperatorDialog))
        stage = with_operators(small.stage(demo=True))
        assert small.same(stage, do, ascii_only=True)

    def test_remove(self, small: Pictures) -> None:
        """What a removal means."""
        do = opening("Operators", "dora", pressing("j", "d"), seeing("They lose access"))
        assert small.same(with_operators(small.stage(demo=True)), do)

    def test_without_colour(self, small: Pictures) -> None:
        """No colours: the chosen operator is seen without them."""
        do = opening("Operators", "dora", pressing("j"))
        assert small.same(with_operators(small.stage(demo=True)), do, colours=0)


class TestOrganization:
    def test_choice(self, pictures: Pictures) -> None:
        """Which organizations there are."""
        stage = with_operators(pictures.stage(demo=True))

        async def do(session: Session) -> None:
            await session.press("o")
            await session.at(OrganizationDialog)

        assert pictures.same(stage, do)

    def test_new(self, small: Pictures) -> None:
        """A name that can't be one."""
        stage = with_operators(small.stage(demo=True))

        async def do(session: Session) -> None:
            await session.press("o")
            await session.at(OrganizationDialog)
            await session.write("Initech!")
            await session.see("An organization's name has")

        assert small.same(stage, do)
