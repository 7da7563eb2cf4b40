"""The links between the pages of documentation lead somewhere."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links_of(text: str) -> Iterator[str]:
    """Yield the links to files of this repository and to headings, but not those in code."""
    for found in LINK.finditer(FENCED.sub("", text)):
        link = found[1] or found[2]
        if not re.match(r"[a-z]+:", link):
            yield link


def anchors_of(text: str) -> Sequence[str]:
    """Return the anchors that GitHub gives the headings."""
    headings = HEADING.findall(FENCED.sub("", text))
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def dead_links(page: Path) -> Sequence[str]:
    dead = []
    for link in links_of(page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text())):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# What a link's *anchor* is: `code`\n"
        "[here](#what-a-links-anchor-is-code) [there](page.md#nowhere) [gone](gone.md)\n"
        '<img src="gone.png"> [far](https://example.org/)\n'
        "```\n[code](code.md)\n```\n"
    )
    assert dead_links(page) == ["page.md#nowhere", "gone.md", "gone.png"]


def test_the_readme_leads_to_every_page() -> None:
    links = set(links_of((REPOSITORY / "README.md").read_text()))
    assert {str(page.relative_to(REPOSITORY)) for page in PAGES} - {"README.md"} <= links
