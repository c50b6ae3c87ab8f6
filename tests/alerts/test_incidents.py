"""Which incidents there are, and by what a receiver knows them."""

from typing import NamedTuple
from uuid import UUID, uuid4

import pytest

from touchline.alerts.incidents import Incident, Labels, Standing, incidents, standing_at, untrue
from touchline.alerts.intervals import Interval, joined
from touchline.alerts.transients import Transients, transients
from touchline.vocabulary.durations import MINUTE

T = 1_795_000_000_000
COOLDOWN = 60_000


class Found(NamedTuple):
    """An incident as it was found before."""

    opened_at: int
    resolved_at: int | None = None
    labels: Labels = ()
    id: UUID = uuid4()


def test_a_receiver_knows_an_incident_by_its_rule_and_labels() -> None:
    """The fingerprint stays the same from one incident to the next, and from one version to the next."""
    one = Incident("pay", ("source=web",), T, None)
    assert one.fingerprint == Incident("pay", ("source=web",), T + 1, T + 2).fingerprint
    others = [Incident("pay", ("source=app",), T, None), Incident("paid", ("source=web",), T, None)]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 3
    assert str(one.fingerprint) == "3e2f1767-4d13-5a8c-a689-b62958228521"
    assert str(one.id) == "720c8af5-b7cd-5614-b5b1-dbef8649c773"
    assert one.id != Incident("pay", ("source=web",), T + 1, None).id


def test_an_incident_is_over_when_it_was_quiet_for_longer_than_the_cooldown() -> None:
    """Not at the very end of the cooldown, nor when it is only not known what came."""

    def resolved(known: int) -> int | None:
        intervals: dict[Labels, list[Interval]] = {(): [Interval(T, T + 1_000)]}
        (one,) = incidents("r", intervals, cooldown=COOLDOWN, start=T - 1, known=known, standing={})
        return one.resolved_at

    assert resolved(T + 1_000 + COOLDOWN) is None
    assert resolved(T + 1_001 + COOLDOWN) == T + 1_000


def test_what_stood_at_a_time_was_not_over_for_a_cooldown_then() -> None:
    """One that began at the time itself did; so did one that was over a cooldown before, and none earlier."""
    assert standing_at(T, [Found(T)], COOLDOWN) == {(): Standing(T, None)}
    assert standing_at(T, [Found(T + 1)], COOLDOWN) == {}
    assert standing_at(T, [Found(T - 1, T - COOLDOWN)], COOLDOWN) == {(): Standing(T - 1, T - COOLDOWN)}
    assert standing_at(T, [Found(0, T - COOLDOWN - 1)], COOLDOWN) == {}


def test_what_began_at_the_start_or_before_is_never_untrue() -> None:
    """Nothing is known of what led to it; of what began later it is."""
    known = [Found(T - 1), Found(T), Found(T + 1)]
    assert untrue(known, [], T) == [Found(T + 1)]


def test_a_pause_of_which_it_is_not_known_that_it_was_quiet_parts_nothing() -> None:
    """Two intervals are two incidents once it is known that longer than the cooldown was between them."""
    intervals = [Interval(T, T + 1_000), Interval(T + 10 * COOLDOWN, None)]
    assert joined(intervals, COOLDOWN, T + 1_000 + COOLDOWN) == [Interval(T, None)]
    assert joined(intervals, COOLDOWN, T + 1_001 + COOLDOWN) == intervals
    near = [Interval(T, T + 1_000), Interval(T + 1_000 + COOLDOWN, T + 2 * COOLDOWN)]
    assert joined(near, COOLDOWN, T + 10 * COOLDOWN) == [Interval(T, T + 2 * COOLDOWN)]


@pytest.mark.parametrize(
    ("minutes", "cooldown", "wait", "found"),
    [
        ([1, 1, 8, 60], 0, 0, Transients(2 * MINUTE, 2, 4)),
        ([1, 1, 8, 60], 5, 0, Transients(10 * MINUTE, 2, 4)),
        ([1, 1, 8, 60, 60, 60], 0, 2, None),
        ([1, 1, 8, 60, 60, 8], 0, 2, Transients(10 * MINUTE, 2, 4)),
        ([1, 1, 1], 0, 0, None),
        ([1, 1, None, None], 0, 0, Transients(2 * MINUTE, 2, 4)),
    ],
)
def test_a_wait_is_suggested_if_half_of_the_incidents_end_before_it(
    minutes: list[int | None], cooldown: int, wait: int, found: Transients | None
) -> None:
    """The cooldown counts, as an incident ends only after it; incidents that go on do not end."""
    lasted = [None if one is None else one * MINUTE for one in minutes]
    own = [Incident("r", (), 0, one) for one in lasted]
    assert transients(own, cooldown * MINUTE, wait * MINUTE) == found
