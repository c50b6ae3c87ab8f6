"""Loads the saved segments and funnels, and counts who is in a segment before it is saved."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from touchline.live.queries import Row, Store, run
from touchline.segments.definition import DefinitionError, Funnel, Segment, read_segment
from touchline.segments.membership import members_sql
from touchline.segments.saved import FUNNELS_SQL, SEGMENTS_SQL, Saved, saved_funnels, saved_segments

COUNT_SECONDS = 20.0
MOST_WAITING = 5
"""Counts that wait for their turn: one runs at a time."""

_RUNS = """
SELECT segment, toInt64(customers) AS customers, toInt64(journeys) AS journeys, error,
       toInt64(toUnixTimestamp64Milli(computed_at)) AS computed
FROM current_segment_runs
"""


@dataclass(frozen=True)
class SavedRow:
    """A saved segment or funnel; times in ms. `computed_at` is None until its customers are computed."""

    id: str
    title: str
    owner: str
    text: str
    author: str
    written_at: int
    error: str = ""
    customers: int = 0
    journeys: int = 0
    computed_at: int | None = None


@dataclass(frozen=True)
class SavedList:
    """All saved segments and funnels, by title."""

    segments: list[SavedRow] = field(default_factory=list)
    funnels: list[SavedRow] = field(default_factory=list)


@dataclass(frozen=True)
class Count:
    """How many customers and journeys are in a segment, or why that cannot be said."""

    customers: int = 0
    journeys: int = 0
    error: str = ""


def load(store: Store) -> SavedList:
    """Query the saved segments and funnels. Raises what the store raises."""
    runs = {row["segment"]: row for row in run(store, _RUNS)}
    segments = saved_segments(store.query(SEGMENTS_SQL, {}).result_rows)
    funnels = saved_funnels(store.query(FUNNELS_SQL, {}).result_rows)
    return SavedList(
        sorted((_row(saved, runs.get(saved.id)) for saved in segments), key=lambda row: row.title.casefold()),
        sorted((_row(saved, None) for saved in funnels), key=lambda row: row.title.casefold()),
    )


def _row(saved: Saved[Segment] | Saved[Funnel], computed: Row | None) -> SavedRow:
    known = saved.definition
    row = SavedRow(
        id=saved.id,
        title=known.title if known else saved.id,
        owner=known.owner if known else "",
        text=saved.text,
        author=saved.author,
        written_at=saved.written_at,
        error=saved.error,
    )
    # A run before the last change says nothing about it.
    if computed is None or computed["computed"] < saved.written_at:
        return row
    return replace(
        row,
        error=row.error or computed["error"],
        customers=computed["customers"],
        journeys=computed["journeys"],
        computed_at=computed["computed"],
    )


class Counting:
    """Counts the members of segments, one segment at a time. Use it on one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="touchline-count")
        self._waiting = 0

    async def count(self, text: str, now: int) -> Count:
        """The members of the segment in a text, at the time `now` (ms)."""
        try:
            segment = read_segment(text)
        except DefinitionError as error:
            return Count(error=str(error))
        if self._waiting >= MOST_WAITING:
            return Count(error="Too many counts at once: try again in a minute")
        self._waiting += 1
        counting = asyncio.get_running_loop().run_in_executor(self._pool, self._count, segment, now)
        counting.add_done_callback(self._counted)
        done, _ = await asyncio.wait([counting], timeout=COUNT_SECONDS)
        if not done:
            counting.cancel()
            return Count(error="This takes too long to count here. You can save it: it is computed apart")
        try:
            return counting.result()
        except Exception as error:  # any error of the store
            return Count(error=f"Not counted: {(str(error).strip() or type(error).__name__).splitlines()[0]}")

    def close(self) -> None:
        """Count nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _count(self, segment: Segment, now: int) -> Count:
        members = members_sql(segment, now)
        [row] = run(
            self._store,
            "SELECT toInt64(uniqExact(customer)) AS customers, "  # noqa: S608 - its texts are encoded
            f"toInt64(countIf(journey != toUUIDOrZero(''))) AS journeys FROM ({members})",
        )
        return Count(row["customers"], row["journeys"])

    def _counted(self, counting: "asyncio.Future[Count]") -> None:
        self._waiting -= 1
        if not counting.cancelled():
            counting.exception()  # marks it as retrieved
