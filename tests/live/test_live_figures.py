"""The live page's questions, asked of the real store over rows put in by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from touchline.live import Answer, alerts, boards, story
from touchline.live.alerts import Alerts, Evidence
from touchline.live.boards import Headline, Seen, View
from touchline.live.drawing import Cell, Drawn, Goal
from touchline.live.spans import DAY, HOUR, MINUTE
from touchline.live.story import Strike, Touchpoint, candidates
from touchline.panels import BY_ID, DASHBOARDS, PANELS
from touchline.pipeline.store import Store

NOW = 1_800_000_000_000
SPACE = UUID(int=0)


@dataclass(frozen=True)
class Text:
    """A rule's words."""

    id: str
    title: str
    why: str


RULES = {"queue": Text("queue", "Abandoned in queue", "They call again.")}


def of(identifier: str) -> UUID:
    """A customer's id."""
    return uuid5(SPACE, identifier)


def put(store: Store, table: str, rows: Iterable[dict[str, Any]], token: str) -> None:
    """Insert rows."""
    listed = list(rows)
    store.insert(table, {name: [row[name] for row in listed] for name in listed[0]}, token)


def friction(who: str, rule: str, opened: int, **other: Any) -> dict[str, Any]:
    """A row of frictions."""
    return {
        "id": uuid5(SPACE, f"{rule}:{who}:{opened}"),
        "rule": rule,
        "rule_version": "1",
        "customer": of(who),
        "journey": uuid5(SPACE, f"journey:{who}"),
        "anchor": "e1",
        "channel": "phone",
        "source": "desk",
        "opened_at": opened,
        "detected_at": opened,
        "resolved_at": None,
        "status": "open",
        "count": 1,
        "evidence": ["e1"],
        "weight": 10,
        "factor": "process",
        "version": 1,
    } | other


def journey(who: str, start: int, last: int, **other: Any) -> dict[str, Any]:
    """A row of journeys."""
    return {
        "id": uuid5(SPACE, f"journey:{who}:{start}"),
        "customer": of(who),
        "first": "e1",
        "start": start,
        "last": last,
        "path": ["web", "phone"],
        "events": 3,
        "contacts": 1,
        "visits": 2,
        "strikes": 0,
        "score": 100,
        "grade": "A",
        "outcome": "open",
        "wait_seconds": 0,
        "transfers": 0,
        "channel_switches": 1,
        "repeats": 0,
        "due_at": None,
        "superseded": 0,
        "version": 1,
    } | other


def event(identifiers: list[str], key: str, time: int, type_: str, **data: Any) -> dict[str, Any]:
    """A row of events."""
    return {
        "id": key,
        "type": type_,
        "time": time,
        "received_at": time,
        "channel": "web" if type_.startswith("page") else "phone",
        "source": "shop",
        "producer": "test",
        "entity": identifiers[0],
        "identifiers": identifiers,
        "data": orjson.dumps(data).decode(),
        "context": "{}",
        "schema": 1,
        "log_offset": 1,
    }


def known(store: Store, **entities: str) -> None:
    """Put identities in: entity (with `_` for the colon) → the customer's strongest identifier."""
    rows = [
        {"entity": entity.replace("_", ":", 1), "customer": of(who), "version": 1}
        for entity, who in entities.items()
    ]
    put(store, "identities", rows, f"identities-{sorted(entities)}")


def seen(store: Store, span: str = "24h", dashboard: str = "friction", **chosen: str) -> Seen:
    """A dashboard as of `NOW`."""
    [wanted] = [one for one in DASHBOARDS if one.id == dashboard]
    view = View(dashboard, span, tuple(chosen.items()))
    return boards.load(store, view, wanted, NOW, {"service_level": 0.8, "strikes": 50.0}, RULES)


def panel(found: Seen, name: str) -> Drawn:
    """One panel of it."""
    [one] = [one for one in found.board.panels if one.id == name]
    return one


def alert(title: str, opened: int, **other: Any) -> dict[str, Any]:
    """A row of alerts."""
    return {
        "id": uuid5(SPACE, f"alert:{title}"),
        "fingerprint": uuid5(SPACE, title),
        "rule": "payment_outage",
        "kind": "threshold",
        "title": title,
        "severity": "warning",
        "labels": ["source=webshop"],
        "opened_at": opened,
        "detected_at": opened,
        "resolved_at": None,
        "status": "firing",
        "count": 40,
        "customers": 31,
        "usual": 2.0,
        "evidence": [str(uuid5(SPACE, "journey:account:a"))],
        "evidence_customers": [str(of("account:a"))],
        "summary": f"{title}: 31 customers met",
        "version": 1,
    } | other


def test_an_empty_store_is_said_to_be_empty(store: Store) -> None:
    """Before the first event a dashboard is empty rather than full of zeros, and there is no alert."""
    assert seen(store).board.empty
    assert alerts.load(store, RULES) == Alerts()


def test_a_dashboard_is_drawn_from_its_panels(store: Store) -> None:
    """Each panel is there once, in order; what has nothing to show says so in the panel's own words."""
    put(store, "frictions", [friction("account:a", "queue", NOW - HOUR)], "f")
    put(store, "journeys", [journey("account:a", NOW - DAY, NOW)], "j")
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
        *(friction(f"account:{n}", "queue", opened, source="desk") for n in range(3)),
        *(friction(f"account:{n}", "late", opened, channel="mail", source="post") for n in range(2)),
    ]
    put(store, "frictions", rows, "f")
    put(store, "journeys", [journey("account:a", opened, opened)], "j")
    assert seen(store).board.headline == Headline(5, "", "Abandoned in queue", 3, "phone · desk")
    assert panel(seen(store), "frictions").figures[0].value == "5"
    assert seen(store, rule="late").board.headline == Headline(2, "", "Late", 2, "mail · post")


def test_what_is_usual_is_said_where_the_data_go_back(store: Store) -> None:
    """Beside a figure stands that of earlier weeks; a column that nothing fills is left out."""
    opened = NOW - HOUR
    put(store, "frictions", [friction("account:a", "queue", opened)], "f")
    put(store, "journeys", [journey("account:a", NOW - DAY, NOW)], "j")
    assert "Usual" not in panel(seen(store), "friction_by_rule").columns
    put(store, "journeys", [journey("account:b", NOW - 15 * DAY, NOW)], "k")
    put(store, "frictions", [friction("account:b", "queue", opened - 7 * DAY)], "g")
    assert panel(seen(store), "frictions").figures[0].usual == "usually 0.5"
    assert "Usual" in panel(seen(store), "friction_by_rule").columns


def test_tables_lead_on_and_name_rules_and_customers(store: Store) -> None:
    """A rule is named by its title and leads to its journeys, a customer by an identifier to the story."""
    opened = NOW - HOUR
    put(store, "frictions", [friction("account:a", "queue", opened)], "f")
    put(store, "journeys", [journey("account:a", opened, opened, strikes=30, score=70, grade="C")], "j")
    known(store, **{"email_a@mail.example": "account:a", "account_a": "account:a"})
    rule = panel(seen(store), "friction_by_rule").rows[0][0]
    assert (rule.text, rule.href) == ("Abandoned in queue", "/journeys?rule=queue")
    risk = panel(seen(store), "journeys_at_risk")
    told = dict(zip(risk.columns, risk.rows[0], strict=True))
    assert told["Last seen"].time == opened
    assert (told["Customer"].text, told["Customer"].href) == ("account a", f"/customer/{of('account:a')}")
    assert (told["Strikes"].text, told["Grade"]) == ("30", Cell("C", grade=True))


def test_a_goal_is_shown_with_its_distance_and_a_line(store: Store) -> None:
    """A figure with a goal says whether it is met and how far it is; its picture has the line."""
    at = NOW - HOUR
    put(store, "journeys", [journey("account:a", at, at, strikes=20)], "j")
    asked = [
        event(["account:a"], "q", at, "contact.queued", contact_id="c", queue="tier 1"),
        event(["account:a"], "x", at + MINUTE, "contact.answered", contact_id="c", wait_seconds=60),
    ]
    put(store, "events", asked, "e")
    found = seen(store, dashboard="contacts")
    assert panel(found, "service_level").goal == Goal("80.0 %", "80.0 points short", False)
    assert panel(seen(store, dashboard="journeys"), "strikes").goal == Goal(
        "50.00 strikes", "30.00 strikes ahead", True
    )
    marks = found.pictures["service_level_over_time"]["series"][0]["markLine"]["data"]
    assert [(one["yAxis"], one["label"]["formatter"]) for one in marks] == [
        (0.8, "our goal"),
        (0.8, "80 % in 20 s"),
    ]


@pytest.mark.parametrize("span", ["1h", "24h", "7d", "30d", "all"])
def test_old_history_is_shown_from_its_newest_touchpoint(store: Store, span: str) -> None:
    """Where the newest touchpoint is years old every span counts back from it, and says so."""
    call = 920_287_800_123
    put(store, "frictions", [friction("account:a", "queue", call)], "f")
    put(store, "journeys", [journey("account:a", call - 90 * DAY, call)], "j")
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
    put(store, "frictions", [friction("account:a", "queue", first), friction("account:a", "queue", NOW)], "f")
    put(store, "journeys", [journey("account:a", first, NOW)], "j")
    drawn = seen(store, "all").pictures["rules_over_time"]
    assert 2 <= len(drawn["xAxis"]["data"]) <= 500
    assert sum(drawn["series"][0]["data"]) == (2 if days else 1)


def test_the_rarest_of_many_rules_come_together(store: Store) -> None:
    """Over time, each of the most frequent rules is a series; all others are one."""
    rows = [
        friction(f"account:{n}-{again}", f"rule{n}", NOW - 3 * HOUR)
        for n in range(9)
        for again in range(9 - n)
    ]
    put(store, "frictions", rows, "f")
    put(store, "journeys", [journey("account:a", NOW - DAY, NOW)], "j")
    series = seen(store).pictures["rules_over_time"]["series"]
    assert [one["name"] for one in series] == [*(f"Rule{n}" for n in range(6)), "All others"]
    assert [sum(one["data"]) for one in series] == [9, 8, 7, 6, 5, 4, 6]


def test_what_went_live_is_marked_in_pictures(store: Store) -> None:
    """A change that was deployed in the span is a line with its name, at its point of time."""
    put(store, "frictions", [friction("account:a", "queue", NOW - HOUR)], "f")
    put(store, "journeys", [journey("account:a", NOW - DAY, NOW)], "j")
    put(
        store,
        "events",
        [event(["account:ci"], "d", NOW - 2 * HOUR, "change.deployed", change_id="c7", title="Menu")],
        "e",
    )
    drawn = seen(store).pictures["friction_rate"]
    [line] = drawn["series"][0]["markLine"]["data"]
    assert line["label"]["formatter"] == "c7"
    assert line["xAxis"] in drawn["xAxis"]["data"]
    assert 0 <= NOW - 2 * HOUR - int(line["xAxis"]) < 2 * HOUR


def test_a_panel_that_fails_leaves_the_others(store: Store) -> None:
    """What one query fails with stands in its panel; where all fail the page as a whole says so."""
    put(store, "frictions", [friction("account:a", "queue", NOW - HOUR)], "f")
    put(store, "journeys", [journey("account:a", NOW - DAY, NOW)], "j")

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
    """Open ones come first, by severity; those that are over by time; retracted ones not at all."""
    known(store, **{"email_a@mail.example": "account:a", "account_a": "account:a"})
    rows = [
        alert("More friction than usual", NOW - HOUR, labels=["rule=queue", "channel="]),
        alert("Payments fail", NOW - 2 * HOUR, severity="critical"),
        alert("Orders fail", NOW - DAY, severity="critical", status="resolved", resolved_at=NOW - HOUR),
        alert("Never was", NOW, status="retracted"),
    ]
    put(store, "alerts", rows, "a")
    put(store, "alerts", rows[:1], "again")
    found = alerts.load(store, RULES)
    assert [one.title for one in found.open] == ["Payments fail", "More friction than usual"]
    assert [(one.title, one.resolved_at) for one in found.over] == [("Orders fail", NOW - HOUR)]
    assert found.open[1].place == "Abandoned in queue · channel (none)"
    first = found.open[0]
    assert (first.place, first.usual, first.customers, first.count) == ("source webshop", "usually 2", 31, 40)
    assert first.evidence == [Evidence(str(of("account:a")), "account a")]


def tell(store: Store) -> None:
    """One customer: two journeys, a run of page views, a friction of an event and one of that friction."""
    who, names = "account:a", ["account:a", "email:a@mail.example"]
    known(store, **{"account_a": who, "email_a@mail.example": who})
    views = [
        event(names[1:], f"v{n}", NOW - 2 * HOUR + n * MINUTE, "page.viewed", path="/x") for n in range(3)
    ]
    call = NOW - HOUR
    put(
        store,
        "events",
        [
            event(names, "old", NOW - 40 * DAY, "page.viewed"),
            *views,
            event(names, "q", call, "contact.queued", queue="tier 1"),
            event(names, "x", call + MINUTE, "contact.abandoned", wait_seconds=60),
        ],
        "e",
    )
    put(store, "events", [event(names, "x", call + MINUTE, "contact.abandoned", wait_seconds=60)], "again")
    first = friction(who, "queue", call + MINUTE, evidence=["q", "x"], status="resolved", resolved_at=NOW)
    second = friction(who, "strikes", call + MINUTE, evidence=[str(first["id"]), "gone"], weight=30)
    put(store, "frictions", [second, first], "f")
    put(
        store,
        "journeys",
        [
            journey(who, NOW - 40 * DAY, NOW - 40 * DAY),
            journey(who, NOW - 2 * HOUR, call + MINUTE, strikes=40, score=60, grade="C"),
        ],
        "j",
    )


def test_a_story_has_touchpoints_strikes_and_their_evidence(store: Store) -> None:
    """A story is told by journey, newest first; like touchpoints are drawn together, evidence is marked."""
    tell(store)
    told = story.load(store, "account:a", None, RULES)
    assert told.names == ["account a", "email a@mail.example"]
    assert (told.touchpoints, told.hidden_touchpoints) == (6, 0)
    newest, oldest = told.journeys
    assert (newest.score, newest.grade, newest.channels) == (60, "C", ["web", "phone"])
    assert [row.title for row in oldest.rows] == ["Page viewed"]
    views, queued, abandoned, first, second = newest.rows
    assert isinstance(views, Touchpoint)
    assert (views.count, views.details, views.marks) == (3, [("path", "/x")], [])
    assert isinstance(queued, Touchpoint)
    assert isinstance(abandoned, Touchpoint)
    assert (queued.marks, abandoned.marks, abandoned.details) == ([1], [1], [("wait seconds", "60")])
    assert isinstance(first, Strike)
    assert isinstance(second, Strike)
    assert (first.title, first.why, first.open, first.marks) == (
        "Abandoned in queue",
        "They call again.",
        False,
        [2],
    )
    assert (second.title, second.open, second.evidence, second.unseen) == ("Strikes", True, 2, 1)


@pytest.mark.parametrize(
    "sought", ["account:a", "a", " a@MAIL.example ", "email:a@mail.example", str(of("account:a"))]
)
def test_a_customer_is_found_by_any_identifier_or_id(store: Store, sought: str) -> None:
    """An identifier with or without its kind finds the customer, and so does the customer's id."""
    tell(store)
    assert [match.name for match in story.load(store, sought, None, RULES).matches] == ["account a"]


def test_an_identifier_that_is_never_the_strongest_is_found_in_the_events(store: Store) -> None:
    """A customer is found by an identifier that only ever came with stronger ones."""
    known(store, account_a="account:a")
    put(store, "events", [event(["account:a", "phone:+31201234567"], "e", NOW, "page.viewed")], "e")
    told = story.load(store, "+31 20 123 4567", None, RULES)
    assert [match.name for match in told.matches] == ["account a"]


def test_one_text_that_means_several_customers_gives_the_choice(store: Store) -> None:
    """Where a text is an identifier of two customers both are offered, and no story is guessed."""
    known(store, account_77="account:77", loyalty_77="loyalty:77")
    told = story.load(store, "77", None, RULES)
    assert {match.name for match in told.matches} == {"account 77", "loyalty 77"}
    assert not told.journeys


@pytest.mark.parametrize(
    "sought", ["nobody", "", "null", str(UUID(int=7)), "a' OR 1=1 --", "{x:String}", "é" * 9_999]
)
def test_nobody_is_found_by_what_nobody_is_known_as(store: Store, sought: str) -> None:
    """An unknown, empty or hostile text finds no customer and breaks nothing."""
    tell(store)
    told = story.load(store, sought, None, RULES)
    assert not told.matches
    assert len(told.sought) <= 120


def test_large_and_odd_data_are_clipped(store: Store) -> None:
    """Values are at most a line long, of a few fields; data too large to show says its size."""
    known(store, account_a="account:a")
    many = {f"field{n}": "y" * 300 for n in range(9)}
    put(
        store,
        "events",
        [
            event(["account:a"], "1", NOW - 2, "a.b", **many),
            event(["account:a"], "2", NOW - 1, "a.c", big="x" * 9_000),
        ],
        "e",
    )
    put(store, "journeys", [journey("account:a", NOW - 2, NOW - 1)], "j")
    first, second = story.load(store, "a", None, RULES).journeys[0].rows
    assert isinstance(first, Touchpoint)
    assert isinstance(second, Touchpoint)
    assert len(first.details) == 7
    assert all(len(value) <= 80 for _, value in first.details)
    assert second.details == [("data", "8 KB, too long to show here")]


def test_candidates_are_normalised_by_kind() -> None:
    """A text is read as each kind it may be; with its kind said, that one comes as well."""
    assert "phone:+31201234567" in candidates("020 123 4567", "NL")
    assert candidates("cookie:x", None)[-1] == "cookie:x"
    assert candidates("  ", None) == []
