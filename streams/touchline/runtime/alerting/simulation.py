"""Alert rules over what is stored, without writing anything: how many incidents would they have made?"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from touchline.alerts import AlertRule, sql
from touchline.alerts.incidents import Incident, standing_at, untrue
from touchline.alerts.watch import reach, watch
from touchline.runtime.alerting.queries import Ask

DAY = 86_400_000


class Trial(NamedTuple):
    """What a rule would have made."""

    rule: AlertRule
    incidents: list[Incident]


def trial(
    ask: Ask,
    rules: Iterable[AlertRule],
    since: int,
    until: int,
    progress: Callable[[int, int], None] = lambda done, parts: None,
) -> list[Trial]:
    """The incidents of rules between two times (ms), a day at a time; `progress` is told parts done, of all.

    Raises:
        StoreError: the store does not answer.
    """
    rules = list(rules)
    days = list(range(since, until, DAY))
    ((oldest, events),) = ask(sql.OLDEST, {})
    trials = []
    for number, rule in enumerate(rules):
        known: dict[object, Incident] = {}
        for day, begin in enumerate(days):
            end = min(begin + DAY, until)
            # What ended so lately that it may go on is looked at once more.
            start = max(since, begin - rule.cooldown - 1)
            rows = ask(sql.points(rule), {"lo": str(start - reach(rule)), "hi": str(end)})
            found = watch(
                rule,
                rows,
                start=start,
                now=end,
                known=end,
                oldest=oldest if events else end,
                standing=standing_at(start, known.values(), rule.cooldown),
            )
            for gone in untrue(list(known.values()), found, start):
                del known[gone.id]
            known.update((one.id, one) for one in found)
            progress(number * len(days) + day + 1, len(rules) * len(days))
        trials.append(Trial(rule, sorted(known.values(), key=lambda one: one.opened_at)))
    return trials
