"""Notes on dashboards: what people say about a moment or a period, such as a campaign or an outage."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from touchline.live.desk.desk import Desk
from touchline.live.desk.documents import Id, Kind, NotWritten, plain
from touchline.live.desk.writing import WriteRequest, Writing
from touchline.live.queries import Row, Store, run
from touchline.vocabulary.durations import DAY

NOTES = Kind("notes", "note", 5_000)
MAX_SHOWN = 200
MAX_TEXT = 500

EARLIEST = 0
LATEST = DAY * 365 * 200
"""Times (ms since 1970) that the store can hold in all its columns."""

# The notes of a dashboard that touch a period, oldest first.
_NOTES = """
SELECT id, toUnixTimestamp64Milli(starts_at) AS begin, toUnixTimestamp64Milli(ends_at) AS finish, text,
       dashboard, rule, author, toUnixTimestamp64Milli(written_at) AS written
FROM current_notes
WHERE dashboard IN ('', {dashboard:String})
  AND starts_at <= fromUnixTimestamp64Milli({end:Int64})
  AND ifNull(ends_at, starts_at) >= fromUnixTimestamp64Milli({start:Int64})
ORDER BY starts_at DESC, id LIMIT {limit:UInt32}
"""

_Time = Annotated[int, Meta(ge=EARLIEST, le=LATEST)]


class NoteRequest(WriteRequest, forbid_unknown_fields=True):
    """A note as a browser writes it; `id` is empty for a new one."""

    id: Id
    starts_at: _Time
    ends_at: _Time | None
    text: Annotated[str, Meta(max_length=4 * MAX_TEXT)]
    everywhere: bool
    rule: Id


@dataclass(frozen=True)
class Note:
    """A note; times in ms since 1970, `ends_at` is None for a moment. `rule` may be ''."""

    id: str
    starts_at: int
    ends_at: int | None
    text: str
    everywhere: bool
    rule: str
    author: str
    written_at: int


def read_notes(store: Store, dashboard: str, start: int, end: int) -> list[Note]:
    """The newest notes of a dashboard in a period (ms), oldest first. Raises what the store raises."""
    rows = run(store, _NOTES, dashboard=dashboard, start=start, end=end, limit=MAX_SHOWN)
    return [_note(row) for row in reversed(rows)]


def take_notes(writing: Writing, dashboard: str, rules: Collection[str]) -> None:
    """Write and delete the notes of a dashboard: the requests `note` and `remove_note` of its page."""

    async def put(desk: Desk, request: NoteRequest, author: str) -> None:
        fields = note_fields(request, dashboard, rules)
        await desk.put(NOTES, request.id, fields, author, existing=bool(request.id))

    writing.on("note", NoteRequest, put)
    writing.on_remove("remove_note", NOTES)


def note_fields(request: NoteRequest, dashboard: str, rules: Collection[str]) -> dict[str, Any]:
    """The columns of a note.

    Args:
        request: What the browser sent.
        dashboard: Where it is written.
        rules: The ids of the rules that it may be about.

    Raises:
        NotWritten: it has no text, is too long, or ends before it begins.
    """
    text = plain(request.text)
    if not text:
        raise NotWritten("Write what happened")
    if len(text) > MAX_TEXT:
        raise NotWritten(f"This note has {len(text)} characters: write at most {MAX_TEXT}")
    if request.ends_at is not None and request.ends_at <= request.starts_at:
        raise NotWritten("The end is not after the beginning: correct it, or leave it empty")
    if request.rule and request.rule not in rules:
        raise NotWritten("There is no such rule: choose one of the list")
    return {
        "starts_at": request.starts_at,
        "ends_at": request.ends_at,
        "text": text,
        "dashboard": "" if request.everywhere else dashboard,
        "rule": request.rule,
    }


def _note(row: Row) -> Note:
    return Note(
        id=row["id"],
        starts_at=row["begin"],
        ends_at=row["finish"],
        text=row["text"],
        everywhere=not row["dashboard"],
        rule=row["rule"],
        author=row["author"],
        written_at=row["written"],
    )
