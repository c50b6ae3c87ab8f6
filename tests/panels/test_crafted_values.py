"""Crafted values of variables: whatever they hold, they neither break nor change a panel's query."""

import re
from collections.abc import Sequence
from urllib.parse import quote

import pytest

from tests.panels.conftest import DAY, START
from touchline.panels import DASHBOARDS, PANELS, Panel, expand
from touchline.store import Store

CRAFTED = (
    "ends in \\",
    "\\",
    "'",
    "\\'",
    '"',
    "') OR 1 = 1 -- ",
    "'); DROP TABLE events; --",
    "x' UNION ALL SELECT 1 --",
    "/* */ # `web`",
    "a&var-channel=web&var-source=webshop&var-rule=rage_clicks",
    "web,phone",
    "{web,phone}",
    "%27%5C",
    "$__toTime ${rule:queryparam} [[channel]]",
    "ü\n\x00🙂",
    "",
)
NOBODY = ("nobody has this value",)


def as_grafana_writes(sql: str, variable: str, values: Sequence[str]) -> str:
    """The SQL with a variable replaced as Grafana 11 and later does in the browser, before any macro.

    It encodes as URLs of Angular do: a space as %20; `@`, `:`, `$`, `,` and `;` stay. Nothing else is
    escaped, and no backslash is doubled.
    """
    pairs = "&".join(f"var-{variable}={quote(value, safe='-_.~@:$,;')}" for value in values)
    return re.sub(rf"\$\{{{variable}:queryparam\}}", lambda _: pairs, sql)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.id)
def test_a_crafted_value_is_a_value_that_nobody_has(panel: Panel, shop: Store) -> None:
    """With crafted values chosen for all variables, a panel shows what it shows for an unknown value."""
    [dashboard] = (one for one in DASHBOARDS if one.id == panel.dashboard)

    def shown(values: Sequence[str]) -> list[Sequence[object]]:
        sql = panel.sql
        for variable in dashboard.variables:
            sql = as_grafana_writes(sql, variable.name, values)
        return list(shop.query(expand(sql, START - 7 * DAY, START, 3_600)).result_rows)

    assert shown(CRAFTED) == shown(NOBODY)


def test_a_known_value_among_crafted_ones_is_found(shop: Store) -> None:
    """Crafted values do not hide the others: the panel shows those of the known value."""
    [panel] = (panel for panel in PANELS if panel.id == "contacts_over_time")

    def shown(*values: str) -> list[Sequence[object]]:
        sql = as_grafana_writes(panel.sql, "channel", values)
        return list(shop.query(expand(sql, START - 7 * DAY, START, 3_600)).result_rows)

    assert shown("phone", *CRAFTED) == shown("phone") != []
