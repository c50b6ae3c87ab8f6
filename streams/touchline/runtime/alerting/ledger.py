"""Keeps the table `held_alerts`: what was held, by what, and how many customers met friction meanwhile.

The rows follow from incidents, acts and the alerts file, so the next evaluation repairs what a kill left out.
What was held stays in the ledger when its window is deleted from the file.
"""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from touchline.alerts import AlertRule, sql
from touchline.alerts.detection import reach
from touchline.alerts.life.ledger import Held, held
from touchline.alerts.life.reading import held_rows
from touchline.alerts.life.situation import Situation
from touchline.alerts.rules import Absence
from touchline.engine.batch import columns
from touchline.runtime.alerting.queries import Insert, Query, list_parameter
from touchline.tables import HeldAlertRow
from touchline.vocabulary.durations import DAY, MINUTE
from touchline.vocabulary.ids import derived_id

KEPT = 2 * DAY
"""Entries of this age (ms) are compared with what is computed; older ones stay as they are."""

COUNTED_EVERY = MINUTE
"""How often (ms) the customers of an entry are counted while it is held."""


class Ledger:
    """Compares what is held with the table, and writes the difference.

    Args:
        query: Queries the store.
        insert: Appends rows to its tables.
        rules: The alert rules, by id.
    """

    def __init__(self, query: Query, insert: Insert, rules: Mapping[str, AlertRule]) -> None:
        self._query, self._insert, self._rules = query, insert, rules
        self._rows: dict[object, HeldAlertRow] | None = None
        self._counted_at: dict[object, int] = {}

    def update(self, situation: Situation) -> None:
        """Write what is new, changed, over, or untrue by now.

        Raises:
            StoreError: the store does not answer or takes no rows; the call may be repeated.
        """
        now = situation.now
        if self._rows is None:
            self._rows = {row.id: row for row in held_rows(self._query, now - KEPT)}
        known = {id_: row for id_, row in self._rows.items() if _is_recent(row.ended_at, now)}
        found = {one.id: one for one in held(situation) if _is_recent(one.ended_at, now)}
        rows = (self._row(one, known.get(id_), now) for id_, one in found.items())
        changed = [row for row in rows if row is not None]
        alerts = {alert.id for alert in situation.alerts}
        for id_, row in known.items():
            if id_ in found:
                continue
            if row.alert not in alerts and row.began_at > now - DAY:
                changed.append(replace(row, deleted=1, version=row.version + 1))
            elif row.ended_at is None:
                changed.append(replace(row, ended_at=now, version=row.version + 1))
        if changed:
            token = derived_id(msgspec.json.encode(changed).decode())
            self._insert("held_alerts", columns(changed), f"held_alerts:{token}")
        known |= {row.id: row for row in changed}
        self._rows = {id_: row for id_, row in known.items() if not row.deleted}
        self._counted_at = {id_: at for id_, at in self._counted_at.items() if id_ in self._rows}

    def _row(self, one: Held, before: HeldAlertRow | None, now: int) -> HeldAlertRow | None:
        """The new row of an entry; None if it is as before."""
        if before is not None and before.ended_at == one.ended_at:
            lately = now - self._counted_at.get(one.id, 0) < COUNTED_EVERY
            if one.ended_at is not None or lately:
                return None
        count, customers = self._counts(one, now)
        self._counted_at[one.id] = now
        alert, hold = one.alert, one.hold
        row = HeldAlertRow(
            id=one.id,
            alert=alert.id,
            fingerprint=alert.fingerprint,
            rule=alert.rule,
            title=alert.title,
            labels=alert.labels,
            reason=hold.reason,
            name=hold.name,
            channels=hold.channels,
            began_at=one.began_at,
            ended_at=one.ended_at,
            count=count,
            customers=customers,
            version=1 if before is None else before.version + 1,
        )
        unchanged = before is not None and row == replace(before, version=row.version)
        return None if unchanged else row

    def _counts(self, one: Held, now: int) -> tuple[int, int]:
        """Frictions or events, and customers, while it was held; 0 for an absence."""
        rule = self._rules.get(one.alert.rule)
        if rule is None or isinstance(rule, Absence):
            return 0, 0
        # What led to the incident belongs to it.
        before = reach(rule) if one.began_at == one.alert.opened_at else 1
        until = now if one.ended_at is None else one.ended_at
        parameters = {
            "lo": str(one.began_at - before),
            "hi": str(until),
            "labels": list_parameter(one.alert.labels),
        }
        ((count, customers, _),) = self._query(sql.extent(rule), parameters)
        return int(count), int(customers)


def _is_recent(ended_at: int | None, now: int) -> bool:
    return ended_at is None or ended_at > now - KEPT
