"""Production looks like production, whatever the environment is named."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Button

from credtui.configuration import EnvironmentSettings
from credtui.domain.permissions import Actor, Operator
from credtui.tui.dialogs.environment import EnvironmentDialog
from credtui.tui.dialogs.help import HelpDialog
from credtui.tui.dialogs.networks import NetworksDialog
from credtui.tui.dialogs.operator import OperatorDialog
from credtui.tui.dialogs.organization import OrganizationDialog
from credtui.tui.dialogs.replacement import ReplacementDialog
from credtui.tui.dialogs.save import SaveDialog
from credtui.tui.dialogs.secret import SecretDialog
from credtui.tui.dialogs.secret_question import SecretQuestion
from credtui.tui.widgets.badge import WORD
from tests.support import ALICE, PRODUCTION
from tests.tui.apps import Session, Stage, portal
from tests.tui.test_pictures import Pictures, pictures, small

__all__ = ["pictures", "small"]  # fixtures

LONG = "an-organization-with-the-longest-name-00"


def stage(folder: Path, name: str, *, production: bool, organization: str = "acme") -> Stage:
    """An installation with one environment, and uat beside it."""
    environments = {
        name: EnvironmentSettings(
            **PRODUCTION.model_dump(exclude={"name", "production"}), production=production
        ),
        "uat": EnvironmentSettings(audience="urn:uat", tag="uat", token_url="https://uat.example"),
    }
    return Stage(folder, environments=environments, environment=name, organization=organization)


@pytest.fixture
def live(store_folder: Path) -> Stage:
    """Production, under another name."""
    staged = stage(store_folder, "live", production=True)
    staged.add("Payout gateway", "Reporting batch")
    staged.set_operators(Operator(name="alice", representative=True))
    return staged


def header(session: Session) -> str:
    return session.lines[0]


def titles(session: Session) -> list[str]:
    """The rows in which a frame begins."""
    return [line for line in session.lines if "╭" in line]


class TestHeader:
    @pytest.mark.parametrize(
        ("name", "production", "said"),
        [
            ("live", True, "acme · live  PRODUCTION  ▾"),
            ("production", True, "acme ·  PRODUCTION  ▾"),
            ("production", False, "acme · production ▾"),
            ("staging", False, "acme · staging ▾"),
        ],
    )
    async def test_the_word(
        self, store_folder: Path, name: str, *, production: bool, said: str
    ) -> None:
        async with portal(stage(store_folder, name, production=production)) as session:
            assert said in header(session)

    async def test_it_is_seen_without_colour(self, live: Stage) -> None:
        async with portal(live) as session:
            column = header(session).index(WORD)
            style = session.app.screen.get_style_at(column, 0)
            assert style.reverse
            assert style.bold

    async def test_the_colour_comes_and_goes(self, live: Stage) -> None:
        async with portal(live) as session:
            assert session.one("#place", Button).has_class("-production")
            await session.press("v")
            await session.at(EnvironmentDialog)
            await session.press("down", "enter")
            await session.see("acme · uat")
            assert not session.one("#place", Button).has_class("-production")
            assert WORD not in session.text

    @pytest.mark.parametrize("columns", [60, 66, 72, 80, 100, 120])
    @pytest.mark.parametrize("name", ["live", "production", "a-name-of-20-letters"])
    @pytest.mark.parametrize("organization", ["acme", LONG])
    async def test_nothing_pushes_the_word_out(
        self, store_folder: Path, columns: int, name: str, organization: str
    ) -> None:
        there = stage(store_folder, name, production=True, organization=organization)
        actor = Actor(operator="o" * 32, channel="ssh")
        async with portal(there, actor, size=(columns, 24)) as session:
            assert f" {WORD}  ▾ " in header(session)
            shown = header(session).split("·")[0].split()[-1]
            assert shown == organization or (shown.endswith("…") and LONG.startswith(shown[:-1]))
            # What isn't whole isn't there.
            assert header(session).count("o" * 32) == header(session).count("ooo") // 10
            assert "credtui" in header(session) or "cred" not in header(session)

    async def test_it_follows_the_size(self, store_folder: Path) -> None:
        there = stage(store_folder, "live", production=True, organization=LONG)
        async with portal(there, size=(120, 40)) as session:
            assert "credtui" in header(session)
            assert "alice · Can Edit" in header(session)
            whole = header(session)
            for columns in (60, 20, 3):
                await session.resize(columns, 24)
                await session.resize(120, 40)
                assert header(session) == whole
            await session.resize(60, 24)
            assert header(session) == f" {LONG[:35]}… · live  {WORD}  ▾ "


class TestDialogs:
    @pytest.mark.parametrize(
        ("keys", "title"),
        [
            (["n"], "New Credential"),
            (["e"], "Edit"),
            (["r"], "Rotate Credential"),
            (["d"], "Delete"),
            (["x"], "Replace Payout gateway"),
        ],
    )
    async def test_what_changes_something_says_so(
        self, live: Stage, keys: Sequence[str], title: str
    ) -> None:
        async with portal(live) as session:
            await session.press(*keys)
            await session.until(lambda: bool(session.app.screen.query(".dialog")))
            await session.settle()
            assert any(f" {WORD}  {title} " in line for line in titles(session)), session.text

    async def test_it_is_seen_without_colour(self, live: Stage) -> None:
        async with portal(live) as session:
            await session.press("r")
            await session.see("immediately invalidated")
            row = session.lines.index(next(line for line in titles(session) if "Rotate" in line))
            style = session.app.screen.get_style_at(session.lines[row].index(WORD), row)
            assert style.reverse
            assert style.bold

    async def test_a_secret_and_the_question_before_it_is_lost(self, live: Stage) -> None:
        async with portal(live) as session:
            await session.press("r", "y")
            await session.at(SecretDialog)
            assert any(f" {WORD}  Secret for Payout gateway " in line for line in titles(session))
            await session.press("escape")
            await session.see("Close without saving?")
            assert any(f" {WORD}  Close without saving? " in line for line in titles(session))
            await session.press("y")

    async def test_a_replacement_that_goes_on(self, live: Stage) -> None:
        live.service(ALICE).replace(live.id_of("Payout gateway"), "Payout new")
        live.clock.advance(timedelta(days=2))
        async with portal(live) as session:
            await session.press("x")
            await session.at(ReplacementDialog)
            assert any(f" {WORD}  Replace Payout gateway " in line for line in titles(session))

    async def test_networks_operators_and_a_new_organization(self, live: Stage) -> None:
        async with portal(live) as session:
            for page, key, kind in (
                ("Environment", "e", NetworksDialog),
                ("Operators", "n", OperatorDialog),
                ("Operators", "o", OrganizationDialog),
            ):
                await session.click_on(page)
                await session.see(f"{page} ◂")
                await session.press(key)
                await session.at(kind)
                assert any(f" {WORD} " in line for line in titles(session)), session.text
                await session.press("escape")

    async def test_what_only_shows_says_nothing(self, live: Stage) -> None:
        async with portal(live) as session:
            for key, kind in (("t", SecretQuestion), ("w", SecretQuestion), ("f1", HelpDialog)):
                await session.press(key)
                await session.at(kind)
                assert WORD not in "".join(titles(session))
                await session.press("escape")

    async def test_a_file_says_nothing(self, live: Stage) -> None:
        async with portal(live) as session:
            await session.press("r", "y")
            await session.at(SecretDialog)
            await session.press("f")
            await session.at(SaveDialog)
            assert not any(WORD in line and "Save to File" in line for line in session.lines)

    async def test_elsewhere_they_are_quiet(self, store_folder: Path) -> None:
        there = stage(store_folder, "production", production=False)
        there.add("Payout gateway")
        async with portal(there) as session:
            await session.press("r")
            await session.see("immediately invalidated")
            assert WORD not in session.text

    async def test_a_long_name_pushes_it_nowhere(self, live: Stage) -> None:
        live.service(ALICE).rename(live.id_of("Payout gateway"), "N" * 60)
        async with portal(live, size=(60, 20)) as session:
            await session.press("r", "y")
            await session.at(SecretDialog)
            assert any(f" {WORD}  Secret for N" in line for line in session.lines)


async def test_the_switcher_says_it(live: Stage) -> None:
    async with portal(live) as session:
        await session.press("v")
        await session.at(EnvironmentDialog)
        assert any("live  PRODUCTION  (open)" in line for line in session.lines)


@pytest.mark.parametrize(
    ("name", "production", "said"),
    [
        ("live", True, "yes: real payments depend on its credentials"),
        ("production", False, "no"),
    ],
)
async def test_the_environment_page_says_it(
    store_folder: Path, name: str, *, production: bool, said: str
) -> None:
    async with portal(stage(store_folder, name, production=production)) as session:
        await session.click_on("Environment")
        await session.see(f"Environment    {name}")
        await session.see(f"Production     {said}")


class TestPictures:
    def test_the_page(self, pictures: Pictures) -> None:
        """An environment named "production", with one credential."""
        staged = pictures.stage(environment="production")
        staged.add("Payout gateway")
        assert pictures.same(staged)

    def test_the_longest_names(self, small: Pictures) -> None:
        """The organization's and the environment's name leave room for the word alone."""
        assert small.same(
            stage(small.folder, "a-name-of-20-letters", production=True, organization=LONG)
        )

    @pytest.mark.parametrize("ascii_only", [False, True], ids=["unicode", "ascii"])
    def test_a_dialog(self, small: Pictures, *, ascii_only: bool) -> None:
        """A badge in the header and in the title; the environment is named "live"."""
        there = stage(small.folder, "live", production=True)
        there.add("Payout gateway")

        async def do(session: Session) -> None:
            await session.press("r")
            await session.see("immediately invalidated")

        assert small.same(there, do, ascii_only=ascii_only)

    def test_the_switcher(self, small: Pictures) -> None:
        """An environment in production, and one that isn't."""

        async def do(session: Session) -> None:
            await session.press("v")
            await session.at(EnvironmentDialog)

        assert small.same(stage(small.folder, "live", production=True), do)
