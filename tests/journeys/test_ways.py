"""Ways from a cart to an order, and what came next on them."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from tests.panels.counting.ways import cart_ways
from touchline.journeys import Strike, Way, begun, journeys, made
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order
from touchline.vocabulary.steps import CART_TO_ORDER

HOUR, DAY = 3_600_000, 86_400_000
CART, CHECKOUT, GO_ON, ORDER = CART_TO_ORDER
PAGE, CALL = "page.viewed", "contact.started"


def _events(*steps: tuple[int, str]) -> list[Event]:
    return [
        Event(
            id=f"e{number}",
            type=kind,
            time=time,
            channel="web" if number % 2 else "app",
            source="shop",
            identifiers=("account:1",),
            data={},
        )
        for number, (time, kind) in enumerate(steps)
    ]


def _ways(*steps: tuple[int, str], strikes: Iterable[Strike] = ()) -> list[tuple[int, int, str, int]]:
    (one,) = journeys(_events(*steps), list(strikes))
    return [(way.begun, way.reached, way.next, way.met) for way in one.ways]


def test_a_way_goes_from_the_cart_to_the_order() -> None:
    """Each step follows the one before; what came next is the first event after the furthest step."""
    assert _ways((1, CART), (2, PAGE), (3, CHECKOUT), (4, GO_ON), (5, ORDER)) == [(1, 4, "", 0)]
    assert _ways((1, CART), (2, CHECKOUT), (3, PAGE), (4, CALL)) == [(1, 2, PAGE, 0)]
    assert _ways((1, CHECKOUT), (2, ORDER), (3, CART)) == [(3, 1, "", 0)]
    assert _ways((1, CART), (2, ORDER), (3, GO_ON)) == [(1, 1, ORDER, 0)]
    assert _ways((1, PAGE), (2, CALL)) == []


def test_a_step_that_is_taken_again_moves_what_came_next() -> None:
    """Who starts the checkout again is asked what came after that; an earlier step changes nothing."""
    assert _ways((1, CART), (2, CHECKOUT), (3, PAGE), (4, CHECKOUT), (5, CALL)) == [(1, 2, CALL, 0)]
    assert _ways((1, CART), (2, CHECKOUT), (3, GO_ON), (4, CHECKOUT), (5, CALL)) == [(1, 3, CHECKOUT, 0)]


def test_a_cart_begins_anew_until_its_checkout() -> None:
    """A cart that is changed before the checkout is one way; a cart after it is another one."""
    assert _ways((1, CART), (2, CART), (3, PAGE)) == [(2, 1, PAGE, 0)]
    assert _ways((1, CART), (2, CHECKOUT), (3, CART), (4, CHECKOUT)) == [(1, 2, CART, 0), (3, 2, "", 0)]
    assert _ways((1, CART), (2, CHECKOUT), (3, CART), (4, GO_ON)) == [(1, 3, "", 0), (3, 1, GO_ON, 0)]
    assert _ways((0, CART), (7 * DAY, CART)) == [(7 * DAY, 1, "", 0)]
    assert _ways((0, CART), (7 * DAY + 1, CART)) == [(0, 1, "", 0), (7 * DAY + 1, 1, "", 0)]


def test_a_way_takes_seven_days() -> None:
    """Seven days after the cart, a step still counts and something comes next; a millisecond later not."""
    assert _ways((0, CART), (7 * DAY, CHECKOUT)) == [(0, 2, "", 0)]
    assert _ways((0, CART), (7 * DAY + 1, CHECKOUT)) == [(0, 1, "", 0)]
    assert _ways((0, CART), (DAY, CHECKOUT), (7 * DAY + 1, CALL)) == [(0, 2, "", 0)]


def test_what_shares_the_time_of_a_step_did_not_come_next() -> None:
    """Rows with one time for several events say nothing of what followed."""
    assert _ways((1, CART), (1, PAGE), (2, CALL)) == [(1, 1, CALL, 0)]


def test_a_friction_on_the_next_event_is_noted() -> None:
    """A way knows whether a friction hangs on the event that came next, and on no other."""
    failed = "payment.failed"
    steps = ((1, CART), (2, CHECKOUT), (3, failed), (4, PAGE))
    assert _ways(*steps, strikes=[Strike(3, 5, "e2")]) == [(1, 2, failed, 1)]
    assert _ways(*steps, strikes=[Strike(4, 5, "e3"), Strike(9, 5, "a friction")]) == [(1, 2, failed, 0)]


def test_a_way_has_the_place_of_its_cart() -> None:
    """Channel and source are those of the event that began the way."""
    (one,) = journeys(_events((1, PAGE), (2, CART), (3, CHECKOUT)))
    assert one.ways == (Way(2, "web", "shop", 2, 3),)


@given(
    st.lists(
        st.tuples(
            st.sampled_from((0, 1, 2, 20, 100, 160)),
            st.sampled_from((CART, CART, *CART_TO_ORDER, PAGE, CALL)),
        ),
        max_size=14,
    ),
    st.sets(st.integers(0, 13)),
)
def test_ways_are_those_of_the_definition(gaps: list[tuple[int, str]], copied: set[int]) -> None:
    """Random journeys, folded with copies on the way, have the ways that their definition names."""
    steps, time = [], 0
    for gap, kind in gaps:
        time += gap * HOUR
        steps.append((time, kind))
    events = in_order(_events(*steps))
    run = None
    for number, event in enumerate(events):
        if run is not None and number in copied:
            run, left = run.copy(), run
            left.advanced(_events((event.time, CART))[0], 14 * DAY)
        run = begun(event, None) if run is None else run.advanced(event, 14 * DAY)
    found = [
        (way.begun, way.channel, way.reached, way.next, way.next_id)
        for journey in made(run)
        for way in journey.ways
    ]
    assert found == [
        (
            way.first.time,
            way.first.channel,
            way.reached,
            way.next.type if way.next else "",
            way.next.id if way.next else "",
        )
        for way in cart_ways(events)
    ]
