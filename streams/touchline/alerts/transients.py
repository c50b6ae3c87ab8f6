"""Incidents that end by themselves, and a `wait` that keeps them from being notified."""

from collections.abc import Sequence
from typing import NamedTuple

from touchline.alerts.incidents import Incident
from touchline.vocabulary.durations import MINUTE

WAITS = tuple(MINUTE * minutes for minutes in (1, 2, 5, 10, 15, 20, 30))
FEWEST = 4
"""Of fewer notified incidents nothing is suggested."""


class Transients(NamedTuple):
    """With a `wait` (ms), so many of the `notified` incidents end before they are notified."""

    wait: int
    ended: int
    notified: int


def ended_before(incidents: Sequence[Incident], cooldown: int, wait: int) -> int:
    """How many incidents end before their first notification: quiet for the cooldown within `wait` (ms)."""
    return sum(
        one.resolved_at is not None and one.resolved_at + cooldown < one.opened_at + wait for one in incidents
    )


def transients(incidents: Sequence[Incident], cooldown: int, wait: int) -> Transients | None:
    """The shortest longer wait with which at least half of the notified incidents are not notified.

    None if there is no such wait, or if few incidents are notified with the present `wait` (ms).
    """
    already = ended_before(incidents, cooldown, wait)
    notified = len(incidents) - already
    if notified < FEWEST:
        return None
    for longer in WAITS:
        ended = ended_before(incidents, cooldown, longer) - already
        if 2 * ended >= notified:
            return Transients(longer, ended, notified)
    return None
