"""Incidents of a store: alert rules are evaluated over what it holds, and the difference is written.

What is in `alerts` follows from the events and frictions that are stored, and from the time. So it does not
matter which process evaluates, when, or where an earlier one was killed: the next evaluation makes it good.
What is remembered between two of them only spares queries. The order of writing:

    1. the outbox: what each channel has yet to be told
    2. the alerts

Where the second is missing the next evaluation finds the same incident, and what is to be told of it stands.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple
from uuid import UUID

import msgspec

from touchline.alerts import AlertRule, sql
from touchline.alerts.incidents import Incident, standing_at, untrue
from touchline.alerts.rules import Absence, Change
from touchline.alerts.watch import reach, rows_of, watch
from touchline.alerts.wording import sentence
from touchline.engine.batch import columns
from touchline.runtime.alerting.queries import Ask, Insert, listed
from touchline.tables import AlertRow
from touchline.vocabulary.durations import WEEK
from touchline.vocabulary.ids import derived_id

LOOKBACK = 86_400_000
"""What comes later than this (ms) changes no incident any more."""

OLDEST_LASTS = 600_000
"""How long (ms) it is believed when the data begin: the whole table is asked for it."""

USUAL_WEEKS = 4
"""Weeks that are compared with, where a rule names no number."""

_HELD = """
SELECT * REPLACE (toString(id) AS id, toString(fingerprint) AS fingerprint,
    toUnixTimestamp64Milli(opened_at) AS opened_at, toUnixTimestamp64Milli(detected_at) AS detected_at,
    toUnixTimestamp64Milli(resolved_at) AS resolved_at)
FROM alerts FINAL
WHERE opened_at > fromUnixTimestamp64Milli({lo:Int64}) OR status = 'firing'
    OR resolved_at > fromUnixTimestamp64Milli({lo:Int64})
    OR fingerprint IN JSONExtract({unfinished:String}, 'Array(UUID)')
"""
_COLUMNS = AlertRow.__struct_fields__


Mark = tuple[int | None, int, int]
"""Of what a row was made; while it stays the same, so does the row."""


class Evaluated(NamedTuple):
    """What one evaluation found: incidents as they are now, retracted ones too, and how many were written."""

    alerts: list[AlertRow]
    written: int


class Evaluation:
    """Evaluates rules over a store.

    Args:
        ask: Answers queries on the store.
        insert: Appends rows to its tables.
        rules: The alert rules.
        lookback: What comes later than this (ms) changes no incident any more.
    """

    def __init__(
        self, ask: Ask, insert: Insert, rules: Iterable[AlertRule], lookback: int = LOOKBACK
    ) -> None:
        self._ask, self._insert = ask, insert
        self._rules = {rule.id: rule for rule in rules}
        self._lookback = lookback
        self._oldest, self._oldest_asked = 0, -OLDEST_LASTS
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
        """Bring `alerts` up to date.

        Args:
            now: The evaluation time (ms).
            known_at: When the pipeline learns what is new (ms).
            known: Up to when (ms) all that came is stored: what is not over or absent by then is not so yet;
                `now` if not given.
            due: The ids of the rules that are looked at, all if not given; those of others stay as they are.
            announce: Told of the incidents that fire, before their rows are written.
            unfinished: Fingerprints whose incidents are asked for as well, however old.

        Raises:
            StoreError: the store does not answer or takes no rows; the call may be repeated.
        """
        before = self._held(now - self._lookback, unfinished)
        known = max([now if known is None else known, *self._settled(before)])
        now = max([now, known, *(row.opened_at for row in before if row.status != "retracted")])
        start = now - self._lookback
        oldest = self._begin_of_data(now, known_at)
        rows: list[AlertRow] = []
        marks: dict[str, dict[UUID, Mark]] = {}
        for rule in self._rules.values():
            if due is None or rule.id in due:
                held = {row.id: row for row in before if row.rule == rule.id}
                made = marks[rule.id] = {}
                rows += self._differing(rule, held, start, now, known, oldest, known_at, made)
        rows += (
            msgspec.structs.replace(row, status="resolved", resolved_at=now, version=row.version + 1)
            for row in before
            if row.rule not in self._rules and row.status == "firing"
        )
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

    def _differing(
        self,
        rule: AlertRule,
        held: Mapping[UUID, AlertRow],
        start: int,
        now: int,
        known: int,
        oldest: int,
        known_at: int,
        marks: dict[UUID, Mark],
    ) -> list[AlertRow]:
        """The rows of a rule that are new or differ from those held; what has become untrue is retracted."""
        lo = start - reach(rule)
        stood = [row for row in held.values() if row.status != "retracted"]
        points = self._ask(sql.points(rule), {"lo": str(lo), "hi": str(now)})
        if len(points) >= sql.MOST_ROWS:
            # The weeks that were cut off are not known to have been quiet.
            oldest = max(oldest, points[-1][1])
        standing = standing_at(start, stood, rule.cooldown)
        found = watch(rule, points, start=start, now=now, known=known, oldest=oldest, standing=standing)
        before_marks = self._marks.get(rule.id, {})
        rows = []
        for one in found:
            before = held.get(one.id)
            until = now if one.resolved_at is None else one.resolved_at
            after = one.opened_at - reach(rule)
            some = rows_of(points, one.labels, after, until)
            # A change is given by numbers alone: whom it met is asked for as long as it fires.
            asked = isinstance(rule, Change) and one.resolved_at is None
            mark = marks[one.id] = (one.resolved_at, now if asked else 0, hash(repr(some)))
            if before is not None and before.status != "retracted" and before_marks.get(one.id) == mark:
                continue
            row = _row(self._ask, rule, one, before, (after, until), oldest, known_at)
            if before is None or row != msgspec.structs.replace(before, version=row.version):
                rows.append(row)
        return rows + [
            msgspec.structs.replace(row, status="retracted", version=row.version + 1)
            for row in untrue(stood, found, start)
        ]

    def _settled(self, held: Iterable[AlertRow]) -> Iterator[int]:
        """Times up to which all was stored when what is held was found: a backlog undoes none of it."""
        for row in held:
            if row.status == "retracted" or (rule := self._rules.get(row.rule)) is None:
                continue
            if row.resolved_at is not None:
                yield row.resolved_at + rule.cooldown + 1
            elif isinstance(rule, Absence):
                yield row.opened_at

    def _begin_of_data(self, now: int, known_at: int) -> int:
        if known_at - self._oldest_asked >= OLDEST_LASTS:
            ((oldest, events),) = self._ask(sql.OLDEST, {})
            if not events:
                return now
            self._oldest, self._oldest_asked = oldest, known_at
        return self._oldest

    def _held(self, start: int, unfinished: Sequence[str]) -> list[AlertRow]:
        # An incident that was over a cooldown before the start may begin again after it.
        cooldown = max((rule.cooldown for rule in self._rules.values()), default=0)
        return _rows(self._ask, start - cooldown, unfinished)


def alerts_since(ask: Ask, since: int) -> list[AlertRow]:
    """The incidents that fire, or that began or ended later than a time (ms); the newest first."""
    rows = [row for row in _rows(ask, since, ()) if row.status != "retracted"]
    return sorted(rows, key=lambda row: (row.status == "firing", row.opened_at), reverse=True)


def _rows(ask: Ask, since: int, fingerprints: Sequence[str]) -> list[AlertRow]:
    rows = ask(_HELD, {"lo": str(since), "unfinished": listed(fingerprints)})
    return [msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), AlertRow, strict=False) for row in rows]


def _row(
    ask: Ask,
    rule: AlertRule,
    one: Incident,
    before: AlertRow | None,
    span: tuple[int, int],
    oldest: int,
    known_at: int,
) -> AlertRow:
    after, until = span
    bound = {"lo": str(after), "hi": str(until), "labels": listed(one.labels)}
    count = customers = 0
    evidence: tuple[str, ...] = ()
    if not isinstance(rule, Absence):
        ((count, customers, first),) = ask(sql.extent(rule), bound)
        evidence = _journeys(ask, [(journey, customer) for _, journey, customer in first], until)
    usual = _usual(ask, rule, one, oldest) if before is None else before.usual
    return AlertRow(
        id=one.id,
        fingerprint=one.fingerprint,
        rule=rule.id,
        kind=rule.kind,
        title=rule.title,
        severity=rule.severity,
        labels=one.labels,
        opened_at=one.opened_at,
        detected_at=known_at if before is None else before.detected_at,
        resolved_at=one.resolved_at,
        status="firing" if one.resolved_at is None else "resolved",
        count=count,
        customers=customers,
        usual=usual,
        evidence=evidence,
        summary=sentence(rule, one.labels, one.opened_at, count, customers, usual),
        version=1 if before is None else before.version + 1,
    )


def _journeys(ask: Ask, first: list[tuple[str, str]], until: int) -> tuple[str, ...]:
    """The journeys; of what names none, the one that the customer was on. A customer is named nowhere."""
    unnamed = [customer for journey, customer in first if not journey]
    rows = ask(sql.JOURNEYS, {"customers": listed(unnamed), "hi": str(until)}) if unnamed else ()
    journeys = {str(customer): str(journey) for customer, journey in rows}
    found = (journey or journeys.get(customer, "") for journey, customer in first)
    return tuple(dict.fromkeys(journey for journey in found if journey))


def _usual(ask: Ask, rule: AlertRule, one: Incident, oldest: int) -> float | None:
    """What the window that opened the incident holds in earlier weeks; None where the data do not go back."""
    after = one.opened_at - reach(rule)
    weeks = rule.weeks if isinstance(rule, Change) else USUAL_WEEKS
    known = [week for week in range(1, weeks + 1) if after - week * WEEK >= oldest]
    if not known:
        return None
    bound = {"lo": str(after), "hi": str(one.opened_at), "labels": listed(one.labels)}
    by_customers = not isinstance(rule, Absence | Change)
    found = Counter[int]()
    for week, number, customers in ask(sql.usual(rule, weeks), bound):
        found[week] = customers if by_customers else number
    return float(median(found[week] for week in known))
