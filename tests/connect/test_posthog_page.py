"""docs/connect/posthog.md says what the dialect does."""

import json
import re
from pathlib import Path

import pytest

from tests.connect.posthog_requests import event, stored
from touchline.collector.dialects.posthog import POSTHOG
from touchline.collector.dialects.posthog.mapping import RULES
from touchline.vocabulary.envelope import EVENT_BYTES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "connect" / "posthog.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`\$\w+`(?:, `\$\w+`)*)[^|]*\| `([\w.]+)` \| ([^|]+) \|$", PAGE, re.MULTILINE)
FULL = {
    "$lib": "web",
    "$pathname": "/cart",
    "$current_url": "https://shop.example/cart",
    "$referrer": "https://search.example/",
    "$screen_name": "Cart",
    "title": "Cart",
    "$event_type": "click",
    "$elements_chain": 'button:attr__id="pay"text="Pay now"',
    "$dead_click_absolute_delay_ms": 3_000,
    "$exception_list": [{"type": "TypeError", "value": "x is null"}],
    "alias": "01a22a99-e630-7d2f-9b7e-2c39b51a4ee3",
}


@pytest.mark.parametrize(("names", "type_", "fields"), ROWS)
def test_the_table_of_types_is_true(names: str, type_: str, fields: str) -> None:
    """Each event of the table has the type, with the fields that the page names."""
    for name in re.findall(r"\$\w+", names):
        [line] = stored(event(name, **FULL))
        assert line["type"] == type_
        for field in re.findall(r"`(\w+)`", fields.partition(" from ")[0]):
            assert field in line["data"]


def test_the_table_of_types_is_whole() -> None:
    """Every event with a type of the vocabulary is in the table."""
    listed = {name for names, _, _ in ROWS for name in re.findall(r"\$\w+", names)}
    assert listed == set(RULES)


def test_the_limits_are_true() -> None:
    """The page has the sizes and the number of events."""
    assert EVENT_BYTES == 32 * 1024
    assert f"| {POSTHOG.most_bytes // 1024**2} MB |" in PAGE
    assert f"| {POSTHOG.most_events:,} |" in PAGE


def test_the_page_names_what_it_was_tried_with() -> None:
    """The versions of the tests, and every path that takes events."""
    packages = json.loads((ROOT / "tests/connect/posthog_clients/package.json").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    python = re.findall(r'"posthog==([\d.]+)"', project)
    node, browser = (packages["dependencies"][name] for name in ("posthog-node", "posthog-js"))
    short = [version.rpartition(".")[0] for version in (*python, node, browser)]
    tried = f"posthog (Python) {short[0]}, posthog-node {short[1]} and posthog-js {short[2]}"
    assert tried in " ".join(PAGE.split())
    for path in POSTHOG.paths:
        assert f"`{path.rstrip('/')}`" in PAGE
