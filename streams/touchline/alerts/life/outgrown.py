"""Ends the snooze of an incident that has become worse than the snooze allows."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from touchline.alerts.life.acts import Period
from touchline.alerts.life.situation import Situation
from touchline.tables import AlertActRow, AlertRow
from touchline.vocabulary.ids import derived_id

AUTHOR = "Touchline"


def ends_of_outgrown(situation: Situation) -> list[AlertActRow]:
    """Acts that end snoozes, each with the same id whoever finds it."""
    return list(_ends(situation))


def _ends(situation: Situation) -> Iterator[AlertActRow]:
    for alert in situation.alerts:
        if alert.status == "firing":
            for period in _outgrown(situation.snoozes(alert), alert, situation.now):
                act, now = period.act, max(situation.now, period.act.written_at + 1)
                yield replace(
                    act,
                    id=str(derived_id(f"outgrown:{act.id}")),
                    alert=str(alert.id),
                    last_at=now,
                    ends_at=now,
                    times=0.0,
                    customers=alert.customers,
                    comment=f"{act.times:g} times the customers",
                    author=AUTHOR,
                    written_at=now,
                    version=now,
                )


def _outgrown(snoozes: Iterable[Period], alert: AlertRow, now: int) -> Iterator[Period]:
    for period in snoozes:
        times, before = period.act.times, max(period.act.customers, 1)
        if times and alert.customers >= times * before and (period.end is None or period.end > now):
            yield period
