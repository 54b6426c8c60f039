"""Links of the pages lead somewhere: files are there, and so are the headings that anchors name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "tests" / "parity" / "README.md",
]
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<text>.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(CODE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead(page: Path, target: str) -> bool:
    """Whether a link of a page leads nowhere; addresses elsewhere are not asked."""
    if "://" in target:
        return False
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    return not file.exists() or bool(anchor and anchor not in anchors(file))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(CODE.sub("", page.read_text()))]
    assert [target for target in targets if dead(page, target)] == []


def test_a_dead_link_is_found() -> None:
    page = ROOT / "README.md"
    assert dead(page, "docs/nothing.md")
    assert dead(page, "docs/search.md#nothing")
    assert not dead(page, "docs/search.md#what-is-left-alone")
