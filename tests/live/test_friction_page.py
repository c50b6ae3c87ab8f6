"""Friction now: its figures, tables, charts and periods."""

from itertools import groupby

import pytest

from tests.live import rows as make
from tests.live.boards import NOW, panel, seen
from touchline.engine.ports import InForce
from touchline.live.boards.loading import Headline, LoadedBoard
from touchline.live.boards.panel_view import NO_BASELINE, Cell
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, MINUTE

HEADLINE = ("frictions", "friction_by_rule", "friction_by_touchpoint")
USUAL = ("frictions", "friction_by_rule", "friction_rate")
OPEN = ("open_frictions", "open_over_time")


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
    found = seen(store, only=HEADLINE)
    assert found.board.headline == Headline(5, usual, "Abandoned in queue", 3, "Phone · desk")
    assert panel(found, "frictions").figures[0].value == "5"
    assert seen(store, only=HEADLINE, rule="late").board.headline == Headline(
        2, usual, "Late", 2, "Mail · post"
    )
    cost = {"rule": "", "loss": 1234.0, "loss_low": 900.0, "loss_high": 1500.0, "currency": "EUR"}
    cost |= {"computed_at": NOW, "since": NOW - 30 * DAY, "until": NOW, "verdict": "loss"}
    store.insert("rule_impact", {name: [value] for name, value in cost.items()}, "cost")
    headline = seen(store, only=HEADLINE).board.headline
    assert headline is not None
    assert headline.loss == "1,234 EUR (900 to 1,500)"
    assert headline.loss_of.startswith("frictions of ")


def test_usual_values_need_a_week_of_data(store: Store) -> None:
    """A figure shows the mean of earlier weeks; without any, the page says that there is no baseline."""
    opened = NOW - HOUR
    make.put(store, "frictions", [make.friction("account:a", "queue", opened)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    found = seen(store, only=USUAL)
    assert panel(found, "frictions").figures[0].usual == "no baseline yet"
    assert "Usual" not in panel(found, "friction_by_rule").columns
    for name in ("friction_by_rule", "friction_rate"):
        assert panel(found, name).notes == [NO_BASELINE]
    make.put(store, "journeys", [make.journey("account:b", NOW - 15 * DAY, NOW)], "k")
    make.put(store, "frictions", [make.friction("account:b", "queue", opened - 7 * DAY)], "g")
    assert panel(seen(store, only=USUAL), "frictions").figures[0].usual == "usually 0.5"
    assert "Usual" in panel(seen(store, only=USUAL), "friction_by_rule").columns


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

    found = seen(store, only=USUAL)
    assert usual(found) == "no baseline yet"
    assert [one["name"] for one in found.charts["friction_rate"]["series"]] == ["Frictions"]
    table = panel(found, "friction_by_rule")
    cells = {row[0].text: row[table.columns.index("Usual")].text for row in table.rows}
    assert (cells, table.notes) == ({"Slow": "no baseline yet", "Quick": "2"}, [])
    quick = seen(store, only=USUAL, rule="quick")
    assert usual(quick) == "usually 2"
    assert [one["name"] for one in quick.charts["friction_rate"]["series"]] == ["Frictions", "Usual"]
    make.put(store, "journeys", [make.journey("account:b", NOW - 46 * DAY, NOW)], "k")
    assert usual(seen(store, only=USUAL)) == "usually 2"
    assert usual(seen(store, only=USUAL, rule="slow")) == "usually 0"


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
    found = seen(store, only=OPEN, channel="phone")
    assert panel(found, "open_frictions").figures[0].value == "1"
    [drawn] = found.charts["open_over_time"]["series"]
    steps = [value for value, _ in groupby(drawn["data"])]
    assert steps == [2, 3, 2, 1]
    assert panel(seen(store, only=OPEN), "open_frictions").figures[0].value == "2"


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
    found = panel(seen(store, only=["friction_by_rule"]), "friction_by_rule")
    [row] = [dict(zip(found.columns, (cell.text for cell in row), strict=True)) for row in found.rows]
    names = ("Frictions", "Open", "Assigned", "Closed by staff", "Resolved")
    assert [row[name] for name in names] == ["5", "3", "1", "1", "1"]


def test_tables_name_and_link_rules_and_customers(store: Store) -> None:
    """Rules show their title and link to journeys; customers show an identifier and link to their history."""
    opened = NOW - HOUR
    make.put(store, "frictions", [make.friction("account:a", "queue", opened)], "f")
    make.put(
        store, "journeys", [make.journey("account:a", opened, opened, strikes=30, score=70, grade="C")], "j"
    )
    make.known(store, **{"email_a@mail.example": "account:a", "account_a": "account:a"})
    found = seen(store, only=["friction_by_rule", "journeys_at_risk"])
    rule = panel(found, "friction_by_rule").rows[0][0]
    assert (rule.text, rule.href) == ("Abandoned in queue", "/journeys?rule=queue")
    risk = panel(found, "journeys_at_risk")
    cells = dict(zip(risk.columns, risk.rows[0], strict=True))
    assert cells["Last seen"].time == opened
    assert (cells["Customer"].text, cells["Customer"].href) == (
        "account a",
        f"/customer/{make.of('account:a')}",
    )
    assert (cells["Strike points"].text, cells["Grade"]) == ("30", Cell("C", grade=True))


def test_periods_of_old_data_end_at_the_newest_event(store: Store) -> None:
    """If the newest event is years old, each period ends there and the board is marked as old."""
    call = 920_287_800_123
    make.put(store, "frictions", [make.friction("account:a", "queue", call)], "f")
    make.put(store, "journeys", [make.journey("account:a", call - 90 * DAY, call)], "j")
    for span in ("1h", "24h", "7d", "30d", "all"):
        found = seen(store, span, only=["frictions", "rules_over_time"])
        assert found.board.old, span
        assert found.board.newest == call
        assert panel(found, "frictions").figures[0].value == "1"
        [series] = found.charts["rules_over_time"]["series"]
        assert (series["name"], sum(series["data"])) == ("Abandoned in queue", 1), span


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
    drawn = seen(store, "all", only=["rules_over_time"]).charts["rules_over_time"]
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
    series = seen(store, only=["rules_over_time"]).charts["rules_over_time"]["series"]
    assert [one["name"] for one in series] == [*(f"Rule{n}" for n in range(6)), "All others"]
    assert [sum(one["data"]) for one in series] == [9, 8, 7, 6, 5, 4, 6]
