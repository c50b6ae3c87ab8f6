"""The ledger of suppression: which notifications were held, why, and from when to when."""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from touchline.alerts.life.holds import Hold
from touchline.alerts.life.situation import Situation
from touchline.tables import AlertRow
from touchline.vocabulary.ids import derived_id


class Held(NamedTuple):
    """An incident and a hold that met. Times are ms; `ended_at` is None while it is held."""

    alert: AlertRow
    hold: Hold
    began_at: int
    ended_at: int | None

    @property
    def id(self) -> UUID:
        """Derived from the incident, the reason and when it began to hold."""
        return derived_id(f"held:{self.alert.id}:{self.hold.reason}:{self.hold.name}:{self.hold.begin}")


def held(situation: Situation) -> Iterator[Held]:
    """What has been held by the time of the situation."""
    for alert in situation.alerts:
        for hold in situation.holds(alert):
            began_at = max(hold.begin, alert.opened_at)
            ends = [end for end in (hold.end, alert.resolved_at) if end is not None and end <= situation.now]
            ended_at = min(ends, default=None)
            if began_at <= situation.now and (ended_at is None or ended_at > began_at):
                yield Held(alert, hold, began_at, ended_at)
