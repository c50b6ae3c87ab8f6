"""A customer's story, asked of the real store over rows put in by hand."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from tests.live import rows as make
from touchline.live import story
from touchline.live.spans import DAY, HOUR, MINUTE
from touchline.live.story import Strike, Touchpoint, candidates
from touchline.store import Store

NOW = 1_800_000_000_000


@dataclass(frozen=True)
class Text:
    """A rule's words."""

    id: str
    title: str
    why: str


RULES = {"queue": Text("queue", "Abandoned in queue", "They call again.")}


def tell(store: Store) -> None:
    """One customer: two journeys, a run of page views, a friction of an event and one of that friction."""
    who, names = "account:a", ["account:a", "email:a@mail.example"]
    make.known(store, **{"account_a": who, "email_a@mail.example": who})
    views = [
        make.event(names[1:], f"v{n}", NOW - 2 * HOUR + n * MINUTE, "page.viewed", path="/x")
        for n in range(3)
    ]
    call = NOW - HOUR
    make.put(
        store,
        "events",
        [
            make.event(names, "old", NOW - 40 * DAY, "page.viewed"),
            *views,
            make.event(names, "q", call, "contact.queued", queue="tier 1"),
            make.event(names, "x", call + MINUTE, "contact.abandoned", wait_seconds=60),
        ],
        "e",
    )
    make.put(
        store,
        "events",
        [make.event(names, "x", call + MINUTE, "contact.abandoned", wait_seconds=60)],
        "again",
    )
    first = make.friction(
        who, "queue", call + MINUTE, evidence=["q", "x"], status="resolved", resolved_at=NOW
    )
    second = make.friction(who, "strikes", call + MINUTE, evidence=[str(first["id"]), "gone"], weight=30)
    make.put(store, "frictions", [second, first], "f")
    make.put(
        store,
        "journeys",
        [
            make.journey(who, NOW - 40 * DAY, NOW - 40 * DAY),
            make.journey(who, NOW - 2 * HOUR, call + MINUTE, strikes=40, score=60, grade="C"),
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
    "sought",
    ["account:a", "a", " a@MAIL.example ", "email:a@mail.example", str(make.of("account:a"))],
)
def test_a_customer_is_found_by_any_identifier_or_id(store: Store, sought: str) -> None:
    """An identifier with or without its kind finds the customer, and so does the customer's id."""
    tell(store)
    assert [match.name for match in story.load(store, sought, None, RULES).matches] == ["account a"]


def test_a_journeys_id_finds_whose_it_is(store: Store) -> None:
    """A link of an alert names a journey: it leads to its customer's story, and nowhere once that is gone."""
    make.known(store, account_a="account:a")
    journey = make.journey("account:a", NOW - HOUR, NOW)
    make.put(store, "journeys", [journey], "j")
    found = story.load(store, str(journey["id"]), None, {})
    assert [match.name for match in found.matches] == ["account a"]
    gone = make.journey("account:gone", NOW - HOUR, NOW)
    assert story.load(store, str(gone["id"]), None, {}).matches == []


def test_an_identifier_that_is_never_the_strongest_is_found_in_the_events(store: Store) -> None:
    """A customer is found by an identifier that only ever came with stronger ones."""
    make.known(store, account_a="account:a")
    make.put(store, "events", [make.event(["account:a", "phone:+31201234567"], "e", NOW, "page.viewed")], "e")
    told = story.load(store, "+31 20 123 4567", None, RULES)
    assert [match.name for match in told.matches] == ["account a"]


def test_one_text_that_means_several_customers_gives_the_choice(store: Store) -> None:
    """Where a text is an identifier of two customers both are offered, and no story is guessed."""
    make.known(store, account_77="account:77", loyalty_77="loyalty:77")
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
    make.known(store, account_a="account:a")
    many = {f"field{n}": "y" * 300 for n in range(9)}
    make.put(
        store,
        "events",
        [
            make.event(["account:a"], "1", NOW - 2, "a.b", **many),
            make.event(["account:a"], "2", NOW - 1, "a.c", big="x" * 9_000),
        ],
        "e",
    )
    make.put(store, "journeys", [make.journey("account:a", NOW - 2, NOW - 1)], "j")
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
