"""Dashboards and alerts over the real store, with rows inserted by the tests."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import uuid5

import pytest

from tests.live import rows as make
from touchline.alerts.life.acts import NotAnAct
from touchline.engine.ports import InForce
from touchline.live import Answer
from touchline.live.alerts import loading as alerts
from touchline.live.alerts.acting import ACTS, ActRequest, act_fields
from touchline.live.alerts.loading import Alerts, Evidence, find_incident, find_mutes
from touchline.live.boards import loading
from touchline.live.boards.chart import legend_of
from touchline.live.boards.loading import Headline, LoadedBoard, View
from touchline.live.boards.panel_view import NO_BASELINE, Cell, Goal, Names, PanelView, panel_view
from touchline.live.boards.spans import Period
from touchline.live.customers import history
from touchline.live.desk.desk import Desk
from touchline.panels import BY_ID, DASHBOARDS, PANELS
from touchline.panels.colours import colour_of
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, MINUTE
from touchline.vocabulary.normaliser import PLAIN

NOW = 1_800_000_000_000


@dataclass(frozen=True)
class Text:
    """The texts of a rule."""

    id: str
    title: str
    why: str


RULES = {"queue": Text("queue", "Abandoned in queue", "They call again.")}


def seen(store: Store, span: str = "24h", dashboard: str = "friction", **chosen: str) -> LoadedBoard:
    """A dashboard at `NOW`."""
    view = View(dashboard, Period(span), tuple(chosen.items()))
    return loading.load(store, view, NOW, {"service_level": 0.8, "strikes": 50.0}, RULES)


def drawn(name: str, title: str) -> dict[str, Any]:
    """A series of a chart."""
    return {"id": name, "name": title, "itemStyle": {"color": "#000"}}


def panel(found: LoadedBoard, name: str) -> PanelView:
    """One panel of a dashboard."""
    [view] = [view for view in found.board.panels if view.id == name]
    return view


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


def test_the_headline_names_the_most_frequent_rule_and_touchpoint(store: Store) -> None:
    """The headline has the number of frictions, and the rule and touchpoint with the most."""
    opened = NOW - 10 * MINUTE
    rows = [
        *(make.friction(f"account:{n}", "queue", opened, source="desk") for n in range(3)),
        *(make.friction(f"account:{n}", "late", opened, channel="mail", source="post") for n in range(2)),
    ]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", opened, opened)], "j")
    usual = "no baseline yet"
    assert seen(store).board.headline == Headline(5, usual, "Abandoned in queue", 3, "phone · desk")
    assert panel(seen(store), "frictions").figures[0].value == "5"
    assert seen(store, rule="late").board.headline == Headline(2, usual, "Late", 2, "mail · post")
    cost = {"rule": "", "loss": 1234.0, "loss_low": 900.0, "loss_high": 1500.0, "currency": "EUR"}
    cost |= {"computed_at": NOW, "since": NOW - 30 * DAY, "until": NOW, "verdict": "loss"}
    store.insert("rule_impact", {name: [value] for name, value in cost.items()}, "cost")
    headline = seen(store).board.headline
    assert headline is not None
    assert headline.loss == "1,234 EUR (900 to 1,500)"
    assert headline.loss_of.startswith("frictions of ")


def test_usual_values_need_a_week_of_data(store: Store) -> None:
    """A figure shows the mean of earlier weeks; without any, the page says that there is no baseline."""
    opened = NOW - HOUR
    make.put(store, "frictions", [make.friction("account:a", "queue", opened)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    found = seen(store)
    assert panel(found, "frictions").figures[0].usual == "no baseline yet"
    assert "Usual" not in panel(found, "friction_by_rule").columns
    for name in ("friction_by_rule", "friction_rate"):
        assert panel(found, name).notes == [NO_BASELINE]
    make.put(store, "journeys", [make.journey("account:b", NOW - 15 * DAY, NOW)], "k")
    make.put(store, "frictions", [make.friction("account:b", "queue", opened - 7 * DAY)], "g")
    assert panel(seen(store), "frictions").figures[0].usual == "usually 0.5"
    assert "Usual" in panel(seen(store), "friction_by_rule").columns


def test_weeks_within_the_window_of_a_rule_do_not_count(store: Store) -> None:
    """A rule that looks back 30 days finds nothing in the first 30 days: these weeks are no baseline for it.

    The baseline of several rules needs the weeks of the one that looks back furthest.
    """
    store.put_in_force(InForce("before", {"quick": 90 * DAY}), NOW - DAY)
    store.put_in_force(InForce("now", {"slow": 30 * DAY, "quick": HOUR}), NOW)
    at = NOW - HOUR
    rows = [make.friction(f"account:{n}", "slow", at) for n in range(6)]
    rows += [
        make.friction(f"account:{n}-{week}", "quick", at - 7 * week * DAY)
        for n in range(2)
        for week in range(3)
    ]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - 20 * DAY, NOW)], "j")

    def usual(found: LoadedBoard) -> str:
        return panel(found, "frictions").figures[0].usual

    found = seen(store)
    assert usual(found) == "no baseline yet"
    assert [one["name"] for one in found.charts["friction_rate"]["series"]] == ["Frictions"]
    table = panel(found, "friction_by_rule")
    cells = {row[0].text: row[table.columns.index("Usual")].text for row in table.rows}
    assert (cells, table.notes) == ({"Slow": "no baseline yet", "Quick": "2"}, [])
    quick = seen(store, rule="quick")
    assert usual(quick) == "usually 2"
    assert [one["name"] for one in quick.charts["friction_rate"]["series"]] == ["Frictions", "Usual"]
    make.put(store, "journeys", [make.journey("account:b", NOW - 46 * DAY, NOW)], "k")
    assert usual(seen(store)) == "usually 2"
    assert usual(seen(store, rule="slow")) == "usually 0"


def test_open_frictions_fall_when_they_are_resolved(store: Store) -> None:
    """A friction is open from its opening to its resolution, whenever it opened, unless it is retracted."""
    rows = [
        make.friction("account:a", "late", NOW - 9 * DAY, status="resolved", resolved_at=NOW - 6 * HOUR),
        make.friction("account:b", "late", NOW - 9 * DAY, status="resolved", resolved_at=NOW - 3 * HOUR),
        make.friction("account:c", "late", NOW - 12 * HOUR),
        make.friction("account:d", "late", NOW - 9 * DAY, status="retracted"),
        make.friction("account:e", "late", NOW - 9 * DAY, status="resolved", resolved_at=NOW - 8 * DAY),
        make.friction("account:f", "late", NOW - 9 * DAY, channel="web"),
    ]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - 9 * DAY, NOW)], "j")
    found = seen(store, channel="phone")
    assert panel(found, "open_frictions").figures[0].value == "1"
    [drawn] = found.charts["open_over_time"]["series"]
    steps = [value for value, _ in groupby(drawn["data"])]
    assert steps == [2, 3, 2, 1]
    assert panel(seen(store), "open_frictions").figures[0].value == "2"


def test_the_most_frequent_frictions_show_what_staff_did(store: Store) -> None:
    """A rule shows how many of its frictions are open, assigned, closed by staff, and resolved."""
    at = NOW - HOUR
    frictions = [make.friction(f"account:{n}", "queue", at) for n in range(4)]
    frictions += [make.friction("account:r", "queue", at, status="resolved", resolved_at=NOW)]
    make.put(store, "frictions", frictions, "f")
    make.put(store, "journeys", [make.journey("account:a", at, NOW)], "j")
    said = [(0, "assigned", {"assignee": "Kim"}), (1, "assigned", {"assignee": "Kim"}), (1, "closed", {})]
    events = [
        make.event(
            ["staff:kim"],
            f"said-{n}",
            at + n,
            f"case.{what}",
            **data | {"friction_id": str(frictions[about]["id"])},
        )
        for n, (about, what, data) in enumerate(said)
    ]
    make.put(store, "events", events, "e")
    found = panel(seen(store), "friction_by_rule")
    [row] = [dict(zip(found.columns, (cell.text for cell in row), strict=True)) for row in found.rows]
    names = ("Frictions", "Open", "Assigned", "Closed by staff", "Resolved")
    assert [row[name] for name in names] == ["5", "3", "1", "1", "1"]


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


def test_a_panel_says_which_chosen_filters_it_ignores(store: Store) -> None:
    """With a filter chosen, panels that it does not change say so, goals of measures without a source too."""
    at = NOW - HOUR
    make.put(store, "frictions", [make.friction("account:a", "queue", at)], "f")
    make.put(store, "journeys", [make.journey("account:a", at, at, strikes=20, path=["phone"])], "j")
    assert not [one.notes for one in seen(store).board.panels if "Not filtered" in " ".join(one.notes)]
    found = seen(store, rule="queue", source="desk", channel="phone")
    notes = {one.id: [note for note in one.notes if "Not filtered" in note] for one in found.board.panels}
    assert notes["frictions"] == notes["friction_by_rule"] == []
    assert notes["goals"] == notes["journeys_at_risk"] == []
    assert notes["alerts"] == ["Not filtered by channel, source or rule."]
    measures = {row[0].text for row in panel(found, "goals").rows}
    assert measures == {"Strike points per journey (all sources, rules)"}
    assert {row[0].text for row in panel(seen(store), "goals").rows} == {"Strike points per journey"}


def test_tables_name_and_link_rules_and_customers(store: Store) -> None:
    """Rules show their title and link to journeys; customers show an identifier and link to their history."""
    opened = NOW - HOUR
    make.put(store, "frictions", [make.friction("account:a", "queue", opened)], "f")
    make.put(
        store, "journeys", [make.journey("account:a", opened, opened, strikes=30, score=70, grade="C")], "j"
    )
    make.known(store, **{"email_a@mail.example": "account:a", "account_a": "account:a"})
    rule = panel(seen(store), "friction_by_rule").rows[0][0]
    assert (rule.text, rule.href) == ("Abandoned in queue", "/journeys?rule=queue")
    risk = panel(seen(store), "journeys_at_risk")
    cells = dict(zip(risk.columns, risk.rows[0], strict=True))
    assert cells["Last seen"].time == opened
    assert (cells["Customer"].text, cells["Customer"].href) == (
        "account a",
        f"/customer/{make.of('account:a')}",
    )
    assert (cells["Strike points"].text, cells["Grade"]) == ("30", Cell("C", grade=True))


def test_a_goal_has_a_distance_and_a_line(store: Store) -> None:
    """A figure with a goal shows the distance to it; the chart of the measure has a line."""
    at = NOW - HOUR
    make.put(store, "journeys", [make.journey("account:a", at, at, strikes=20)], "j")
    contact = [
        make.event(["account:a"], "q", at, "contact.queued", contact_id="c", queue="tier 1"),
        make.event(["account:a"], "x", at + MINUTE, "contact.answered", contact_id="c", wait_seconds=60),
    ]
    make.put(store, "events", contact, "e")
    found = seen(store, dashboard="contacts")
    assert panel(found, "service_level").goal == Goal(
        "at least 80.0 %", "80.0 percentage points under goal", False
    )
    assert panel(seen(store, dashboard="journeys"), "strikes").goal == Goal(
        "at most 50.00 strike points", "30.00 strike points under goal", True
    )
    marks = found.charts["service_level_over_time"]["series"][0]["markLine"]["data"]
    assert [(mark["yAxis"], mark["label"]["formatter"]) for mark in marks] == [
        (0.8, "Industry standard"),
        (0.8, "Goal"),
    ]


def test_contacts_without_a_queue_have_one_name(store: Store) -> None:
    """Contacts without a queue are `no queue` in every panel that lists queues."""
    at = NOW - HOUR
    call = [
        make.event(["account:a"], "s", at, "contact.started", contact_id="c", reason="refund"),
        make.event(["account:a"], "q", at + 1, "contact.queued", contact_id="c"),
        make.event(["account:a"], "x", at + MINUTE, "contact.answered", contact_id="c", wait_seconds=60),
        make.event(["account:b"], "s2", at, "contact.started", contact_id="d"),
        make.event(["account:b"], "t2", at + 1, "contact.transferred", contact_id="d", queue="billing"),
    ]
    make.put(store, "events", call, "e")
    make.put(store, "journeys", [make.journey("account:a", at, NOW)], "j")
    found = seen(store, dashboard="contacts")
    assert [row[0].text for row in panel(found, "queues").rows] == ["no queue"]
    assert "no queue" in [row[0].text for row in panel(found, "resolution").rows]
    assert {bar.label for bar in panel(found, "transfers_by_queue").bars} == {"billing", "no queue"}


def test_a_clipped_label_has_its_text(store: Store) -> None:
    """A label or a cell that is clipped has more of its text as a tooltip; others have none."""
    long = "desk " * 80
    rows = [
        make.friction("account:a", "queue", NOW - HOUR, source=long),
        make.friction("account:b", "queue", NOW - HOUR, source="desk"),
    ]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    bars = panel(seen(store), "friction_by_touchpoint").bars
    assert sorted(bar.full for bar in bars) == ["", f"phone · {long.strip()}"]
    affected = panel(seen(store, dashboard="journeys"), "journeys_of_a_rule")
    sources = [row[affected.columns.index("Source")] for row in affected.rows]
    assert sorted((cell.text, cell.full) for cell in sources)[0] == ("desk", "")
    assert {cell.full for cell in sources if cell.text.endswith("…")} == {long.strip()}


@pytest.mark.parametrize("span", ["1h", "24h", "7d", "30d", "all"])
def test_periods_of_old_data_end_at_the_newest_event(store: Store, span: str) -> None:
    """If the newest event is years old, each period ends there and the board is marked as old."""
    call = 920_287_800_123
    make.put(store, "frictions", [make.friction("account:a", "queue", call)], "f")
    make.put(store, "journeys", [make.journey("account:a", call - 90 * DAY, call)], "j")
    found = seen(store, span)
    assert found.board.old
    assert found.board.newest == call
    assert panel(found, "frictions").figures[0].value == "1"
    [series] = found.charts["rules_over_time"]["series"]
    assert (series["name"], sum(series["data"])) == ("Abandoned in queue", 1)


@pytest.mark.parametrize("days", [0, 1, 30, 400, 3_000])
def test_a_chart_of_all_data_has_a_bounded_number_of_points(store: Store, days: int) -> None:
    """The period of all data has at most 500 points, however long it is."""
    first = NOW - days * DAY
    make.put(
        store,
        "frictions",
        [make.friction("account:a", "queue", first), make.friction("account:a", "queue", NOW)],
        "f",
    )
    make.put(store, "journeys", [make.journey("account:a", first, NOW)], "j")
    drawn = seen(store, "all").charts["rules_over_time"]
    assert 2 <= len(drawn["xAxis"]["data"]) <= 500
    assert sum(drawn["series"][0]["data"]) == (2 if days else 1)


def test_the_rarest_of_many_rules_are_one_series(store: Store) -> None:
    """Each of the six most frequent rules is a series; the others are one."""
    rows = [
        make.friction(f"account:{n}-{again}", f"rule{n}", NOW - 3 * HOUR)
        for n in range(9)
        for again in range(9 - n)
    ]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    series = seen(store).charts["rules_over_time"]["series"]
    assert [one["name"] for one in series] == [*(f"Rule{n}" for n in range(6)), "All others"]
    assert [sum(one["data"]) for one in series] == [9, 8, 7, 6, 5, 4, 6]


def test_grades_are_in_order_and_coloured_by_worth(store: Store) -> None:
    """The series of a chart of grades run from A to F, each in the colour of its worth."""
    grades = "FBADC"
    rows = [
        make.journey(f"account:{grade}", NOW - HOUR, NOW - n * MINUTE, grade=grade)
        for n, grade in enumerate(grades)
    ]
    make.put(store, "journeys", rows, "j")
    found = seen(store, dashboard="journeys")
    colours = {entry.name: entry.colour for entry in panel(found, "grades_over_time").legend}
    assert list(colours) == sorted(grades)
    assert len(set(colours.values())) == len(grades)
    make.put(store, "journeys", [make.journey("account:old", NOW - 10 * DAY, NOW - 9 * DAY, grade="F")], "k")
    later = seen(store, "30d", dashboard="journeys")
    assert {entry.name: entry.colour for entry in panel(later, "grades_over_time").legend} == colours


def test_a_rule_keeps_its_colour(store: Store) -> None:
    """A rule has one colour, whatever the period and the filters, and no other rule has it."""
    texts = {f"rule{n}": Text(f"rule{n}", f"Rule {n}", "") for n in range(40)}
    rows = [
        make.friction(f"account:{n}-{again}", f"rule{n}", NOW - (1 if n % 2 else 100) * HOUR)
        for n in range(9)
        for again in range(20 - n)
    ]
    rows.append(make.friction("account:x", "unlisted", NOW - HOUR))
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    colours: dict[str, set[str]] = defaultdict(set)
    for span in ("24h", "7d", "30d"):
        for chosen in ("", "rule3", "unlisted"):
            view = View("friction", Period(span), (("rule", chosen),))
            drawn = loading.load(store, view, NOW, {}, texts).charts["rules_over_time"]
            for series in drawn["series"]:
                colours[series["name"]].add(series["itemStyle"]["color"])
    assert {"Rule 0", "Rule 3", "Unlisted", "All others"} <= colours.keys()
    assert {len(used) for used in colours.values()} == {1}
    assert len({colour for used in colours.values() for colour in used}) == len(colours)


def test_each_known_rule_has_a_colour_of_its_own() -> None:
    """No two of many rules that the page knows share a colour."""
    names = [f"rule{n}" for n in range(100)]
    assert len({colour_of(name, names) for name in names}) == len(names)


def test_channels_and_outcomes_keep_their_colours(store: Store) -> None:
    """A channel has one colour in every chart and in a customer's story; outcomes are coloured by worth."""
    make.known(store, account_a="account:a")
    outcomes = ("abandoned", "converted", "open", "resolved")
    rows = [make.journey(f"account:{n}", NOW - HOUR, NOW, outcome=name) for n, name in enumerate(outcomes)]
    make.put(store, "journeys", [*rows, make.journey("account:a", NOW - 2 * HOUR, NOW)], "j")
    contacts = [
        make.event(
            ["account:a"], f"{channel}{hours}", NOW - hours * HOUR, "contact.started", contact_id=channel
        )
        | {"channel": channel}
        for channel, hours in (("phone", 1), ("chat", 1), ("email", 30))
    ]
    make.put(store, "events", contacts, "e")
    colours: dict[str, set[str]] = defaultdict(set)
    for span in ("24h", "7d"):
        for entry in panel(seen(store, span, "contacts"), "contacts_over_time").legend:
            colours[entry.name].add(entry.colour)
    [journey, *_] = history.load(store, "account:a", PLAIN, RULES).journeys
    for channel, colour in zip(journey.channels, journey.colours, strict=True):
        colours[channel.capitalize()].add(colour)
    assert colours.keys() == {"Phone", "Chat", "Email"}
    assert len({colour for used in colours.values() for colour in used}) == 3
    legend = panel(seen(store, dashboard="journeys"), "outcomes").legend
    assert {entry.name: entry.colour for entry in legend} == {
        name.capitalize(): colour_of(name) for name in outcomes
    }
    assert colour_of("F") == colour_of("abandoned") == colour_of("critical")


def test_the_menu_of_rules_is_sorted_by_title(store: Store) -> None:
    """Filters list their values by title, without a blank one; a chosen value that is gone stays listed.

    A filter without values is left out.
    """
    rules = {"a": Text("a", "Zebra", ""), "b": Text("b", "apple", ""), "c": Text("c", "Mango", "")}
    rows = [make.friction("account:a", rule, NOW - HOUR, source="") for rule in "abc"]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    make.put(store, "events", [make.event(["account:a"], "e", NOW, "page.viewed") | {"source": ""}], "e")
    view = View("friction", Period("24h"), (("rule", "gone"),))
    filters = loading.load(store, view, NOW, {}, rules).board.filters
    values = {one.name: [title for _, title in one.values] for one in filters}
    assert values["rule"] == ["Gone", "apple", "Mango", "Zebra"]
    assert "source" not in values


def test_deployed_changes_are_marked_in_charts(store: Store) -> None:
    """A change deployed in the period is a vertical line with its name, clipped; the page has all of it."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    name = "release-" * 8 + "7"
    make.put(
        store,
        "events",
        [
            make.event(
                ["account:ci"], "d", NOW - 2 * HOUR, "change.deployed", change_id=name, title="Menu " * 40
            )
        ],
        "e",
    )
    found = seen(store)
    [change] = found.board.changes
    assert (change.at, change.full) == (NOW - 2 * HOUR, f"{name}: {'Menu ' * 40}".strip())
    assert change.name == f"{change.full[:119]}…"
    drawn = found.charts["friction_rate"]
    [line] = drawn["series"][0]["markLine"]["data"]
    assert line["label"]["formatter"] == f"{name[:39]}…"
    assert name in drawn["xAxis"]["axisPointer"]["label"][":formatter"]
    assert line["xAxis"] in drawn["xAxis"]["data"]
    assert 0 <= NOW - 2 * HOUR - int(line["xAxis"]) < 2 * HOUR


def test_changes_of_one_moment_share_a_line(store: Store) -> None:
    """Changes that were deployed at one point of a chart are one line with both names."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    deployed = [
        make.event(["account:ci"], name, NOW - 2 * HOUR, "change.deployed", change_id=name)
        for name in ("first", "second")
    ]
    make.put(store, "events", deployed, "e")
    found = seen(store)
    assert [change.name for change in found.board.changes] == ["first", "second"]
    assert found.board.changes[0].href == "/fixes?change=first"
    # What a change did is computed later: until then, its row names no rule.
    fixes = seen(store, dashboard="fixes", change="first")
    [row] = panel(fixes, "change_effects").rows
    assert [cell.text for cell in row if cell.text] == ["first", "Not computed yet"]
    [line] = found.charts["friction_rate"]["series"][0]["markLine"]["data"]
    assert line["label"]["formatter"] == "first; second"


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


def test_alerts_are_listed_by_severity_with_their_evidence(store: Store) -> None:
    """Open alerts come first, by severity, with customers; retracted alerts are left out."""
    make.known(store, **{"email_a@mail.example": "account:a", "account_a": "account:a"})
    journey = make.journey("account:a", NOW - 3 * HOUR, NOW - 2 * HOUR)
    make.put(store, "journeys", [journey], "j")
    forgotten = make.journey("account:gone", NOW - 3 * HOUR, NOW - 2 * HOUR)
    shown = [str(one["id"]) for one in (journey, forgotten)]
    rows = [
        make.alert("More friction than usual", NOW - HOUR, labels=["rule=queue", "channel="]),
        make.alert("Payments fail", NOW - 2 * HOUR, severity="critical", evidence=shown),
        make.alert("Orders fail", NOW - DAY, severity="critical", status="resolved", resolved_at=NOW - HOUR),
        make.alert("Never was", NOW, status="retracted"),
    ]
    make.put(store, "alerts", rows, "a")
    make.put(store, "alerts", rows[:1], "again")
    found = alerts.load(store, RULES, "UTC", NOW)
    assert [alert.title for alert in found.open] == ["Payments fail", "More friction than usual"]
    assert [(alert.title, alert.resolved_at) for alert in found.resolved] == [("Orders fail", NOW - HOUR)]
    assert found.open[1].place == "Abandoned in queue · channel (none)"
    first = found.open[0]
    assert (first.place, first.usual, first.customers, first.count) == ("source webshop", "usually 2", 31, 40)
    assert first.evidence == [Evidence(str(make.of("account:a")), "account a")]


async def test_a_reader_acts_on_an_incident_and_sees_what_is_held(store: Store) -> None:
    """Acts are written by the desk with the reader's name; the page shows them, and the ledger."""
    row = make.alert("Payments fail", NOW - 2 * HOUR)
    make.put(store, "alerts", [row, make.alert("Never was", NOW, status="retracted")], "a")
    held = {"alert": row["id"], "fingerprint": row["fingerprint"], "rule": row["rule"], "title": row["title"]}
    entry = {"id": row["id"], "labels": row["labels"], "reason": "window", "name": "release", "channels": []}
    times = {"began_at": NOW - HOUR, "ended_at": None, "count": 9, "customers": 7, "deleted": 0, "version": 1}
    make.put(store, "held_alerts", [held | entry | times], "h")
    desk = Desk(store, lambda: NOW)

    incident = find_incident(store, str(row["id"]))
    assert incident is not None

    async def act(what: Any, hours: int = 2, **fields: Any) -> None:
        request = ActRequest(ticket=1, author="", id=str(row["id"]), what=what, hours=hours, **fields)
        await desk.put(ACTS, "", act_fields(incident, request, NOW), "Kim <b>")

    acts: dict[str, dict[str, Any]] = {
        "acknowledge": {},
        "snooze": {"hours": 0, "times": 3.0},
        "noise": {},
        "mute": {"hours": 0},
        "expect": {"change": "release-481 <b>"},
    }
    for what, fields in acts.items():
        await act(what, **fields)
    with pytest.raises(NotAnAct, match="a snooze needs an end"):
        await act("snooze", 0)
    with pytest.raises(NotAnAct, match="no change is named"):
        await act("expect", change=" ")
    found = alerts.load(store, RULES, "UTC", NOW)
    (alert,) = found.open
    assert (alert.acknowledged, alert.snoozed, alert.muted, alert.verdict) == (True, True, True, "noise")
    said = [line.partition(" by ")[0] for line in alert.story[:2]]
    assert said == ["Acknowledged", "Snoozed until 3 times the customers"]
    assert alert.story[3].startswith("The change release-481 <b> should end it, says Kim <b> at ")
    assert [one.labels for one in find_mutes(store, incident, NOW)] == [("source=webshop",)]
    assert alert.held_by == "window release"
    assert alert.precision == "0 real, 0 known, 1 noise: fewer than 5 verdicts"
    assert alert.story[0].startswith("Acknowledged by Kim <b> at ")
    assert [(one.held_by, one.customers, one.ended_at) for one in found.held] == [("window release", 7, None)]
    assert find_incident(store, str(uuid5(make.SPACE, "alert:Never was"))) is None
    assert find_incident(store, "") is None
    await desk.close()


def test_a_heat_map_adds_up_the_hours_of_all_days(store: Store) -> None:
    """Frictions of one hour on different days share a cell; the touchpoint with the most is on top."""
    midnight = NOW // DAY * DAY
    opened = [midnight - DAY + 9 * HOUR, midnight + 9 * HOUR - 5 * DAY, midnight - 3 * DAY + 23 * HOUR]
    rows = [make.friction(f"account:{at}", "queue", at) for at in opened]
    rows += [make.friction(f"account:{n}", "queue", opened[0] + n, channel="web") for n in range(4)]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - 6 * DAY, NOW)], "j")
    options = seen(store, "7d", "touchpoints").charts["touchpoint_hours"]
    assert options["yAxis"]["data"] == ["web · desk", "phone · desk"]
    assert options["series"][0]["data"] == [["9", 0, 4], ["9", 1, 2], ["23", 1, 1]]
    assert options["visualMap"]["max"] == 4
