"""The live page's questions, asked of the real store over rows put in by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from touchline.live import overview, story
from touchline.live.overview import Figure
from touchline.live.spans import DAY, HOUR, MINUTE, window
from touchline.live.story import Strike, Touchpoint, candidates
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


def test_an_empty_store_is_said_to_be_empty(store: Store) -> None:
    """Before the first event the overview is empty rather than full of zeros."""
    assert overview.load(store, "24h", NOW, {}).empty


def test_totals_compare_a_span_with_the_one_before(store: Store) -> None:
    """Each figure counts this span and the one before it, and nothing older; customers count once."""
    put(
        store,
        "frictions",
        [
            friction("account:a", "queue", NOW - 10 * MINUTE),
            friction("account:a", "queue", NOW - 5 * HOUR, status="resolved", resolved_at=NOW - HOUR),
            friction("account:b", "late", NOW - 30 * HOUR),
            friction("account:c", "late", NOW - 49 * HOUR),
        ],
        "f",
    )
    put(store, "journeys", [journey(f"account:{n}", NOW - 50 * HOUR, NOW - HOUR) for n in "abc"], "j")
    seen = overview.load(store, "24h", NOW, RULES)
    assert (seen.frictions, seen.open, seen.resolved) == (Figure(2, 1), Figure(1, 1), Figure(1, 0))
    assert (seen.customers, seen.active) == (Figure(1, 1), Figure(3, 3))
    assert seen.last_hour == 1
    assert [(bar.key, bar.title, bar.frictions, bar.customers) for bar in seen.rules] == [
        ("queue", "Abandoned in queue", Figure(2, 0), 1)
    ]
    assert not seen.old


def test_a_span_is_not_compared_with_one_before_the_data_begin(store: Store) -> None:
    """Where the data begin within the span before, no change is claimed."""
    put(store, "frictions", [friction("account:a", "queue", NOW - HOUR)], "f")
    put(store, "journeys", [journey("account:a", NOW - 47 * HOUR, NOW)], "j")
    assert overview.load(store, "24h", NOW, RULES).frictions == Figure(1, None)
    assert overview.load(store, "1h", NOW, RULES).active == Figure(1, 1)


def test_retracted_superseded_and_doubled_rows_never_count(store: Store) -> None:
    """A row written again counts once, as it was last; a retracted or superseded one not at all."""
    opened = NOW - 10 * MINUTE
    put(
        store,
        "frictions",
        [friction("account:a", "queue", opened), friction("account:b", "queue", opened)],
        "1",
    )
    put(
        store,
        "frictions",
        [
            friction("account:a", "queue", opened, version=2, status="retracted"),
            friction("account:b", "queue", opened, version=2, status="resolved", resolved_at=NOW),
        ],
        "2",
    )
    put(
        store,
        "journeys",
        [
            journey("account:a", opened, opened, strikes=10, score=90),
            journey("account:b", opened, opened, strikes=90, score=10, grade="F"),
        ],
        "3",
    )
    put(store, "journeys", [journey("account:b", opened, opened, superseded=1, version=2)], "4")
    known(store, account_a="account:a", account_b="account:b")
    seen = overview.load(store, "1h", NOW, RULES)
    assert (seen.frictions.now, seen.open.now, seen.resolved.now) == (1, 0, 1)
    assert [(risk.name, risk.score) for risk in seen.risks] == [("account a", 90)]
    assert sum(sum(series.counts) for series in seen.series) == 1


def test_frictions_fall_into_buckets_by_rule(store: Store) -> None:
    """Over time, each rule has its own series; with many rules the rarest come together as all others."""
    rules = [f"rule{n}" for n in range(9)]
    rows = [
        friction(f"account:{rule}{n}", rule, NOW - 3 * HOUR - n * HOUR)
        for number, rule in enumerate(rules)
        for n in range(9 - number)
    ]
    put(store, "frictions", rows, "f")
    put(store, "journeys", [journey("account:a", NOW - DAY, NOW)], "j")
    seen = overview.load(store, "24h", NOW, RULES)
    assert [series.title for series in seen.series] == [f"Rule{n}" for n in range(6)] + ["All other rules"]
    slot = (NOW - 3 * HOUR - seen.origin) // seen.bucket
    assert [series.counts[slot] for series in seen.series] == [1, 1, 1, 1, 1, 1, 3]
    assert sum(seen.series[0].counts) == 9
    assert [bar.key for bar in seen.rules] == rules


def test_touchpoints_name_the_rule_that_speaks_most_there(store: Store) -> None:
    """By channel and source: how many, and mostly which rule; the worst place of the worst rule leads."""
    opened = NOW - 10 * MINUTE
    put(
        store,
        "frictions",
        [
            *(friction(f"account:{n}", "queue", opened, source="desk") for n in range(3)),
            *(friction(f"account:{n}", "late", opened, source="desk") for n in range(2)),
            *(friction(f"loyalty:{n}", "late", opened, channel="mail", source="post") for n in range(2)),
        ],
        "f",
    )
    put(store, "journeys", [journey("account:a", opened, opened)], "j")
    seen = overview.load(store, "1h", NOW, RULES)
    assert [(bar.title, bar.note, bar.frictions.now) for bar in seen.touchpoints] == [
        ("phone · desk", "mostly: Abandoned in queue", 5),
        ("mail · post", "mostly: Late", 2),
    ]
    assert seen.rules[0].key == "late"
    assert seen.worst == "phone · desk"


@pytest.mark.parametrize("span", ["1h", "24h", "7d", "30d", "all"])
def test_old_history_is_shown_from_its_newest_touchpoint(store: Store, span: str) -> None:
    """Where the newest touchpoint is years old every span counts back from it, and says so."""
    call = 920_287_800_000
    put(store, "frictions", [friction("account:a", "queue", call)], "f")
    put(store, "journeys", [journey("account:a", call - 90 * DAY, call)], "j")
    seen = overview.load(store, span, NOW, RULES)
    assert seen.old
    assert (seen.newest, seen.frictions.now) == (call, 1)
    assert seen.frictions.before == (None if span == "all" else 0)
    assert sum(seen.series[0].counts) == 1


@pytest.mark.parametrize("days", [0, 1, 30, 400, 12_000])
def test_all_time_fits_in_a_bounded_number_of_buckets(days: int) -> None:
    """However long the history is, its picture has at most some sixty buckets and holds its end."""
    seen = window("all", NOW, NOW - days * DAY, NOW)
    assert 1 <= seen.slots <= 61
    assert seen.start <= NOW < seen.end


def test_journeys_at_risk_come_worst_first_and_by_name(store: Store) -> None:
    """The lowest score comes first; customers are named by their strongest identifier."""
    at = NOW - HOUR
    put(
        store,
        "journeys",
        [
            journey("account:a", at, at, strikes=20, score=80),
            journey("account:b", at, at, strikes=70, score=30, grade="F"),
            journey("account:c", at, at),
            journey("account:d", at - 9 * DAY, at - 8 * DAY, strikes=90, score=10),
        ],
        "j",
    )
    known(store, **{"email_a@mail.example": "account:a", "account_a": "account:a", "account_b": "account:b"})
    risks = overview.load(store, "24h", NOW, RULES).risks
    assert [(risk.name, risk.score) for risk in risks] == [("account b", 30), ("account a", 80)]
    assert risks[0].customer == str(of("account:b"))


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
