"""An installation with three credentials, and what the portal needs to start on it."""

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from credtui.cli.caller import local_actor
from credtui.demo import demo_installation
from credtui.home import open_store
from credtui.installation import now

CREDTUI = Path(sys.executable).parent / "credtui"
INSTALLED = Path(__file__).parents[1] / "build" / "benchmarks"
"""The folder of the programs with which credtui is compared."""


def install(home: Path, *, configuration: str = "") -> str:
    """Make the demo's installation in a folder. Return the Client ID of its third credential."""
    store = home / "store"
    store.mkdir(parents=True)
    if configuration:
        (home / "credtui.toml").write_text(configuration)
    installation = demo_installation(
        open_store(store), clock=now, random_bytes=secrets.token_bytes, bcrypt_cost=10
    )
    return installation.service(local_actor("portal")).page().credentials[2].client_id


def environment(home: Path) -> Mapping[str, str]:
    """Return the environment variables that start the portal on an installation."""
    # The benchmark's terminal answers no questions, and credtui would wait for its background.
    chosen = {"CREDTUI_THEME": "dark"}
    return {"CREDTUI_HOME": str(home), "HOME": str(home), "USER": "benchmark", **chosen}


def on_disk() -> Path:
    """Return a folder of the checkout, which is on a disk. /tmp may be in memory."""
    folder = Path("build")
    folder.mkdir(exist_ok=True)
    return folder.absolute()
