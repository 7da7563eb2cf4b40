"""Draws the gallery from demo data: the same pictures each time.

    python screenshots/draw.py [FOLDER]

Each picture is an SVG, and a PNG for places that show no SVG. Time stands still and randomness is
seeded. The only secret that a picture shows is the one of 256 zero bits.
"""

import asyncio
import random
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from textual.pilot import Pilot

from credtui.demo import ALICE, add_life, demo_installation
from credtui.home import open_store
from credtui.tui.app import CredtuiApp

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PATIENCE = 1500
"""How many times to look for a text before giving up."""


class Picture(NamedTuple):
    """A picture of the portal.

    Attributes:
        name: The file's name without its ending.
        title: The window's title.
        steps: Keys to press, "=" and a text to type, or "?" and a text to wait for.
        columns: The terminal's width.
        rows: The terminal's height.
        theme: The theme's name; empty for the dark one.
    """

    name: str
    title: str
    steps: Sequence[str] = ()
    columns: int = 80
    rows: int = 24
    theme: str = ""


GALLERY = (
    Picture("credentials", "credtui"),
    Picture("credentials-wide", "credtui", columns=120, rows=40),
    Picture("credentials-light", "credtui", theme="credtui-light"),
    Picture("menu", "credtui", ["j", "full_stop", "?Rotate Credential"]),
    Picture(
        "new-credential",
        "credtui",
        ["j", "d", "?lose access", "y", "?2 of 3", "n", "?Credential name", "=Ledger export"],
    ),
    Picture("rotate", "credtui", ["j", "r", "?immediately invalidated"]),
    Picture(
        "secret",
        "credtui",
        ["j", "r", "?immediately invalidated", "y", "?Save your secret now"],
    ),
    Picture(
        "delete-refused",
        "credtui",
        ["full_stop", "?Rotate Credential", "j", "j", "j", "?representative"],
    ),
    Picture("activity", "credtui", ["3", "?refused"]),
    Picture("environment", "credtui", ["4", "?Token"]),
    Picture("api-access", "credtui", ["5", "?curl"]),
)


def fake_bytes() -> "random.Random":
    """Return a source of randomness for Client IDs."""
    return random.Random(7)  # noqa: S311


async def draw(picture: Picture) -> str:
    """Return a picture as SVG."""
    others = fake_bytes()
    with tempfile.TemporaryDirectory() as folder:
        installation = demo_installation(
            open_store(Path(folder)),
            clock=lambda: NOW,
            random_bytes=lambda count: bytes(count) if count == 32 else others.randbytes(count),
            bcrypt_cost=4,
        )
        add_life(installation)
        installation.settings = installation.settings.model_copy(update={"clipboard": "none"})
        app = CredtuiApp(installation, ALICE, installation.service(ALICE).page())
        app.animation_level = "none"
        if picture.theme:
            app.theme = picture.theme
        size = (picture.columns, picture.rows)
        async with app.run_test(size=size, notifications=False) as pilot:
            await pilot.pause()
            for step in picture.steps:
                await _take(step, pilot)
            return await _settled(picture, pilot)


async def _settled(picture: Picture, pilot: "Pilot[None]") -> str:
    """Return the picture once it is the same twice: focus and messages take a moment."""
    before = ""
    for _ in range(PATIENCE):
        await pilot.pause(0.1)
        now = _without_noise(pilot.app.export_screenshot(title=picture.title))
        if now == before:
            return now
        before = now
    raise TimeoutError(f"{picture.name} never came to rest")


async def _take(step: str, pilot: "Pilot[None]") -> None:
    app = pilot.app
    if len(step) > 1 and step[0] == "?":
        for _ in range(PATIENCE):
            # An SVG has no-break spaces. A screen drops keys that come before it is mounted.
            shown = app.export_screenshot().replace("&#160;", " ")
            if step[1:] in shown and app.screen.is_mounted:
                return
            await pilot.pause(0.02)
        raise TimeoutError(f"{step[1:]!r} didn't appear")
    if len(step) > 1 and step[0] == "=":
        await pilot.press(*("space" if letter == " " else letter for letter in step[1:]))
    else:
        await pilot.press(step)


def _without_noise(svg: str) -> str:
    """Remove what names a host on the network, and what differs each time."""
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "", svg, flags=re.DOTALL)
    return re.sub(r"\bterminal-\d+-", "terminal-", svg)


def to_png(svg: str) -> bytes:
    """Return a picture as PNG, in the fonts of this computer."""
    import resvg_py

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            font_family="DejaVu Sans Mono",
            monospace_family="DejaVu Sans Mono",
            skip_system_fonts=False,
        )
    )


def main(folder: Path = HERE) -> None:
    """Draw the whole gallery."""
    for picture in GALLERY:
        svg = asyncio.run(draw(picture))
        (folder / f"{picture.name}.svg").write_text(svg)
        (folder / f"{picture.name}.png").write_bytes(to_png(svg))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
