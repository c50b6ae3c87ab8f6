"""Every panel's SQL over the simulated retailer, against a plain count over lists of what was planted."""

import json
import re
from pathlib import Path

import pytest

from tests.panels.conftest import DAY, START
from tests.panels.counting import (
    contacts,
    factors,
    fixes,
    friction,
    health,
    impact,
    journeys,
    touchpoints,
    voice,
)
from tests.panels.counting.measures import ratios
from tests.panels.counting.reading import Plain, Seen
from touchline.panels import (
    BY_ID,
    DASHBOARDS,
    PANELS,
    Dashboard,
    Panel,
    expand,
    macros,
    panels_with,
    unused_filters,
)
from touchline.panels.sql import usual
from touchline.store import Store
from touchline.vocabulary.internal import IS_TOUCHPOINT

CHECKS = {
    **friction.COUNTS,
    **impact.COUNTS,
    **fixes.COUNTS,
    **contacts.COUNTS,
    **journeys.COUNTS,
    **voice.COUNTS,
    **touchpoints.COUNTS,
    **factors.COUNTS,
    **health.COUNTS,
}
"""Panel id → what it must show, of what was planted, in a span, as chosen."""

NOT_THERE_FOR_SOME = {"mentions_answered", "nps", "detractors_answered", "frictions_meant"}
"""Of social media and e-mail alone, or of a rule that is not chosen: nothing is left of them then."""

FILLED = {panel.id for panel in PANELS if panel.kind == "timeseries" and not panel.stacked} | {
    "events_by_producer"
}
"""Charts with a row for every bucket: 0 or NULL where nothing happened, so that no line leads over a gap."""

COUNTED_IN_EVERY_BUCKET = {"friction_rate", "open_over_time"}
"""Charts whose plain counts have every bucket, too."""


def test_every_panel_is_counted_by_hand() -> None:
    """A new panel needs its plain count."""
    assert [panel.id for panel in PANELS] == list(CHECKS)


def test_the_store_has_what_must_not_count(shop: Store) -> None:
    """The store holds duplicate rows, what is no longer true, and internal events while panels query it."""
    for table, key in (
        ("events", "id"),
        ("frictions", "(customer, id)"),
        ("journeys", "id"),
        ("quarantine", "id"),
        ("accounts", "id"),
        ("alerts", "id"),
    ):
        assert shop.query(f"SELECT count() - uniqExact({key}) FROM {table}").result_rows[0][0] > 5, table
    assert shop.query("SELECT countIf(status = 'retracted') FROM frictions").result_rows[0][0] > 5
    assert shop.query("SELECT countIf(superseded) FROM journeys").result_rows[0][0] > 5
    assert shop.query(f"SELECT countIf(NOT {IS_TOUCHPOINT}) FROM events").result_rows[0][0] > 50


@pytest.mark.parametrize("panel", PANELS, ids=lambda one: one.id)
def test_the_panel_shows_the_plain_count(panel: Panel, shop: Store, plain: Plain, seen: Seen) -> None:
    """Nothing retracted, superseded or there twice counts, whatever is chosen."""
    rows = seen.rows(shop, panel)
    if panel.id == "customer_events":
        rows = [row | {"data": json.loads(row["data"])} for row in rows]
    if panel.id in FILLED:
        buckets = {row["time"] for row in rows}
        assert len(buckets) >= (seen.end - seen.start) // 1000 // seen.interval
        if panel.id not in COUNTED_IN_EVERY_BUCKET:
            nothing = {None} if panel.unit != "count" else {None, 0}
            rows = [
                row for row in rows if not {row[name] for name in row.keys() - {"time", "series"}} <= nothing
            ]
    of_members = "segment" in seen.variables and "${segment:" in panel.sql
    expected = CHECKS[panel.id](plain.of_members() if of_members else plain, seen)
    chosen = "rule" in seen.variables
    assert bool(expected) != (chosen and panel.id in NOT_THERE_FOR_SOME)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert row == {
            name: pytest.approx(value) if isinstance(value, int | float) else value
            for name, value in wanted.items()
        }


def test_a_week_counts_if_the_data_begin_before_it_by_the_window(shop: Store) -> None:
    """The usual number is the mean of up to four weeks; a window is rounded up to whole seconds."""
    begin = shop.query("SELECT toUnixTimestamp(min(start)) FROM journeys").result_rows[0][0]

    def found(time: int, reach: int) -> float | None:
        sql = usual(f"toDateTime({time})", "[1, 2, 3, 4]", str(reach))
        value: float | None = shop.query(f"SELECT {sql} AS value").result_rows[0][0]
        return value

    week = 7 * 86_400
    assert found(begin + week - 1, 0) is None
    assert found(begin + week, 0) == 1
    assert found(begin + week, 1) is None
    assert found(begin + week + 1, 1) == 1
    assert found(begin + 2 * week + 1, 1_000) == 1.5
    assert found(begin + 9 * week, 0) == 2.5


def test_a_panel_obeys_each_filter_or_says_that_it_does_not(shop: Store, plain: Plain) -> None:
    """With a value that nothing has, a panel is empty, unless it names the filter as one that it ignores.

    Each panel is queried with two of its filters, in turn: fragments of SQL are shared between panels.
    """
    start, end = START - 8 * DAY, START - DAY
    for number, panel in enumerate(PANELS):
        ignored = unused_filters(panel)
        [dashboard] = (one for one in DASHBOARDS if one.id == panel.dashboard)
        heeded = [one for one in dashboard.variables if one.title not in ignored]
        for variable in (heeded * 2)[number % (len(heeded) or 1) :][: min(2, len(heeded))]:
            answer = shop.query(expand(panel.sql, start, end, 86_400, {variable.name: ("nowhere",)}))
            rows = [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
            if panel.id == "goals":
                rows = [row for row in rows if f"{variable.title.lower()}s" not in row["measure"]]
            shown = [
                value
                for row in rows
                for name, value in row.items()
                if panel.kind == "table" or name not in ("time", "series", "label")
            ]
            assert {*shown} <= {0, None}, (panel.id, variable.name)


def test_goals_are_compared_with(shop: Store, plain: Plain, seen: Seen) -> None:
    """With goals the table has a row a goal, and says how far it is, whichever way is up."""
    goals = {"service_level": 0.8, "average_wait": 900.0, "value_at_risk": 1e9}
    panels = {panel.id: panel for panel in panels_with(goals)}
    rows = {row["measure"].partition(" (all ")[0]: row for row in seen.rows(shop, panels["goals"])}
    counted = plain.of_members() if "segment" in seen.variables else plain
    [(level, _)] = ratios("service_level", counted, seen).values()
    short = f"{round(80 - 100 * level, 1):g} percentage points under goal"
    assert list(rows) == ["Service level", "Average speed of answer", "Value at risk"]
    assert (rows["Service level"]["distance"], rows["Service level"]["standing"]) == (short, "missed")
    assert rows["Average speed of answer"]["goal"] == "at most 900 s"
    assert rows["Average speed of answer"]["standing"] == rows["Value at risk"]["standing"] == "met"
    assert rows["Value at risk"]["value"].endswith(" EUR")
    assert panels["wait_over_time"].goal == 900
    assert panels["funnel"] == BY_ID["funnel"]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.id)
def test_grafana_shows_the_same_with_its_open_filters(
    dashboard: Dashboard, shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page leaves out filters with all values chosen, Grafana sends them: both get the same rows."""
    own = [panel for panel in PANELS if panel.dashboard == dashboard.id]

    def shown() -> list[str]:
        return [expand(panel.sql, START - 2 * DAY, START, 3_600) for panel in own]

    def rows(sql: str) -> list[list[object]]:
        # A sum of parts depends on their order in its last digits.
        found = shop.query(sql).result_rows
        return [[round(cell, 9) if isinstance(cell, float) else cell for cell in row] for row in found]

    short = shown()
    monkeypatch.setattr(macros, "without_open_filters", lambda sql, _: sql)
    long = shown()
    assert short != long
    for panel, page, grafana in zip(own, short, long, strict=True):
        assert rows(page) == rows(grafana), panel.id


def test_the_page_lists_every_panel() -> None:
    """Each is in docs/panels.md with its question and its kind of picture, dashboard by dashboard."""
    page = (Path(__file__).parents[2] / "docs" / "panels.md").read_text(encoding="utf-8")
    expected: list[str] = []
    for dashboard in DASHBOARDS:
        expected.append(f"## {dashboard.title}")
        expected += [
            f"| {panel.title} | {panel.question} | {panel.kind} |"
            for panel in PANELS
            if panel.dashboard == dashboard.id
        ]
    written = re.findall(r"^(?:## .*|\| (?!Panel \|).*)$", page.partition("## In a program")[0], re.MULTILINE)
    assert written == expected
    assert all(dashboard.question in page for dashboard in DASHBOARDS)


@pytest.mark.parametrize("panel", PANELS, ids=lambda one: one.id)
def test_an_empty_span_is_no_zero_percent(panel: Panel, shop: Store) -> None:
    """Without data there is no row, or no value; only counts may be 0, and what is not over goes on.

    A table names all its columns.
    """
    start = 4_000_000_000_000
    answer = shop.query(expand(panel.sql, start, start + 3_600_000, 600))
    if panel.columns:
        assert list(answer.column_names) == list(panel.columns)
    if panel.kind == "stat" and panel.unit != "count" and panel.id != "freshness":
        assert [row for row in answer.result_rows if row[0] is not None] == []
    elif panel.kind != "stat" and panel.id not in ("friction_rate", "open_over_time", "alerts"):
        assert answer.result_rows == []


def test_ids_and_dashboards_hold_together() -> None:
    """Ids are unique, every panel has its dashboard, links lead to variables that are there."""
    assert len({panel.id for panel in PANELS}) == len(PANELS) >= 24
    dashboards = {dashboard.id: dashboard for dashboard in DASHBOARDS}
    assert {panel.dashboard for panel in PANELS} == set(dashboards)
    for panel in PANELS:
        names = {variable.name for variable in dashboards[panel.dashboard].variables}
        assert all(
            f"${{{name}:" not in panel.sql or name in names
            for name in ("channel", "source", "rule", "producer")
        )
        for column in panel.columns.values():
            if column.link is not None:
                target = dashboards[column.link.dashboard]
                assert column.link.variable in {variable.name for variable in target.variables}
