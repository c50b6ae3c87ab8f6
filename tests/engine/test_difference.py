"""What brings the rows of a customer to its present result."""

from msgspec.structs import replace

from tests.laws.arrivals import line_of
from tests.laws.offline import RULES
from touchline.engine.customers import difference
from touchline.engine.customers.announcing import Announcing, Horizon
from touchline.engine.customers.fold import fold
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.worker import Worker
from touchline.identity import customer_id
from touchline.vocabulary.durations import DAY, HOUR
from touchline.vocabulary.event import Event

NOW = 1_780_272_000_000
ANNA = customer_id("account:anna")
FOLDED = fold(
    [
        Event(
            id="e1",
            type="request.denied",
            time=NOW,
            channel="store",
            source="till",
            identifiers=("account:anna",),
        )
    ],
    RULES,
    NOW,
)


def test_what_lies_in_two_weeks_is_taken_back_where_it_left() -> None:
    """A row that stayed behind in another week, as a worker of before leaves it, goes with the next fold."""
    [journey] = difference.journeys(ANNA, FOLDED, [], 5)
    behind = replace(journey, last=journey.last - 7 * DAY, version=4)
    assert list(difference.journeys(ANNA, FOLDED, [journey, behind], 6)) == [
        replace(behind, superseded=1, due_at=None, version=6)
    ]
    [(friction, before, moved)] = difference.frictions(ANNA, FOLDED, [], NOW, 5)
    assert (before, moved) == (None, False)
    left = replace(friction, opened_at=friction.opened_at - 7 * DAY, version=4)
    for held in ([friction, left], [left, friction]):
        [change] = difference.frictions(ANNA, FOLDED, held, NOW, 6)
        assert change == (replace(left, status="retracted", version=6), left, True)


def test_a_friction_that_moved_is_changed_and_no_longer_lies_where_it_was() -> None:
    """The change is of the friction; what takes it back in its old week is marked, and told to nobody."""
    [(friction, *_)] = difference.frictions(ANNA, FOLDED, [], NOW, 5)
    earlier = replace(friction, opened_at=friction.opened_at - 7 * DAY, detected_at=1)
    found = list(difference.frictions(ANNA, FOLDED, [earlier], NOW, 6))
    assert found == [
        (replace(friction, detected_at=1, version=6), earlier, False),
        (replace(earlier, status="retracted", version=6), earlier, True),
    ]


def test_a_friction_that_moved_is_announced_as_changed_alone() -> None:
    """Programs hear that it opened at another time, and not that it was retracted."""
    [(friction, *_)] = difference.frictions(ANNA, FOLDED, [], NOW, 5)
    earlier = replace(friction, opened_at=friction.opened_at - 7 * DAY, announced=5)
    changes = list(difference.frictions(ANNA, FOLDED, [earlier], NOW, 6))
    marked = Announcing(MemoryStore(), 5).mark(changes, [], {ANNA: "account:anna"}, Horizon(0, 0), 6)
    assert [row.status for row in marked.rows] == ["open", "retracted"]
    assert [change.kind for _, change in marked.announcements] == ["changed"]


def test_a_friction_that_moved_is_not_counted_as_retracted() -> None:
    """A late event moves a friction over the end of a week: it is neither new nor retracted."""
    log, store = MemoryLog(), MemoryStore()
    worker = Worker(log, store, RULES)
    found = []
    for number, at in enumerate((NOW - 3 * HOUR, NOW - HOUR)):
        event = Event(
            id=f"c{number}",
            type="cart.updated",
            time=at,
            channel="web",
            source="shop",
            identifiers=("account:anna",),
            data={"cart": 1},
        )
        log.append("touchpoints", [line_of(event)], NOW + DAY)
        found.append(worker.flush(worker.read(), NOW + DAY))
    assert {(row["opened_at"], row["status"]) for row in store.tables["frictions"].values()} == {
        (NOW - HOUR, "retracted"),
        (NOW + HOUR, "open"),
    }
    assert [(dict(one.frictions), one.retracted) for one in found if one] == [({"abandoned": 1}, 0), ({}, 0)]
