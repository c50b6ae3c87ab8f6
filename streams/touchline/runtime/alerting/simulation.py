"""Simulates alert rules over stored data: how many incidents would they have opened? Nothing is written."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from touchline.alerts import AlertRule, sql
from touchline.alerts.detection import detect, reach
from touchline.alerts.incidents import Incident, standing_at, untrue
from touchline.runtime.alerting.queries import Query

DAY = 86_400_000


class Simulation(NamedTuple):
    """A rule, and the incidents that it would have opened."""

    rule: AlertRule
    incidents: list[Incident]


def simulate(
    query: Query,
    rules: Iterable[AlertRule],
    since: int,
    until: int,
    progress: Callable[[int, int], None] = lambda done, parts: None,
) -> list[Simulation]:
    """The incidents of rules between two times (ms), computed a day at a time.

    `progress` is called after each day of each rule, with the parts done and the number of all parts.

    Raises:
        StoreError: the store does not answer.
    """
    rules = list(rules)
    days = list(range(since, until, DAY))
    ((oldest, events),) = query(sql.OLDEST, {})
    simulations = []
    for number, rule in enumerate(rules):
        known: dict[object, Incident] = {}
        for day, begin in enumerate(days):
            end = min(begin + DAY, until)
            # An incident that ended within the cooldown may continue: look at it again.
            start = max(since, begin - rule.cooldown - 1)
            points = query(sql.points(rule), {"lo": str(start - reach(rule)), "hi": str(end)})
            found = detect(
                rule,
                points,
                start=start,
                now=end,
                known=end,
                oldest=oldest if events else end,
                standing=standing_at(start, known.values(), rule.cooldown),
            )
            for retracted in untrue(list(known.values()), found, start):
                del known[retracted.id]
            known.update((incident.id, incident) for incident in found)
            progress(number * len(days) + day + 1, len(rules) * len(days))
        incidents = sorted(known.values(), key=lambda incident: incident.opened_at)
        simulations.append(Simulation(rule, incidents))
    return simulations
