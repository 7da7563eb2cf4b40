"""The page Operators, and going to another organization."""

import base64

from textual.widgets import Button, Input

from credtui.domain.permissions import Operator, Permission
from credtui.domain.ssh_keys import parse_public_key
from credtui.tui.dialogs.confirm import ConfirmDialog
from credtui.tui.dialogs.operator import OperatorDialog
from credtui.tui.dialogs.organization import OrganizationDialog
from credtui.tui.pages.operators import OperatorsPage
from tests.support import ALICE
from tests.tui.apps import BOB, Session, Stage, portal


def make_key(number: int, comment: str) -> str:
    """An SSH public key that nobody has."""
    fields = (b"ssh-ed25519", bytes([number]) * 32)
    data = b"".join(len(field).to_bytes(4) + field for field in fields)
    return f"ssh-ed25519 {base64.b64encode(data).decode()} {comment}"


LAPTOP, DESK = make_key(1, "bob@laptop"), make_key(2, "bob@desk")
LAPTOP_FINGERPRINT = parse_public_key(LAPTOP).fingerprint
DESK_FINGERPRINT = parse_public_key(DESK).fingerprint
REPRESENTATIVE = Operator(name="alice", representative=True)
EDITOR = Operator(name="bob", keys=(LAPTOP,), permissions={"acme": Permission.CAN_EDIT})


async def _open(session: Session) -> OperatorsPage:
    await session.click_on("Operators")
    await session.see("Add Operator")
    return session.one("OperatorsPage", OperatorsPage)


def _operators(stage: Stage) -> dict[str, Operator]:
    service = stage.installation.operator_service(ALICE)
    return {operator.name: operator for operator in service.operators()}


async def test_without_operators_it_says_how_the_first_is_added(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.see("There are no operators yet, so everyone who runs credtui here may edit.")
        await session.see("everyone else is locked out. Add yourself first, as alice.")
        await session.press("n")
        await session.at(OperatorDialog)
        assert session.one("#name", Input).value == "alice"
        await session.see("Can Edit, as a representative")
        await session.press("tab", "space")
        await session.see("The first operator must be a representative")
        await session.press("ctrl+s")
        await session.see("Representative: Can Edit everywhere · 0 SSH keys")
    assert _operators(demo)["alice"].representative


async def test_an_operator_is_added_with_permissions_and_a_key(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE)
    demo.installation.operator_service(ALICE).create_organization("globex", "uat")
    async with portal(demo) as session:
        await _open(session)
        await session.see("alice")
        await session.click_on("Add Operator")
        await session.at(OperatorDialog)
        await session.write("bob")
        await session.press("tab", "down", "space", "down", "enter", "enter")
        await session.press("tab")
        await session.paste(LAPTOP)
        await session.see(LAPTOP_FINGERPRINT)
        await session.press("enter")
        await session.see(f"{LAPTOP_FINGERPRINT} bob@laptop")
        assert session.one("#key", Input).value == ""
        await session.paste(DESK)
        await session.see(DESK_FINGERPRINT)
        await session.click_on("Save")
        await session.see("Can View in acme · 1 other organization · 2 SSH keys")
    bob = _operators(demo)["bob"]
    assert bob.permissions == {"acme": Permission.CAN_VIEW, "globex": Permission.CAN_EDIT}
    assert bob.keys == (LAPTOP, DESK)
    assert not bob.representative


async def test_names_and_keys_are_judged_as_they_are_typed(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    async with portal(demo) as session:
        await _open(session)
        await session.press("n")
        await session.at(OperatorDialog)
        assert session.one("#confirm", Button).disabled
        await session.write("Bob")
        await session.see("An operator's name has 1 to 32 lower-case letters")
        await session.press("ctrl+u")
        await session.write("bob")
        await session.see("There is already an operator bob.")
        await session.press("2")
        await session.see_no("There is already an operator bob.")
        assert not session.one("#confirm", Button).disabled
        session.one("#key", Input).focus()
        await session.paste("ssh-ed25519 AAAA")
        await session.see("What follows ssh-ed25519 is not such a key")
        assert session.one("#confirm", Button).disabled
        await session.press("ctrl+s", "enter")
        await session.at(OperatorDialog)
        await session.press("escape")
        await session.see_no("SSH public keys")
    assert list(_operators(demo)) == ["alice", "bob"]


async def test_what_the_service_refuses_is_asked_again(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    async with portal(demo) as session:
        await _open(session)
        await session.press("n")
        await session.at(OperatorDialog)
        await session.write("carol")
        session.one("#key", Input).focus()
        await session.paste(LAPTOP)
        await session.press("ctrl+s")
        await session.see(f"The key {LAPTOP_FINGERPRINT} identifies bob already.")
        assert session.one("#name", Input).value == "carol"


async def test_an_operator_is_edited(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    async with portal(demo) as session:
        await _open(session)
        await session.see("Can Edit in acme · 1 SSH key")
        await session.press("j", "enter")
        await session.see("Edit bob")
        await session.press("down", "space")
        await session.see("No access")
        await session.press("tab", "d")
        await session.see("SSH public keys: none")
        await session.press("ctrl+s")
        await session.see("No access in acme · 0 SSH keys")
    assert _operators(demo)["bob"] == Operator(name="bob")
    # A change in the portal is one event, which says what the operator lost.
    event = demo.installation.operator_service(ALICE).events()[0]
    assert event.detail == f"-acme: Can Edit, -key {LAPTOP_FINGERPRINT}"


async def test_only_what_was_changed_is_saved(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    manager = demo.installation.operator_service(ALICE)
    manager.create_organization("globex", "uat")
    async with portal(demo) as session:
        await _open(session)
        await session.see("bob")
        await session.press("j", "e")
        await session.at(OperatorDialog)
        manager.set("bob", permissions={"acme": Permission.CAN_VIEW}, add_keys=[DESK])
        await session.press("down", "down", "space", "ctrl+s")
        await session.see("bob is changed.")
    bob = _operators(demo)["bob"]
    assert bob.permissions == {"acme": Permission.CAN_VIEW, "globex": Permission.CAN_VIEW}
    assert bob.keys == (LAPTOP, DESK)


async def test_the_last_representative_stays(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    async with portal(demo) as session:
        await _open(session)
        await session.see("Representative: Can Edit everywhere")
        await session.press("e")
        await session.at(OperatorDialog)
        await session.press("space", "ctrl+s")
        await session.see("This is the last representative")
        await session.press("escape", "d")
        await session.at(ConfirmDialog)
        await session.press("y")
        await session.see("This is the last representative")
    assert _operators(demo)["alice"].representative


async def test_removal_is_confirmed_first(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    async with portal(demo) as session:
        await _open(session)
        await session.see("bob")
        await session.press("j", "d")
        await session.at(ConfirmDialog)
        await session.see("They lose access to every organization.")
        assert session.focused == "Cancel"
        await session.press("enter")
        await session.see_no("Remove Operator")
        await session.press("d")
        await session.at(ConfirmDialog)
        await session.press("y")
        await session.see("bob is removed.")
        await session.see_no("Can Edit in acme")
    assert list(_operators(demo)) == ["alice"]


async def test_what_another_representative_does_appears(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE)
    async with portal(demo) as session:
        await _open(session)
        demo.installation.operator_service(ALICE).add("carol")
        await session.see("carol")
        await session.see("No access in acme · 0 SSH keys")


async def test_who_is_no_representative_finds_no_such_page(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    async with portal(demo, BOB) as session:
        await session.see_no("Operators")


async def test_who_is_a_representative_no_longer_sees_nobody(demo: Stage) -> None:
    boss = Operator(name="bob", representative=True)
    demo.set_operators(REPRESENTATIVE, boss)
    async with portal(demo, BOB) as session:
        await _open(session)
        await session.see("Representative: Can Edit everywhere")
        demo.set_operators(REPRESENTATIVE, EDITOR)
        await session.see("Only a representative may manage operators.")
        await session.see_no("Operators ◂")
        await session.see_no("alice")
        await session.press("n")
        assert not isinstance(session.app.screen, OperatorDialog)
        await session.click_on("Activity")
        await session.see("10 events")


# Another organization


async def test_a_representative_goes_to_another_organization(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE)
    demo.installation.operator_service(ALICE).create_organization("globex", "uat")
    async with portal(demo) as session:
        await _open(session)
        await session.press("o")
        await session.at(OrganizationDialog)
        await session.see("acme (open)")
        await session.write("glo")
        await session.see_no("acme (open)")
        await session.press("enter")
        await session.see("globex · uat")
        await session.see("Representative: Can Edit everywhere")
        await session.click_on("Credentials")
        await session.see("There are no API credentials yet.")


async def test_an_operator_goes_where_they_have_a_permission(demo: Stage) -> None:
    bob = EDITOR.model_copy(
        update={
            "permissions": {
                "acme": Permission.CAN_EDIT,
                "globex": Permission.CAN_VIEW,
                "hooli": Permission.NO_ACCESS,
            }
        }
    )
    demo.set_operators(REPRESENTATIVE, bob)
    manager = demo.installation.operator_service(ALICE)
    for name in ("globex", "hooli", "initech"):
        manager.create_organization(name, "uat")
    async with portal(demo, BOB) as session:
        await session.press("o")
        await session.at(OrganizationDialog)
        await session.see("globex")
        assert not session.app.screen.query("#create")
        for name in ("hooli", "initech"):
            assert name not in session.everything()
        await session.write("init")
        await session.see("You have access to no organization with this in its name.")
        await session.press("enter")
        assert isinstance(session.app.screen, OrganizationDialog)
        await session.press("ctrl+u")
        await session.write("glo")
        await session.press("enter")
        await session.see("globex · uat")
        await session.see("bob · Can View")


async def test_who_has_no_permission_elsewhere_is_told(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    demo.installation.operator_service(ALICE).create_organization("globex", "uat")
    async with portal(demo, BOB) as session:
        await session.press("o")
        await session.see("You have access to no organization but acme.")
        assert not isinstance(session.app.screen, OrganizationDialog)


async def test_arrows_choose_an_organization(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE)
    demo.installation.operator_service(ALICE).create_organization("globex", "uat")
    async with portal(demo) as session:
        await session.press("o")
        await session.at(OrganizationDialog)
        await session.press("down", "enter")
        await session.see("globex · uat")


async def test_a_representative_creates_an_organization(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE)
    async with portal(demo) as session:
        await session.press("o")
        await session.at(OrganizationDialog)
        await session.write("Initech")
        await session.see("An organization's name has 1 to 40 lower-case letters")
        assert session.one("#create", Button).disabled
        await session.press("ctrl+u")
        await session.write("initech")
        await session.click_on("Create")
        await session.see("initech · uat")
    assert "initech" in demo.installation.operator_service(ALICE).organizations()
