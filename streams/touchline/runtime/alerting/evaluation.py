"""Evaluates alert rules over a store, and writes the incidents that changed.

The rows of `alerts` follow from the stored events and frictions, and from the time. So any process may
evaluate, and the next evaluation repairs one that was killed. State in memory only saves queries.
The order of writing:

    1. the outbox: the notifications that each channel expects
    2. the alerts

If step 2 is lost, the next evaluation finds the same incident, and its notifications are already expected.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

import msgspec

from touchline.alerts import AlertRule, sql
from touchline.alerts.detection import DataBegin, detect, is_certain_later, reach, rows_of
from touchline.alerts.incidents import standing_at, untrue
from touchline.alerts.rules import Measured, Unusual
from touchline.engine.batch import columns
from touchline.runtime.alerting.causes import Causes
from touchline.runtime.alerting.queries import Insert, Query, list_parameter
from touchline.runtime.alerting.rows import Window, data_begin, describe, rows_since
from touchline.tables import AlertRow
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.moments import UTC

LOOKBACK = 86_400_000
"""Events that arrive later than this (ms) change no incident."""

OLDEST_LASTS = 600_000
"""How long (ms) the time of the oldest event is cached: the query reads the whole table."""

Mark = tuple[int | None, int, int]
"""The inputs of a row: its end, the time if it counts, and a hash of its points. Same mark, same row."""


class Evaluated(NamedTuple):
    """The result of an evaluation: current incidents, retracted ones included, and how many were written."""

    alerts: list[AlertRow]
    written: int


class Evaluation:
    """Evaluates rules over a store.

    Args:
        query: Queries the store.
        insert: Appends rows to its tables.
        rules: The alert rules.
        zone: The time zone of texts.
        lookback: Events that arrive later than this (ms) change no incident.
        causes: Explains incidents; None if nothing does.
    """

    def __init__(
        self,
        query: Query,
        insert: Insert,
        rules: Iterable[AlertRule],
        zone: str = UTC,
        lookback: int = LOOKBACK,
        causes: Causes | None = None,
    ) -> None:
        self._query, self._insert = query, insert
        self._rules = {rule.id: rule for rule in rules}
        self._zone, self._lookback, self._causes = zone, lookback, causes
        self._begin, self._begin_read_at = DataBegin(0), -OLDEST_LASTS
        self._marks: dict[str, dict[UUID, Mark]] = {}

    def evaluate(
        self,
        now: int,
        known_at: int,
        *,
        known: int | None = None,
        due: Collection[str] | None = None,
        announce: Callable[[Sequence[AlertRow]], None] = lambda firing: None,
        unfinished: Sequence[str] = (),
    ) -> Evaluated:
        """Update `alerts`.

        Args:
            now: The evaluation time (ms).
            known_at: When the pipeline learns what is new (ms).
            known: All events received until then (ms) are stored: later nothing is over or absent;
                `now` if None.
            due: The ids of the rules to evaluate, all if None; incidents of other rules stay as they are.
            announce: Called with the firing incidents before their rows are written.
            unfinished: Fingerprints whose incidents are read too, however old.

        Raises:
            StoreError: the store does not answer or takes no rows; the call may be repeated.
        """
        before = self._held(now - self._lookback, unfinished)
        known = max([now if known is None else known, *self._settled(before)])
        now = max([now, known, *(row.opened_at for row in before if row.status != "retracted")])
        window = Window(
            now - self._lookback, now, known, self._data_begin(now, known_at), known_at, self._zone
        )
        rows: list[AlertRow] = []
        marks: dict[str, dict[UUID, Mark]] = {}
        for rule in self._rules.values():
            if due is None or rule.id in due:
                held = {row.id: row for row in before if row.rule == rule.id}
                changed_rows, marks[rule.id] = self._changes(rule, held, window)
                rows += changed_rows
        rows += (
            msgspec.structs.replace(row, status="resolved", resolved_at=now, version=row.version + 1)
            for row in before
            if row.rule not in self._rules and row.status == "firing"
        )
        rows = self._explained(before, rows, now)
        changed = {row.id: row for row in rows}
        current = [changed.get(row.id, row) for row in before]
        there = {row.id for row in before}
        current += (row for row in rows if row.id not in there)
        announce([row for row in current if row.status == "firing"])
        if rows:
            token = derived_id(msgspec.json.encode(rows).decode())
            self._insert("alerts", columns(rows), f"alerts:{token}")
        self._marks |= marks
        return Evaluated(current, len(rows))

    def _explained(self, before: Sequence[AlertRow], rows: list[AlertRow], now: int) -> list[AlertRow]:
        """The changed rows with the causes that were found since; requests those that are still needed."""
        if self._causes is None:
            return rows
        held = {row.id: row for row in before}
        current = held | {row.id: row for row in rows}
        changed = {row.id: row for row in rows}
        for id_, cause in self._causes.take().items():
            if (row := current.get(id_)) is not None and row.status != "retracted":
                version = row.version if id_ in changed else row.version + 1
                changed[id_] = current[id_] = msgspec.structs.replace(
                    row, causes=cause.sentences, explained=cause.customers, version=version
                )
        self._causes.request(list(current.values()), now)
        return list(changed.values())

    def _changes(
        self, rule: AlertRule, held: Mapping[UUID, AlertRow], window: Window
    ) -> tuple[list[AlertRow], dict[UUID, Mark]]:
        """The rows of a rule that are new or changed, retractions included, and the mark of each incident."""
        start, now = window.start, window.now
        stood = [row for row in held.values() if row.status != "retracted"]
        held_labels = list_parameter([row.labels for row in stood])
        parameters = {"lo": str(start - reach(rule)), "hi": str(now), "held": held_labels}
        points = self._query(sql.points(rule), parameters)
        if len(points) >= sql.MOST_ROWS:
            # The result was cut off: earlier weeks may have had events.
            oldest = max(window.begin.oldest, points[-1][1])
            window = window._replace(begin=replace(window.begin, oldest=oldest))
        found = detect(
            rule,
            points,
            start=start,
            now=now,
            known=window.known,
            begin=window.begin,
            standing=standing_at(start, stood, rule.cooldown),
        )
        known_marks = self._marks.get(rule.id, {})
        marks: dict[UUID, Mark] = {}
        rows = []
        for incident in found:
            before = held.get(incident.id)
            until = now if incident.resolved_at is None else incident.resolved_at
            own_points = rows_of(points, incident.labels, incident.opened_at - reach(rule), until)
            # The points of these kinds name no customers: while it fires, its row is computed at each
            # evaluation.
            grows = isinstance(rule, Unusual | Measured) and incident.resolved_at is None
            mark = marks[incident.id] = (incident.resolved_at, now if grows else 0, hash(repr(own_points)))
            if before is not None and before.status != "retracted" and known_marks.get(incident.id) == mark:
                continue
            row = describe(self._query, rule, incident, before, window)
            if before is None or row != msgspec.structs.replace(before, version=row.version):
                rows.append(row)
        rows += (
            msgspec.structs.replace(row, status="retracted", version=row.version + 1)
            for row in untrue(stood, found, start)
        )
        return rows, marks

    def _settled(self, held: Iterable[AlertRow]) -> Iterator[int]:
        """Times up to which all events were stored when a held incident was found: a backlog undoes none."""
        for row in held:
            if row.status == "retracted" or (rule := self._rules.get(row.rule)) is None:
                continue
            if row.resolved_at is not None:
                yield row.resolved_at + rule.cooldown + 1
            elif is_certain_later(rule):
                yield row.opened_at

    def _data_begin(self, now: int, known_at: int) -> DataBegin:
        if known_at - self._begin_read_at >= OLDEST_LASTS:
            begin = data_begin(self._query)
            if begin is None:
                return DataBegin(now)
            self._begin, self._begin_read_at = begin, known_at
        return self._begin

    def _held(self, start: int, unfinished: Sequence[str]) -> list[AlertRow]:
        # An incident that ended within a cooldown before the start may continue after it.
        cooldown = max((rule.cooldown for rule in self._rules.values()), default=0)
        return rows_since(self._query, start - cooldown, unfinished)
