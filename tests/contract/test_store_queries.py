"""Queries on a store, the errors they raise, and reads during writes."""

import threading
from collections.abc import Callable

import pytest

from touchline.store import QueryError, Store
from touchline.vocabulary.event import Event

NewEvent = Callable[..., Event]
Put = Callable[..., None]


def test_an_insert_that_fits_no_table_raises(store: Store) -> None:
    """A wrong table, column or length raises an error that is not retried."""
    with pytest.raises(KeyError):
        store.insert("nothing", {"id": ["x"]}, "t")
    with pytest.raises(KeyError):
        store.insert("events", {"nothing": ["x"]}, "t")
    with pytest.raises(ValueError, match="length"):
        store.insert("events", {"id": ["x", "y"], "type": ["z"]}, "t")


def test_a_query_takes_parameters(store: Store) -> None:
    """Parameters are passed apart from the SQL, with any characters; percent signs have no meaning."""
    answer = store.query(
        "SELECT {text:String} AS text, {list:Array(String)} AS list, 7 % 4 AS rest, 'a%s' LIKE 'a%' AS liked",
        {"text": "x' \\ OR 1", "list": ["a'", "\\"], "unused": 1},
    )
    assert answer.column_names == ("text", "list", "rest", "liked")
    assert answer.column_types == ("String", "Array(String)", "UInt8", "UInt8")
    assert answer.result_rows == [["x' \\ OR 1", ["a'", "\\"], 3, 1]]


def test_a_wrong_query_raises_clickhouses_message(store: Store) -> None:
    """A wrong query raises ClickHouse's own message and error code."""
    with pytest.raises(QueryError, match="Unknown table expression identifier 'nothing'") as caught:
        store.query("SELECT * FROM nothing")
    assert caught.value.code == 60


def test_a_result_above_the_limit_is_refused(store: Store) -> None:
    """A result with too many rows raises an error and is not truncated."""
    with pytest.raises(QueryError, match="Limit for result exceeded") as caught:
        store.query("SELECT number FROM numbers(1000001)")
    assert caught.value.code == 396


def test_reads_run_during_writes(store: Store, event: NewEvent, put: Put) -> None:
    """While one thread writes, others read, and their counts never decrease."""
    counts: dict[int, list[int]] = {number: [] for number in range(3)}
    done = threading.Event()

    def read(mine: list[int]) -> None:
        while not done.is_set():
            mine.append(store.query("SELECT toUInt32(count()) FROM events").result_rows[0][0])

    threads = [threading.Thread(target=read, args=(mine,)) for mine in counts.values()]
    for thread in threads:
        thread.start()
    try:
        for number in range(20):
            put(store, [event(number * 10 + each) for each in range(10)], f"t{number}")
    finally:
        done.set()
        for thread in threads:
            thread.join(10)
    assert all(mine == sorted(mine) and mine for mine in counts.values())
    assert store.query("SELECT count() FROM events").result_rows == [[200]]
