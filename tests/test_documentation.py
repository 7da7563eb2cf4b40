"""The pages, headings, files and functions that the documentation names are there."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])

PACKAGE = REPOSITORY / "src" / "credtui"
ARCHITECTURE = (REPOSITORY / "docs" / "architecture.md").read_text()

EXAMPLES = {"tui/dialogs/note.py", "tui/verbs/note.py", "tui/pages/NAME.py"}
"""Files that the architecture's how-to sections would add."""

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


def names_in(module: Path) -> set[str]:
    """Return the names that a module defines, and those that its classes define."""
    names = set()
    for node in ast.parse(module.read_text()).body:
        for name in _defined_by(node):
            names.add(name)
            if isinstance(node, ast.ClassDef):
                names |= {f"{name}.{member}" for part in node.body for member in _defined_by(part)}
    return names


def _defined_by(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


STEPS = re.findall(r"^([\w/]+\.py) +([\w.]+)  ", ARCHITECTURE, re.MULTILINE)


@pytest.mark.parametrize(("file", "name"), STEPS, ids=map(" ".join, STEPS))
def test_the_ways_through_the_program_are_as_described(file: str, name: str) -> None:
    assert name in names_in(PACKAGE / file)


def test_the_files_that_the_architecture_names_are_there() -> None:
    named = set(re.findall(r"`((?:\w+/)*\w+\.(?:py|md|toml|tcss))`", ARCHITECTURE))
    assert len(named) > 20
    missing = [
        file
        for file in named - EXAMPLES
        if not (PACKAGE / file).exists() and not (REPOSITORY / file).exists()
    ]
    assert missing == []
