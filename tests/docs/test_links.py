"""Every link leads somewhere, and every list of the reference is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _prose(page: Path) -> str:
    """The page without its code."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]+`", "`x`", text)


def _anchors(page: Path) -> set[str]:
    """What a heading's link is: its words in lower case, joined by hyphens."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            wrong.append(f"{target}: no such file")
        elif anchor and anchor not in _anchors(file):
            wrong.append(f"{target}: no such heading; there is {', '.join(sorted(_anchors(file)))}")
        elif page.is_relative_to(DOCS) and not file.is_relative_to(DOCS):
            wrong.append(f"{target}: leads out of docs/, where a built site can't follow")
    assert wrong == []


def test_every_page_is_reached_from_the_site() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert listed == {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}


def test_the_reference_names_every_public_name_once() -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)", text, re.MULTILINE)
    assert sorted(named) == sorted(dtp.__all__)


def test_nothing_of_the_machine_that_wrote_it_is_in_the_documentation() -> None:
    for page in [*PAGES, *(ROOT / "examples").rglob("*.*")]:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/(?:root|home|work|Users)/\w", text), _name(page)
