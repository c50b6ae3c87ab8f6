"""SQL asked of a store, what it refuses, and readers beside a writer."""

import threading
from collections.abc import Callable

import pytest

from touchline.store import QueryError, Store
from touchline.vocabulary.event import Event

NewEvent = Callable[..., Event]
Put = Callable[..., None]


def test_values_that_fit_no_column_are_the_callers_error(store: Store) -> None:
    """A wrong table, column or value is no reason to try again."""
    with pytest.raises(KeyError):
        store.insert("nothing", {"id": ["x"]}, "t")
    with pytest.raises(KeyError):
        store.insert("events", {"nothing": ["x"]}, "t")
    with pytest.raises(ValueError, match="length"):
        store.insert("events", {"id": ["x", "y"], "type": ["z"]}, "t")


def test_a_query_takes_parameters(store: Store) -> None:
    """Values go to the engine beside the SQL, whatever they hold; a percent sign is only that."""
    answer = store.query(
        "SELECT {text:String} AS text, {list:Array(String)} AS list, 7 % 4 AS rest, 'a%s' LIKE 'a%' AS liked",
        {"text": "x' \\ OR 1", "list": ["a'", "\\"], "unused": 1},
    )
    assert answer.column_names == ("text", "list", "rest", "liked")
    assert answer.column_types == ("String", "Array(String)", "UInt8", "UInt8")
    assert answer.result_rows == [["x' \\ OR 1", ["a'", "\\"], 3, 1]]


def test_a_wrong_query_says_what_clickhouse_says(store: Store) -> None:
    """A user's mistake is answered in ClickHouse's words, with its number."""
    with pytest.raises(QueryError, match="Unknown table expression identifier 'nothing'") as caught:
        store.query("SELECT * FROM nothing")
    assert caught.value.code == 60


def test_too_large_an_answer_is_refused(store: Store) -> None:
    """An answer beyond the bound of rows is an error, not a part of it."""
    with pytest.raises(QueryError, match="Limit for result exceeded") as caught:
        store.query("SELECT number FROM numbers(1000001)")
    assert caught.value.code == 396


def test_readers_and_a_writer_share_the_engine(store: Store, event: NewEvent, put: Put) -> None:
    """While one thread writes, others read, and what they read only grows."""
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
