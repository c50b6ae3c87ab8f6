"""Panels as pictures and tables: every panel has them, with data, without, and with hostile names."""

import csv
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.day import Day
from tests.live.rows import put
from tests.reports.conftest import GOALS
from tests.reports.shop import END, Shop
from touchline.config.rule_packs import load_rules
from touchline.live.boards.csv_text import csv_text
from touchline.live.boards.loading import load_panel
from touchline.live.boards.page import view_of
from touchline.live.boards.picture import panel_picture
from touchline.panels import DASHBOARDS, PANELS
from touchline.store import Store, open_store

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
RULES = {rule.id: rule for rule in load_rules().rules}
SHAPES = {"svg", "title", "g", "rect", "text", "line", "polyline", "circle"}


@pytest.fixture(scope="module")
def mixed(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with the shop, and hostile values beside it in the last week."""
    day = Day()
    day.hostile(END)
    with open_store(tmp_path_factory.mktemp("mixed") / "store") as store:
        shop.put(store)
        for table, rows in day.rows.items():
            put(store, table, rows, f"hostile {table}")
        yield store


def pictured(store: Any, panel_id: str, span: str) -> tuple[str, str]:
    """A panel as SVG and as CSV."""
    [panel] = (one for one in PANELS if one.id == panel_id)
    [dashboard] = (one for one in DASHBOARDS if one.id == panel.dashboard)
    view = view_of(dashboard, {"span": span}, "UTC")
    loaded = load_panel(store, panel_id, view, END, GOALS, RULES)
    assert loaded is not None
    return panel_picture(loaded, "UTC"), csv_text(loaded)


def test_every_panel_has_a_picture_and_a_table(mixed: Store) -> None:
    """Each panel is well-formed SVG of plain shapes with its title, and CSV without formulas."""
    for number, panel in enumerate(PANELS):
        # A period without data for every third one.
        for span in ("7d", "2026-10-01..2026-10-02")[: 1 if number % 3 else 2]:
            svg, table = pictured(mixed, panel.id, span)
            root = ElementTree.fromstring(svg)
            assert {element.tag.rpartition("}")[2] for element in root.iter()} <= SHAPES, panel.id
            texts = [element.text or "" for element in root.iter()]
            assert any(text.startswith(panel.title[:40]) for text in texts), panel.id
            values = " ".join(value for element in root.iter() for value in element.attrib.values())
            assert "nan" not in values, panel.id
            for row in csv.reader(StringIO(table.removeprefix("\ufeff"))):
                assert not any(cell[:1] in ("=", "@", "+") for cell in row), panel.id


def test_an_empty_panel_says_what_is_missing(mixed: Store) -> None:
    """A panel without data shows the sentence that the page shows."""
    svg, _ = pictured(mixed, "queues", "2026-11-02..2026-11-03")
    [panel] = (one for one in PANELS if one.id == "queues")
    assert panel.empty.replace("&", "&amp;") in svg


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("friction_by_rul", "--csv", "-"), "did you mean 'friction_by_rule'?"),
        (("friction_by_rule",), "give --svg FILE"),
        (("friction_by_rule", "--csv", "-", "--span", "soon"), "--span soon"),
        (("friction_by_rule", "--csv", "-", "--filter", "queue"), "write NAME=VALUE"),
    ],
)
def test_what_is_no_panel_is_refused(touchline: Run, arguments: tuple[str, ...], message: str) -> None:
    """Unknown panels, periods and filters end the command with what to write instead."""
    result = touchline("report", "panel", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
