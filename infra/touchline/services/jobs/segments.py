"""The job that computes who is in each segment, into the table `segment_members`.

It writes only differences, so a segment that does not change costs a query. A run whose members cannot be
computed keeps those of the run before, and says why.
"""

from collections.abc import Callable, Sequence
from typing import Any

from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import Insert, Query
from touchline.segments.definition import Segment
from touchline.segments.membership import members_sql
from touchline.segments.saved import SEGMENTS_SQL, Saved, saved_segments
from touchline.services.jobs.job import Job
from touchline.store import QueryError
from touchline.vocabulary.durations import MINUTE

EVERY = 5 * MINUTE

MOST_CHANGES = 500_000
"""Members that are read and written at a time."""

_NOBODY = "SELECT customer, journey FROM current_segment_members WHERE 0"
_MARK = "SELECT max(version) FROM segments"
_RUNS = "SELECT segment FROM current_segment_runs"
_COUNTS = """
SELECT toInt64(uniqExact(customer)), toInt64(countIf(journey != toUUIDOrZero('')))
FROM current_segment_members WHERE segment = {segment:String}
"""


def segments(settings: Settings, rules: Callable[[], RuleSet]) -> Job:
    """The job `segments`."""

    def run(query: Query, insert: Insert, now: int) -> None:
        saved = saved_segments(query(SEGMENTS_SQL, {}))
        for segment in saved:
            _compute(query, insert, segment, now)
        kept = {segment.id for segment in saved}
        for (name,) in query(_RUNS, {}):
            if name not in kept:
                _write_changes(query, insert, name, _NOBODY, now)
                _write_run(insert, Saved(name, "", "", 0, None), (0, 0), now)

    return Job("segments", EVERY, run, mark=_MARK)


def _compute(query: Query, insert: Insert, saved: Saved[Segment], now: int) -> None:
    error = saved.error
    if saved.definition is not None:
        try:
            _write_changes(query, insert, saved.id, members_sql(saved.definition, now), now)
        except QueryError as failed:
            error = str(failed).splitlines()[0][:300]
    ((customers, journeys),) = query(_COUNTS, {"segment": saved.id})
    _write_run(insert, saved, (customers, journeys), now, error)


def _write_changes(query: Query, insert: Insert, segment: str, members: str, now: int) -> None:
    """Write who came and who left, until nothing is left to write."""
    held = "SELECT customer, journey FROM current_segment_members WHERE segment = {segment:String}"
    changes = f"""
SELECT toString(customer), toString(journey), member
FROM (
    SELECT customer, journey, 1 AS member FROM ({members}) WHERE (customer, journey) NOT IN ({held})
    UNION ALL
    SELECT customer, journey, 0 AS member FROM ({held}) WHERE (customer, journey) NOT IN ({members})
)
LIMIT {MOST_CHANGES}"""  # noqa: S608 - members is compiled, its texts are encoded
    part, found = 0, MOST_CHANGES
    while found == MOST_CHANGES:
        rows = query(changes, {"segment": segment})
        found = len(rows)
        if rows:
            insert("segment_members", _members(segment, rows, now), f"segment:{segment}:{now}:{part}")
        part += 1


def _members(segment: str, rows: Sequence[Sequence[Any]], now: int) -> dict[str, Sequence[Any]]:
    customers, journeys, member = zip(*rows, strict=True)
    return {
        "segment": [segment] * len(rows),
        "customer": customers,
        "journey": journeys,
        "member": member,
        "version": [now] * len(rows),
    }


def _write_run(
    insert: Insert, saved: Saved[Segment], counts: tuple[int, int], now: int, error: str = ""
) -> None:
    known = saved.definition
    row = {
        "segment": saved.id,
        "title": known.title if known else saved.id,
        "owner": known.owner if known else "",
        "computed_at": now,
        "customers": counts[0],
        "journeys": counts[1],
        "error": error,
        "deleted": int(not saved.text),
        "version": now,
    }
    insert("segment_runs", {name: [value] for name, value in row.items()}, f"segment_run:{saved.id}:{now}")
