"""Dashboards: all their panels, filters and words."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.live import rows as make
from tests.live.boards import NOW, RULES, Text, panel, seen
from touchline.live import Answer
from touchline.live.alerts import loading as alerts
from touchline.live.alerts.loading import Alerts
from touchline.live.boards import loading
from touchline.live.boards.chart import legend_of
from touchline.live.boards.loading import View
from touchline.live.boards.panel_view import Goal, Names, panel_view
from touchline.live.boards.spans import Period
from touchline.panels import BY_ID, DASHBOARDS, PANELS
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, MINUTE


def test_an_empty_store_gives_an_empty_board(store: Store) -> None:
    """Before the first event a dashboard has no panels, and there are no alerts."""
    assert seen(store).board.empty
    assert alerts.load(store, RULES, "UTC", NOW) == Alerts()


def test_a_dashboard_shows_its_panels(store: Store) -> None:
    """Each panel is shown once, in order; a panel without data shows its own message."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    for dashboard in DASHBOARDS:
        found = seen(store, dashboard=dashboard.id)
        assert [view.id for view in found.board.panels] == [
            p.id for p in PANELS if p.dashboard == dashboard.id
        ]
        assert [view.error for view in found.board.panels if view.error] == []
        assert {one.name for one in found.board.filters} <= {one.name for one in dashboard.variables}
    assert panel(seen(store, dashboard="contacts"), "service_level").empty == BY_ID["service_level"].empty


def test_a_failing_panel_leaves_the_others(store: Store) -> None:
    """The error of one query is shown in its panel; if all fail, the load fails."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")

    @dataclass
    class Failing:
        on: str

        def query(self, sql: str, parameters: dict[str, Any]) -> Answer:
            if self.on in sql:
                raise TimeoutError("Timeout exceeded\nat some place")
            return store.query(sql, parameters)

    view = View("friction", Period("24h"))
    board = loading.load(Failing("factor AS label"), view, NOW, {}, RULES).board
    assert [(view.id, view.error) for view in board.panels if view.error] == [
        ("friction_by_factor", "Timeout exceeded")
    ]
    with pytest.raises(TimeoutError):
        loading.load(Failing("toDateTime("), view, NOW, {}, RULES)


def test_a_panel_says_which_chosen_filters_it_ignores(store: Store) -> None:
    """With a filter chosen, panels that it does not change say so, goals of measures without a source too."""
    at = NOW - HOUR
    make.put(store, "frictions", [make.friction("account:a", "queue", at)], "f")
    make.put(store, "journeys", [make.journey("account:a", at, at, strikes=20, path=["phone"])], "j")
    unfiltered = seen(store)
    assert not [one.notes for one in unfiltered.board.panels if "Not filtered" in " ".join(one.notes)]
    found = seen(store, rule="queue", source="desk", channel="phone")
    notes = {one.id: [note for note in one.notes if "Not filtered" in note] for one in found.board.panels}
    assert notes["frictions"] == notes["friction_by_rule"] == []
    assert notes["goals"] == notes["journeys_at_risk"] == []
    assert notes["alerts"] == ["Not filtered by channel, source or rule."]
    measures = {row[0].text for row in panel(found, "goals").rows}
    assert measures == {"Strike points per journey (all sources, rules)"}
    assert {row[0].text for row in panel(unfiltered, "goals").rows} == {"Strike points per journey"}


def test_the_menu_of_rules_is_sorted_by_title(store: Store) -> None:
    """Filters list their values by title, without a blank one; a chosen value that is gone stays listed.

    A filter without values is left out.
    """
    rules = {"a": Text("a", "Zebra", ""), "b": Text("b", "apple", ""), "c": Text("c", "Mango", "")}
    rows = [make.friction("account:a", rule, NOW - HOUR, source="") for rule in "abc"]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    make.put(store, "events", [make.event(["account:a"], "e", NOW, "page.viewed") | {"source": ""}], "e")
    filters = seen(store, only=["frictions"], rules=rules, rule="gone").board.filters
    values = {one.name: [title for _, title in one.values] for one in filters}
    assert values["rule"] == ["Gone", "apple", "Mango", "Zebra"]
    assert "source" not in values


def test_a_clipped_label_has_its_text(store: Store) -> None:
    """A label or a cell that is clipped has more of its text as a tooltip; others have none."""
    long = "desk " * 80
    rows = [
        make.friction("account:a", "queue", NOW - HOUR, source=long),
        make.friction("account:b", "queue", NOW - HOUR, source="desk"),
    ]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    bars = panel(seen(store, only=["friction_by_touchpoint"]), "friction_by_touchpoint").bars
    assert sorted(bar.full for bar in bars) == ["", f"Phone · {long.strip()}"]
    affected = panel(seen(store, dashboard="journeys", only=["journeys_of_a_rule"]), "journeys_of_a_rule")
    sources = [row[affected.columns.index("Source")] for row in affected.rows]
    assert sorted((cell.text, cell.full) for cell in sources)[0] == ("desk", "")
    assert {cell.full for cell in sources if cell.text.endswith("…")} == {long.strip()}


def drawn(name: str, title: str) -> dict[str, Any]:
    """A series of a chart."""
    return {"id": name, "name": title, "itemStyle": {"color": "#000"}}


def test_charts_of_one_named_series_and_tables_of_losses_say_what_they_show(store: Store) -> None:
    """The legend names a single series; the time of losses, and several rules in a cell, are in words."""
    assert [entry.name for entry in legend_of({"series": [drawn("queue", "Abandoned in queue")]})] == [
        "Abandoned in queue"
    ]
    assert legend_of({"series": [drawn("value", "Wait")]}) == []
    names = Names({"queue": RULES["queue"]})
    rows = [{"rule": "queue", "strikes": 3, "loss": "1 EUR", "loss_of": "frictions of 1 to 3 Nov"}]
    view = panel_view(BY_ID["strikes_by_rule"], rows, names)
    assert (view.columns, view.notes) == (
        ["Rule", "Strike points", "Associated loss"],
        ["Associated loss: frictions of 1 to 3 Nov."],
    )
    said = {
        "at": "2026-11-30 10:00:00",
        "rules": "queue, long_wait",
        "words": "Never again.",
        "kind": "csat",
        "channel": "",
        "source": "",
    }
    view = panel_view(BY_ID["voice_verbatims"], [said], names)
    assert [cell.text for cell in view.rows[0]][1] == "Abandoned in queue, Long wait"
    assert view.columns == ["Time", "After", "Words", "Kind"]
    fired = {"opened_at": "2026-11-30 10:00:00", "place": "rule=queue, source=desk"}
    assert panel_view(BY_ID["alerts"], [fired], names).rows[0][1].text == "Abandoned in queue · source desk"


def test_a_goal_has_a_distance_and_a_line(store: Store) -> None:
    """A figure with a goal shows the distance to it; the chart of the measure has a line."""
    at = NOW - HOUR
    make.put(store, "journeys", [make.journey("account:a", at, at, strikes=20)], "j")
    contact = [
        make.event(["account:a"], "q", at, "contact.queued", contact_id="c", queue="tier 1"),
        make.event(["account:a"], "x", at + MINUTE, "contact.answered", contact_id="c", wait_seconds=60),
    ]
    make.put(store, "events", contact, "e")
    found = seen(store, dashboard="contacts", only=["service_level", "service_level_over_time"])
    assert panel(found, "service_level").goal == Goal(
        "at least 80.0 %", "80.0 percentage points under goal", False
    )
    assert panel(seen(store, dashboard="journeys", only=["strikes"]), "strikes").goal == Goal(
        "at most 50.00 strike points", "30.00 strike points under goal", True
    )
    marks = found.charts["service_level_over_time"]["series"][0]["markLine"]["data"]
    assert [(mark["yAxis"], mark["label"]["formatter"]) for mark in marks] == [
        (0.8, "Industry standard"),
        (0.8, "Goal"),
    ]
