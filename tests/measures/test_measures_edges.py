"""Measures where there is little, nothing, or more than there should be."""

from collections.abc import Callable
from typing import Any

import pytest

from touchline.measures import (
    MEASURES,
    Ask,
    GoalsError,
    Reading,
    Span,
    check_goals,
    evaluate,
    format_distance,
    format_goal,
    format_value,
)
from touchline.simulation.story import rfc3339
from touchline.store import Store

NOW = 1_790_000_000_000
MINUTE = 60_000
DAY = 86_400_000
SPAN = Span(NOW - 7 * DAY, NOW)

Happen = Callable[..., None]
Occurrence = tuple[str, int, dict[str, str], dict[str, Any]]


@pytest.fixture
def happen(store: Store, accept: Any, fold: Any) -> Happen:
    """Stores events: (type, ms since the span's start, who, data)."""

    def _happen(*occurrences: Occurrence, channel: str = "phone") -> None:
        fold(
            store,
            accept(
                {
                    "id": f"{kind}-{at}-{'-'.join(who.values())}",
                    "type": kind,
                    "time": rfc3339(SPAN.since + at),
                    "channel": channel,
                    "source": "desk",
                    "identifiers": who,
                    "data": data,
                }
                for kind, at, who, data in occurrences
            ),
        )

    return _happen


def call(at: int, who: dict[str, str], number: str, **ended: Any) -> list[Occurrence]:
    """A call that is queued and answered after five seconds."""
    same = {"contact_id": number, "reason": "billing"}
    return [
        ("contact.started", at, who, same),
        ("contact.queued", at + 1000, who, {**same, "queue": "tier1"}),
        ("contact.answered", at + 6000, who, same),
        ("contact.ended", at + MINUTE, who, {**same, **ended}),
    ]


def test_an_empty_store_has_no_values(store: Store, ask_of: Callable[[Store], Ask]) -> None:
    """Nothing to measure is None, not 0, and leaves no distance to a goal."""
    goals = {measure.name: 0.5 for measure in MEASURES}
    readings = evaluate(ask_of(store), SPAN, goals, now=NOW)
    assert [one.measure for one in readings] == list(MEASURES)
    assert {(one.value, one.denominator, one.distance, one.met) for one in readings} == {
        (None, 0, None, None)
    }


def test_a_matter_of_two_channels_is_one_contact_too_many(
    store: Store, happen: Happen, measured: Any
) -> None:
    """The same matter on another channel is settled at the first contact, though not with one."""
    ann = {"account": "ann"}
    happen(*call(0, ann, "c1"))
    happen(*call(DAY, ann, "c2"), channel="chat")
    assert measured(store, "first_contact_resolution", SPAN).value == 1
    one = measured(store, "one_contact_resolution", SPAN)
    assert (one.numerator, one.denominator) == (0, 1)


def test_a_measure_without_its_events_has_no_value(store: Store, happen: Happen, measured: Any) -> None:
    """Without any recorded transfer the transfer rate is unknown; with one, 0 is a value."""
    happen(*call(0, {"account": "ann"}, "c1"), *call(3 * DAY, {"account": "bob"}, "c2"))
    unknown = measured(store, "transfer_rate", SPAN)
    assert (unknown.value, unknown.denominator) == (None, 0)
    assert measured(store, "service_level", SPAN).value == 1
    happen(("contact.transferred", 4000, {"account": "ann"}, {"contact_id": "c1", "queue": "tier2"}))
    later = Span(SPAN.since + DAY, SPAN.until)
    assert (measured(store, "transfer_rate", SPAN).value, measured(store, "transfer_rate", later).value) == (
        0.5,
        0,
    )


def test_customers_that_prove_to_be_one_came_back(store: Store, happen: Happen, measured: Any) -> None:
    """Two callers are two until a link makes them one; then the second call is a repeat."""
    happen(*call(0, {"account": "ann"}, "c1"), *call(DAY, {"phone": "+4915100000001"}, "c2"))
    before = measured(store, "first_contact_resolution", SPAN)
    assert (before.numerator, before.denominator) == (2, 2)
    happen(("identity.linked", 2 * DAY, {"account": "ann", "phone": "+4915100000001"}, {}))
    after = measured(store, "first_contact_resolution", SPAN)
    assert (after.numerator, after.denominator) == (0, 1)


def test_coming_back_is_seven_days(store: Store, happen: Happen, measured: Any) -> None:
    """Exactly seven days later is a failure, a millisecond more a matter of its own."""
    long = Span(SPAN.since, NOW + 7 * DAY)
    happen(*call(0, {"account": "ann"}, "c1"), *call(7 * DAY, {"account": "ann"}, "c2"))
    happen(*call(0, {"account": "bob"}, "c3"), *call(7 * DAY + 1, {"account": "bob"}, "c4"))
    reading = measured(store, "first_contact_resolution", long)
    assert (reading.numerator, reading.denominator) == (2, 3)


def test_an_end_that_says_unresolved_is_no_resolution(store: Store, happen: Happen, measured: Any) -> None:
    """Who does not come back after an unresolved end was not helped."""
    happen(
        *call(0, {"account": "ann"}, "c1", resolved=False), *call(0, {"account": "bob"}, "c2", resolved=True)
    )
    assert measured(store, "first_contact_resolution", SPAN).value == 0.5


def test_short_abandons_and_calls_back_are_apart(store: Store, happen: Happen, measured: Any) -> None:
    """Of four in the queue one gives up, one is gone at once, one is called back, one is answered."""
    for number, gone in (("c1", 11_000), ("c2", 10_000), ("c3", 30_000)):
        who, same = {"account": number}, {"contact_id": number}
        happen(("contact.queued", 0, who, same), ("contact.abandoned", gone, who, same))
    happen(
        (
            "promise.made",
            20_000,
            {"account": "c3"},
            {"promise_id": "p", "kind": "callback", "contact_id": "c3", "due_at": "2027-01-01T00:00:00Z"},
        )
    )
    happen(*call(0, {"account": "c4"}, "c4"))
    menu = {"account": "c5"}, {"contact_id": "c5"}
    happen(("contact.menu_entered", 0, *menu), ("contact.abandoned", MINUTE, *menu))
    abandoned, short, level = (
        measured(store, name, SPAN) for name in ("abandonment", "short_abandons", "service_level")
    )
    assert (abandoned.numerator, abandoned.denominator) == (1, 2)
    assert (short.numerator, short.denominator) == (1, 3)
    assert (level.numerator, level.denominator) == (1, 4)


def test_a_reported_wait_takes_precedence_over_the_timestamps(
    store: Store, happen: Happen, measured: Any
) -> None:
    """The wait is the answer's `wait_seconds`; without it, the time since the queue."""
    ann, bob = ({"account": name} for name in ("ann", "bob"))
    happen(
        ("contact.queued", 0, ann, {"contact_id": "a"}),
        ("contact.answered", 9_000, ann, {"contact_id": "a", "wait_seconds": 31}),
    )
    happen(
        ("contact.queued", 0, bob, {"contact_id": "b"}), ("contact.answered", 9_000, bob, {"contact_id": "b"})
    )
    assert measured(store, "average_wait", SPAN).value == 20


def test_effort_scores_keep_scale_and_direction(store: Store, happen: Happen, measured: Any) -> None:
    """Scores of unlike scales, one of them turned round, come to one: the best of each is 7."""
    scores = ((7, 7, False), (1, 5, True), (3, 5, False))
    happen(
        *(
            (
                "feedback.given",
                at,
                {"account": "ann"},
                {
                    "feedback_id": str(at),
                    "metric": "ces",
                    "score": score,
                    "scale": scale,
                    "lower_is_better": lower,
                },
            )
            for at, (score, scale, lower) in enumerate(scores)
        )
    )
    reading = measured(store, "ces", SPAN)
    assert (reading.numerator, reading.denominator) == (7 + 7 + 4, 3)


def test_each_currency_has_its_own_figure(
    store: Store, happen: Happen, ask_of: Callable[[Store], Ask]
) -> None:
    """Money of two currencies is not added up."""
    for name, currency in (("ann", "EUR"), ("bob", "USD")):
        cart = {"cart_id": name, "value": 80.0, "currency": currency}
        happen(
            ("cart.updated", 0, {"account": name}, cart),
            ("page.viewed", DAY, {"account": name}, {"page": "/"}),
        )
    risk = [measure for measure in MEASURES if measure.name == "value_at_risk"]
    found = evaluate(ask_of(store), SPAN, {"value_at_risk": 100}, measures=risk, now=NOW)
    assert [(one.unit, one.value, one.distance, one.met) for one in found] == [
        ("EUR", 80, 20, True),
        ("USD", 80, 20, True),
    ]


def test_a_friction_taken_back_is_not_counted(store: Store, happen: Happen, measured: Any) -> None:
    """A cart that was bought in a store after all was never abandoned."""
    device, both = {"device": "d-1"}, {"account": "ann", "device": "d-1"}
    happen(
        ("cart.updated", 0, device, {"cart_id": "k", "value": 10.0, "currency": "EUR"}),
        ("page.viewed", DAY, device, {"page": "/"}),
    )
    assert measured(store, "recovered", SPAN).denominator == 1
    happen(
        ("order.placed", 20 * MINUTE, {"account": "ann"}, {"order_id": "o"}),
        ("identity.linked", 2 * DAY, both, {}),
    )
    assert store.query("SELECT count() FROM frictions FINAL WHERE status = 'retracted'").result_rows == [[1]]
    assert measured(store, "recovered", SPAN).value is None
    assert measured(store, "strikes", SPAN).value == 0


def test_what_may_still_change_says_so(store: Store, ask_of: Callable[[Store], Ask]) -> None:
    """A resolution at the first contact is settled seven days after the span, a service level at once."""
    chosen = [
        measure for measure in MEASURES if measure.name in ("first_contact_resolution", "service_level")
    ]

    def settled(now: int) -> list[bool]:
        return [one.settled for one in evaluate(ask_of(store), SPAN, {}, measures=chosen, now=now)]

    assert settled(NOW) == [False, True]
    assert settled(NOW + 7 * DAY) == [True, True]


@pytest.mark.parametrize(("name", "value", "goal", "distance", "said"), [
    ("service_level", 0.7, 0.8, -0.1, "10.0 percentage points under goal"),
    ("abandonment", 0.05, 0.08, 0.03, "3.0 percentage points under goal"),
    ("average_wait", 40.0, 28.0, -12.0, "12 s over goal"),
    ("nps", 31.0, 30.0, 1.0, "1 points over goal"),
])  # fmt: skip
def test_the_distance_to_a_goal_knows_which_way_is_better(
    name: str, value: float, goal: float, distance: float, said: str
) -> None:
    """Ahead is better than the goal, whether the measure should be high or low."""
    [measure] = [one for one in MEASURES if one.name == name]
    reading = Reading(measure, measure.unit, value, value, 1, True, goal)
    assert reading.distance == pytest.approx(distance)
    assert reading.met is (distance >= 0)
    assert format_distance(value, goal, reading.unit) == said
    direction = "at least" if measure.higher_is_better else "at most"
    assert format_goal(goal, measure.unit, higher_is_better=measure.higher_is_better).startswith(direction)


@pytest.mark.parametrize(("value", "unit", "said"), [
    (None, "share", "–"), (0.742, "share", "74.2 %"), (28.4, "seconds", "28 s"), (180, "seconds", "3.0 min"),
    (5400, "seconds", "90.0 min"), (7200, "seconds", "2.0 h"), (200_000, "seconds", "2.3 d"),
    (-4, "points", "-4 points"), (31, "points", "+31 points"), (1204.4, "EUR", "1,204 EUR"),
    (5.5, "of 7", "5.50 of 7"),
])  # fmt: skip
def test_values_read_with_their_unit(value: float | None, unit: str, said: str) -> None:
    """A value is written the same wherever it is shown."""
    assert format_value(value, unit) == said


def test_an_unknown_goal_is_refused() -> None:
    """The message names the goal, and the measures that there are; a share is between 0 and 1."""
    assert check_goals({"nps": 30, "service_level": 0.8}) == {"nps": 30, "service_level": 0.8}
    with pytest.raises(GoalsError, match="unknown measure 'fcr'; expected one of first_contact_resolution, "):
        check_goals({"fcr": 0.7})
    with pytest.raises(GoalsError, match=r"service_level is a share between 0 and 1: write 0\.8 for 80 %"):
        check_goals({"service_level": 80})
    for name, goal in (("nps", 101), ("ces", 0.5), ("average_wait", -1), ("strikes", float("nan"))):
        with pytest.raises(GoalsError, match=name):
            check_goals({name: goal})


def test_names_are_unique_and_measures_are_described() -> None:
    """Measure names are unique; each measure has a title, a question, a definition and a benchmark."""
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    for measure in MEASURES:
        assert all((measure.title, measure.question.endswith("?"), measure.definition, measure.benchmark))
