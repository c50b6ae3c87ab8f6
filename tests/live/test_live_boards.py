"""What dashboards and alerts show, asked of the real store over rows put in by hand."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.live import rows as make
from touchline.live import Answer, alerts, boards
from touchline.live.alerts import Alerts, Evidence
from touchline.live.boards import Headline, Seen, View
from touchline.live.drawing import Cell, Drawn, Goal
from touchline.live.spans import DAY, HOUR, MINUTE
from touchline.panels import BY_ID, DASHBOARDS, PANELS
from touchline.store import Store

NOW = 1_800_000_000_000


@dataclass(frozen=True)
class Text:
    """A rule's words."""

    id: str
    title: str
    why: str


RULES = {"queue": Text("queue", "Abandoned in queue", "They call again.")}


def seen(store: Store, span: str = "24h", dashboard: str = "friction", **chosen: str) -> Seen:
    """A dashboard as of `NOW`."""
    [wanted] = [one for one in DASHBOARDS if one.id == dashboard]
    view = View(dashboard, span, tuple(chosen.items()))
    return boards.load(store, view, wanted, NOW, {"service_level": 0.8, "strikes": 50.0}, RULES)


def panel(found: Seen, name: str) -> Drawn:
    """One panel of it."""
    [one] = [one for one in found.board.panels if one.id == name]
    return one


def test_an_empty_store_is_said_to_be_empty(store: Store) -> None:
    """Before the first event a dashboard is empty rather than full of zeros, and there is no alert."""
    assert seen(store).board.empty
    assert alerts.load(store, RULES) == Alerts()


def test_a_dashboard_is_drawn_from_its_panels(store: Store) -> None:
    """Each panel is there once, in order; what has nothing to show says so in the panel's own words."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    for dashboard in DASHBOARDS:
        found = seen(store, dashboard=dashboard.id)
        assert [one.id for one in found.board.panels] == [p.id for p in PANELS if p.dashboard == dashboard.id]
        assert [one.error for one in found.board.panels if one.error] == []
        assert [one.name for one in found.board.choices] == [one.name for one in dashboard.variables]
    assert panel(seen(store, dashboard="contacts"), "service_level").empty == BY_ID["service_level"].empty


def test_the_headline_names_the_worst_rule_and_place(store: Store) -> None:
    """On top stand how much there is, what happens most often, and where most happens."""
    opened = NOW - 10 * MINUTE
    rows = [
        *(make.friction(f"account:{n}", "queue", opened, source="desk") for n in range(3)),
        *(make.friction(f"account:{n}", "late", opened, channel="mail", source="post") for n in range(2)),
    ]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", opened, opened)], "j")
    assert seen(store).board.headline == Headline(5, "", "Abandoned in queue", 3, "phone · desk")
    assert panel(seen(store), "frictions").figures[0].value == "5"
    assert seen(store, rule="late").board.headline == Headline(2, "", "Late", 2, "mail · post")


def test_what_is_usual_is_said_where_the_data_go_back(store: Store) -> None:
    """Beside a figure stands that of earlier weeks; a column that nothing fills is left out."""
    opened = NOW - HOUR
    make.put(store, "frictions", [make.friction("account:a", "queue", opened)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    assert "Usual" not in panel(seen(store), "friction_by_rule").columns
    make.put(store, "journeys", [make.journey("account:b", NOW - 15 * DAY, NOW)], "k")
    make.put(store, "frictions", [make.friction("account:b", "queue", opened - 7 * DAY)], "g")
    assert panel(seen(store), "frictions").figures[0].usual == "usually 0.5"
    assert "Usual" in panel(seen(store), "friction_by_rule").columns


def test_tables_lead_on_and_name_rules_and_customers(store: Store) -> None:
    """A rule is named by its title and leads to its journeys, a customer by an identifier to the story."""
    opened = NOW - HOUR
    make.put(store, "frictions", [make.friction("account:a", "queue", opened)], "f")
    make.put(
        store, "journeys", [make.journey("account:a", opened, opened, strikes=30, score=70, grade="C")], "j"
    )
    make.known(store, **{"email_a@mail.example": "account:a", "account_a": "account:a"})
    rule = panel(seen(store), "friction_by_rule").rows[0][0]
    assert (rule.text, rule.href) == ("Abandoned in queue", "/journeys?rule=queue")
    risk = panel(seen(store), "journeys_at_risk")
    told = dict(zip(risk.columns, risk.rows[0], strict=True))
    assert told["Last seen"].time == opened
    assert (told["Customer"].text, told["Customer"].href) == (
        "account a",
        f"/customer/{make.of('account:a')}",
    )
    assert (told["Strikes"].text, told["Grade"]) == ("30", Cell("C", grade=True))


def test_a_goal_is_shown_with_its_distance_and_a_line(store: Store) -> None:
    """A figure with a goal says whether it is met and how far it is; its picture has the line."""
    at = NOW - HOUR
    make.put(store, "journeys", [make.journey("account:a", at, at, strikes=20)], "j")
    asked = [
        make.event(["account:a"], "q", at, "contact.queued", contact_id="c", queue="tier 1"),
        make.event(["account:a"], "x", at + MINUTE, "contact.answered", contact_id="c", wait_seconds=60),
    ]
    make.put(store, "events", asked, "e")
    found = seen(store, dashboard="contacts")
    assert panel(found, "service_level").goal == Goal("80.0 %", "80.0 points under goal", False)
    assert panel(seen(store, dashboard="journeys"), "strikes").goal == Goal(
        "50.00 strikes", "30.00 strikes under goal", True
    )
    marks = found.pictures["service_level_over_time"]["series"][0]["markLine"]["data"]
    assert [(one["yAxis"], one["label"]["formatter"]) for one in marks] == [
        (0.8, "Industry standard"),
        (0.8, "Goal"),
    ]


@pytest.mark.parametrize("span", ["1h", "24h", "7d", "30d", "all"])
def test_old_history_is_shown_from_its_newest_touchpoint(store: Store, span: str) -> None:
    """Where the newest touchpoint is years old every span counts back from it, and says so."""
    call = 920_287_800_123
    make.put(store, "frictions", [make.friction("account:a", "queue", call)], "f")
    make.put(store, "journeys", [make.journey("account:a", call - 90 * DAY, call)], "j")
    found = seen(store, span)
    assert found.board.old
    assert found.board.newest == call
    assert panel(found, "frictions").figures[0].value == "1"
    [series] = found.pictures["rules_over_time"]["series"]
    assert (series["name"], sum(series["data"])) == ("Abandoned in queue", 1)


@pytest.mark.parametrize("days", [0, 1, 30, 400, 3_000])
def test_all_time_fits_in_a_bounded_number_of_points(store: Store, days: int) -> None:
    """However long the history is, a picture of all of it has a bounded number of points."""
    first = NOW - days * DAY
    make.put(
        store,
        "frictions",
        [make.friction("account:a", "queue", first), make.friction("account:a", "queue", NOW)],
        "f",
    )
    make.put(store, "journeys", [make.journey("account:a", first, NOW)], "j")
    drawn = seen(store, "all").pictures["rules_over_time"]
    assert 2 <= len(drawn["xAxis"]["data"]) <= 500
    assert sum(drawn["series"][0]["data"]) == (2 if days else 1)


def test_the_rarest_of_many_rules_come_together(store: Store) -> None:
    """Over time, each of the most frequent rules is a series; all others are one."""
    rows = [
        make.friction(f"account:{n}-{again}", f"rule{n}", NOW - 3 * HOUR)
        for n in range(9)
        for again in range(9 - n)
    ]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    series = seen(store).pictures["rules_over_time"]["series"]
    assert [one["name"] for one in series] == [*(f"Rule{n}" for n in range(6)), "All others"]
    assert [sum(one["data"]) for one in series] == [9, 8, 7, 6, 5, 4, 6]


def test_what_went_live_is_marked_in_pictures(store: Store) -> None:
    """A change that was deployed in the span is a line with its name, at its point of time."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    make.put(
        store,
        "events",
        [make.event(["account:ci"], "d", NOW - 2 * HOUR, "change.deployed", change_id="c7", title="Menu")],
        "e",
    )
    drawn = seen(store).pictures["friction_rate"]
    [line] = drawn["series"][0]["markLine"]["data"]
    assert line["label"]["formatter"] == "c7"
    assert line["xAxis"] in drawn["xAxis"]["data"]
    assert 0 <= NOW - 2 * HOUR - int(line["xAxis"]) < 2 * HOUR


def test_a_panel_that_fails_leaves_the_others(store: Store) -> None:
    """What one query fails with stands in its panel; where all fail the page as a whole says so."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")

    @dataclass
    class Failing:
        on: str

        def query(self, sql: str, parameters: dict[str, Any]) -> Answer:
            if self.on in sql:
                raise TimeoutError("Timeout exceeded\nat some place")
            return store.query(sql, parameters)

    [wanted] = [one for one in DASHBOARDS if one.id == "friction"]
    view = View("friction", "24h")
    board = boards.load(Failing("factor AS label"), view, wanted, NOW, {}, RULES).board
    assert [(one.id, one.error) for one in board.panels if one.error] == [
        ("friction_by_factor", "Timeout exceeded")
    ]
    with pytest.raises(TimeoutError):
        boards.load(Failing("toDateTime("), view, wanted, NOW, {}, RULES)


def test_alerts_are_listed_gravest_first_with_their_evidence(store: Store) -> None:
    """Open ones first, by severity, with whose journeys show it; those that are over; no retracted ones."""
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
    found = alerts.load(store, RULES)
    assert [one.title for one in found.open] == ["Payments fail", "More friction than usual"]
    assert [(one.title, one.resolved_at) for one in found.over] == [("Orders fail", NOW - HOUR)]
    assert found.open[1].place == "Abandoned in queue · channel (none)"
    first = found.open[0]
    assert (first.place, first.usual, first.customers, first.count) == ("source webshop", "usually 2", 31, 40)
    assert first.evidence == [Evidence(str(make.of("account:a")), "account a")]
