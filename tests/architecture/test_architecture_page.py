"""docs/architecture.md shows the layout as it is: its table and its picture of the rooms."""

import re
from pathlib import Path

from tests.architecture.test_architecture import IMPORTS, PURE

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_lists_who_imports_whom() -> None:
    """The page has a row for each room: whether it is pure, and the rooms that it imports."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("<!-- rooms: begin -->")[2].partition("<!-- rooms: end -->")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "`" in line
    ]
    written = {
        room.strip("`"): (pure, set(re.findall(r"`(\w+)`", imports))) for room, _, pure, imports in rows
    }
    assert written == {
        room: ("yes" if room in PURE else "", set(imports.split())) for room, imports in IMPORTS.items()
    }


def test_the_picture_names_every_room() -> None:
    """The picture has a box for each room."""
    picture = (DOCS / "images" / "rooms.svg").read_text(encoding="utf-8")
    assert set(re.findall(r'class="name"[^>]*>(\w+)<', picture)) == set(IMPORTS)
