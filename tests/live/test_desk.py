"""The desk: what people write on the page reaches the store, bounded, with its author and time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from touchline.live.desk.desk import CHECK_SECONDS, READ_ONLY, WRITES, Desk
from touchline.live.desk.documents import Kind, NotWritten, author_of, plain
from touchline.live.desk.goals import GOALS
from touchline.live.desk.login import login_name
from touchline.live.desk.notes import MAX_TEXT, NOTES, Note, NoteRequest, note_fields, read_notes
from touchline.measures import Goal, goals_in_force
from touchline.store import Store
from touchline.tables import DESK_TABLES
from touchline.vocabulary.durations import HOUR

NOW = 1_800_000_000_000


def note(**changed: Any) -> NoteRequest:
    """A note as a browser sends it."""
    given: dict[str, Any] = {
        "id": "",
        "starts_at": NOW,
        "ends_at": None,
        "text": "Sale begins",
        "everywhere": False,
        "rule": "",
    }
    return NoteRequest(ticket=1, author="Ann", **(given | changed))


class Writer:
    """The store, and what a test changes of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refuses, self.fails = "", False
        self.asked = 0

    def query(self, sql: str, parameters: dict[str, Any]) -> Any:
        return self._store.query(sql, parameters)

    def insert(self, table: str, rows: dict[str, list[Any]], token: str) -> None:
        if self.fails:
            raise ConnectionError("disk full")
        self._store.insert(table, rows, token)

    def refusal(self, table: str) -> str:
        self.asked += 1
        return self.refuses


class Clock:
    """Times that a test sets."""

    ms, seconds = NOW, 0.0


async def saved(desk: Desk, request: NoteRequest, author: str = "Ann") -> str:
    """Write a note; return its id."""
    fields = note_fields(request, "friction", {"queue"})
    return await desk.put(NOTES, request.id, fields, author, existing=bool(request.id))


async def refused(writing: Awaitable[object]) -> str:
    """Why something was not written."""
    with pytest.raises(NotWritten) as caught:
        await writing
    return str(caught.value)


async def test_a_note_is_written_changed_and_deleted(store: Store) -> None:
    """The last version of a note counts, with its author and time, even where the clock went back."""
    clock = Clock()
    desk = Desk(Writer(store), lambda: clock.ms)
    first = await saved(desk, note())
    clock.ms -= HOUR
    assert (
        await saved(desk, note(id=first, text="Sale\n ends \u202e", ends_at=NOW + HOUR, rule="queue"), "Bo")
        == first
    )
    changed = Note(first, NOW, NOW + HOUR, "Sale ends", False, "queue", "Bo", NOW - HOUR)
    assert read_notes(store, "friction", NOW + HOUR, NOW + 2 * HOUR) == [changed]
    assert read_notes(store, "friction", NOW - 2 * HOUR, NOW - HOUR) == []
    assert read_notes(store, "contacts", NOW, NOW) == []
    await saved(desk, note(everywhere=True, text="Outage"))
    assert [one.text for one in read_notes(store, "contacts", NOW, NOW)] == ["Outage"]
    await desk.remove(NOTES, first, "Cy")
    assert [one.text for one in read_notes(store, "friction", NOW, NOW)] == ["Outage"]
    assert "deleted already" in await refused(desk.remove(NOTES, first, "Cy"))
    assert "somebody deleted" in await refused(saved(desk, note(id=first)))
    assert "deleted already" in await refused(desk.remove(NOTES, "' OR 1", "Cy"))
    await desk.close()


async def test_what_nobody_should_write_is_refused(store: Store) -> None:
    """A note without text, too long, backwards or about an unknown rule is refused with what to do."""
    desk = Desk(Writer(store), lambda: NOW)
    for request, why in (
        (note(text=" \u200b\n"), "Write what happened"),
        (note(text="x" * (MAX_TEXT + 1)), f"has {MAX_TEXT + 1} characters"),
        (note(ends_at=NOW), "not after the beginning"),
        (note(rule="gone"), "no such rule"),
    ):
        assert why in await refused(saved(desk, request))
    assert author_of(" Ann\tLee ", "Bo") == "Ann Lee"
    assert author_of("", "B\u202eo" + "x" * 200) == "Bo" + "x" * 78
    with pytest.raises(NotWritten, match="your name"):
        author_of("\n", " ")
    assert plain("👩\u200d🔧 a\x00\x1b[31m") == "👩\u200d🔧 a[31m"


async def test_writes_are_bounded(store: Store) -> None:
    """Past the rate, and past the number of documents, nothing is written; deleting makes room."""
    clock = Clock()
    desk = Desk(Writer(store), lambda: clock.ms, lambda: clock.seconds)
    few = Kind("notes", "note", 1)
    fields = note_fields(note(), "friction", ())
    first = await desk.put(few, "", fields, "Ann")
    assert "there are 1 notes already" in await refused(desk.put(few, "", fields, "Ann"))
    await desk.put(few, first, fields, "Ann")
    await desk.remove(few, first, "Ann")
    await desk.put(few, "", fields, "Ann")
    for _ in range(WRITES - 5):
        await refused(desk.remove(few, first, "Ann"))
    assert "too many changes" in await refused(desk.remove(few, first, "Ann"))
    clock.seconds += 2
    assert "deleted already" in await refused(desk.remove(few, first, "Ann"))


async def test_a_store_that_takes_nothing_is_told_to_the_writer(store: Store) -> None:
    """A read-only store is said to be one until it changes; one that fails is tried again."""
    clock, writer = Clock(), Writer(store)
    desk = Desk(writer, lambda: NOW, lambda: clock.seconds)
    writer.refuses = "Code: 497"
    assert await refused(saved(desk, note())) == READ_ONLY
    assert await asyncio.to_thread(desk.read_only, NOTES) == READ_ONLY
    assert writer.asked == 1
    assert await asyncio.to_thread(desk.read_only, GOALS) == READ_ONLY
    assert writer.asked == 2  # The user may write some tables and not others.
    writer.refuses, writer.fails = "", True
    clock.seconds += CHECK_SECONDS
    assert "cannot be written" in await refused(saved(desk, note()))
    writer.fails = False
    await saved(desk, note())
    assert len(read_notes(store, "friction", NOW, NOW)) == 1


async def test_a_goal_of_the_page_replaces_that_of_the_file(store: Store) -> None:
    """A goal set on the page counts until it is removed; then that of the file does, if there is one."""
    desk = Desk(Writer(store), lambda: NOW)
    in_file = {"service_level": 0.8, "nps": 30.0}

    def ask(sql: str, parameters: Mapping[str, str]) -> Sequence[Sequence[Any]]:
        return store.query(sql, dict(parameters)).result_rows

    assert goals_in_force(ask, in_file)["nps"] == Goal(30.0, in_file=30.0)
    await desk.put(GOALS, "service_level", {"value": 0.7}, "Ann")
    await desk.put(GOALS, "average_wait", {"value": 28.0}, "Bo")
    await desk.put(GOALS, "gone_measure", {"value": 1.0}, "Bo")
    assert goals_in_force(ask, in_file) == {
        "service_level": Goal(0.7, "Ann", NOW, 0.8),
        "nps": Goal(30.0, in_file=30.0),
        "average_wait": Goal(28.0, "Bo", NOW),
    }
    await desk.remove(GOALS, "service_level", "Cy")
    await desk.remove(GOALS, "average_wait", "Cy")
    assert goals_in_force(ask, in_file).keys() == {"service_level", "nps"}
    assert goals_in_force(ask, in_file)["service_level"].author == ""


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Basic YW5uOnNlY3JldA==", "ann"),
        ("basic YW5uOjE6Mg==", "ann"),
        ("Basic OnNlY3JldA==", ""),
        ("Bearer YW5uOnNlY3JldA==", ""),
        ("Basic !!", ""),
        ("Basic /w==", ""),
        ("", ""),
    ],
)
def test_the_login_names_the_author(header: str, name: str) -> None:
    """The author is the user name of a Basic login; any other login names nobody."""
    assert login_name({"authorization": header}) == name


def test_every_kind_of_document_has_the_columns_of_one(store: Store) -> None:
    """The tables of the desk have the columns that each document has, and a view of the current ones."""
    columns: Callable[[str], set[str]] = lambda table: {  # noqa: E731
        row[0] for row in store.query(f"DESCRIBE {table}").result_rows
    }
    for table in DESK_TABLES:
        assert {"id", "author", "written_at", "deleted", "version"} <= columns(table)
        assert columns(f"current_{table}") == columns(table)
