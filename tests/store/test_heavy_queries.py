"""Queries that take too long, or that nobody waits for: they end, or are left behind, and hold up nothing."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.store_process import StoreProcess
from touchline.store import QueryError, Store, StoreBusy, StoreUnavailable, connect_store, open_store
from touchline.store.handles.embedded import EmbeddedHandle
from touchline.store.pools import pool as pools
from touchline.store.pools.pool import Pool
from touchline.store.pools.read_pool import PIPELINE_SETTINGS, READ_SETTINGS, ReadPool, query_limits
from touchline.store.sql.changes import check_change
from touchline.store.sql.read_only import read_only

Folder = Callable[[Path], Path]


def heavy(rows: int, length: int = 20_000) -> str:
    """A query that takes about a second per row, in one block: the engine cannot interrupt it."""
    texts = (f"materialize(repeat('{letter}', {length}))" for letter in "ab")
    return f"SELECT sum(editDistance({', '.join(texts)})) FROM numbers({rows})"


def sleepy(seconds: int) -> str:
    """A query that takes some seconds and little processor, one per block."""
    return f"SELECT sum(sleep(1)) FROM (SELECT number FROM system.numbers LIMIT {seconds * 65_000})"


@pytest.fixture
def pool(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """Two handles, for calls of at most 0.3 s; calls that cannot be interrupted are left at once."""
    monkeypatch.setattr(pools, "INTERRUPTED_SECONDS", 0.1)
    with closing(Pool(lambda: EmbeddedHandle(tmp_path / "store", READ_SETTINGS), 2, 0.2, 0.3)) as opened:
        yield opened


def read(sql: str) -> Callable[[Any], bytes]:
    """A call of a pool that reads."""
    return lambda handle: handle.read(sql, "TSV")


def queries_left(store: Store) -> list[list[Any]]:
    """The engine's running queries, without this one."""
    return store.query(
        "SELECT query FROM system.processes WHERE query NOT LIKE '%system.processes%'"
    ).result_rows


def test_a_query_that_exceeds_the_limit_is_left_behind(pool: Pool, wait_for: Callable[..., Any]) -> None:
    """Its caller gets a timeout soon. Its handle is replaced; with too many left, once a query has ended."""
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(QueryError, match="TIMEOUT_EXCEEDED") as raised:
            pool.run(read(heavy(5)))
        assert raised.value.code == 159
        assert time.monotonic() - began < 2
    # Of three abandoned handles two are replaced.
    assert pool.run(read("SELECT 1")) == b"1\n"
    with ExitStack() as stack:
        taken = stack.enter_context(closing(_Taken(pool)))
        with pytest.raises(StoreBusy):
            pool.run(read("SELECT 1"))
        taken.close()
    wait_for(lambda: pool._abandoned == 0, 60)
    assert pool._free.qsize() == 2


class _Taken:
    """A handle of a pool that another thread holds until this is closed."""

    def __init__(self, pool: Pool) -> None:
        self._held, self._free = threading.Event(), threading.Event()
        pool._seconds = 30
        self._thread = threading.Thread(target=self._run, args=(pool,))
        self._thread.start()
        assert self._held.wait(10)

    def _run(self, pool: Pool) -> None:
        with suppress(StoreUnavailable):
            pool.run(self._hold)

    def _hold(self, handle: Any) -> bytes:
        self._held.set()
        assert self._free.wait(30)
        return b""

    def close(self) -> None:
        self._free.set()
        self._thread.join(10)


@pytest.mark.parametrize(
    ("processors", "queries", "threads"), [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 2, 1), (8, 4, 1), (16, 4, 2)]
)
def test_clients_use_at_most_half_of_the_processors(processors: int, queries: int, threads: int) -> None:
    """So many queries of clients run at a time, with so many threads each; one always runs."""
    assert query_limits(processors, 0)[:2] == (queries, threads)


@pytest.mark.parametrize(
    ("processors", "memory", "of_each"),
    [
        (2, 4_000_000_000, 1_000_000_000),
        (2, 20_000_000_000, 2_000_000_000),
        (16, 64_000_000_000, 4_000_000_000),
    ],
)
def test_queries_use_at_most_half_of_the_memory_and_each_may_use_a_gigabyte(
    processors: int, memory: int, of_each: int
) -> None:
    """Four readers and the clients share half of what the engine may use."""
    assert query_limits(processors, memory).memory == of_each


def test_the_limit_of_memory_is_that_of_the_machine(store: Store) -> None:
    """A reader's query may use as much as the engine's own limit of memory allows."""
    [[limit, memory, processors]] = store.query(
        "SELECT getSetting('max_memory_usage'), getServerSetting('max_server_memory_usage'), "
        "getSetting('max_threads')"
    ).result_rows
    assert limit == query_limits(processors, memory).memory


def test_clients_yield_to_the_pipeline_for_a_bounded_time(store: Store, tmp_path: Path) -> None:
    """A client's query goes after those of the pipeline, and yet ends before a long one of it does."""
    setting = "SELECT getSetting('priority')"
    assert store._handle.read(setting, "TSV") == b"1\n"
    assert store.reply_to_client(setting, "TSV", {}, None, threading.Event()).body == b"2\n"
    with closing(EmbeddedHandle(tmp_path / "store", PIPELINE_SETTINGS)) as pipeline:

        def run() -> None:
            with suppress(QueryError):
                pipeline.read(sleepy(10), "TSV")

        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(0.3)
        sql = "SELECT count() FROM numbers(1000000) WHERE number % 3 = 0"
        answer = store.reply_to_client(sql, "TSV", {}, None, threading.Event())
        assert (answer.body, thread.is_alive()) == (b"333334\n", True)
        pipeline.interrupt()
        thread.join(20)


def test_queries_past_the_limit_wait_for_their_turn(tmp_path: Path, store: Store) -> None:
    """With one handle, queries run one after another; one that waits too long is refused."""
    running: list[int] = []
    most = 0

    def call(handle: Any) -> None:
        nonlocal most
        running.append(1)
        most = max(most, len(running))
        time.sleep(0.2)
        running.pop()

    with closing(Pool(lambda: EmbeddedHandle(tmp_path / "store", READ_SETTINGS), 1, 5, 5)) as pool:
        threads = [threading.Thread(target=pool.run, args=(call,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert (most, running) == (1, [])
        with closing(_Taken(pool)):
            pool._wait = 0.3
            with pytest.raises(StoreBusy, match="try again later"):
                pool.run(call)


def test_the_answer_is_compressed_within_the_turn_of_its_query(tmp_path: Path, store: Store) -> None:
    """No other query runs until the answer is compressed: both use the clients' processors."""
    busy: list[Exception] = []

    def encode(body: bytes) -> bytes:
        try:
            readers.reply("SELECT 2", "TSV", None, None)
        except StoreBusy as error:
            busy.append(error)
        return body[::-1]

    with closing(ReadPool(lambda: EmbeddedHandle(tmp_path / "store", READ_SETTINGS), 1, 0.3, 30)) as readers:
        assert readers.reply("SELECT 12", "TSV", None, None, encode=encode).body == b"\n21"
        assert len(busy) == 1


def test_a_query_whose_client_goes_while_it_waits_never_runs(tmp_path: Path, store: Store) -> None:
    """A client that leaves, or an end of the process, frees its place in the queue at once."""
    ran: list[object] = []
    with closing(Pool(lambda: EmbeddedHandle(tmp_path / "store", READ_SETTINGS), 1, 30, 30)) as pool:
        with closing(_Taken(pool)):
            leave = threading.Event()
            threading.Timer(0.2, leave.set).start()
            began = time.monotonic()
            with pytest.raises(QueryError, match="QUERY_WAS_CANCELLED"):
                pool.run(ran.append, leave)
            threading.Timer(0.2, pool.leave).start()
            with pytest.raises(StoreUnavailable, match="being closed"):
                pool.run(ran.append)
            assert time.monotonic() - began < 5
        assert ran == []


def test_a_query_that_nobody_waits_for_is_interrupted(store: Store, wait_for: Callable[..., Any]) -> None:
    """Once its client is gone, the engine ends it; the answer of the next query is its own."""
    leave = threading.Event()
    threading.Timer(0.3, leave.set).start()
    began = time.monotonic()
    with pytest.raises(QueryError, match="QUERY_WAS_CANCELLED"):
        store.reply_to_client(sleepy(3), "TSV", {}, None, leave)
    assert time.monotonic() - began < 3
    assert wait_for(lambda: not queries_left(store), 5)
    assert store.reply_to_client("SELECT 2", "TSV", {}, None, threading.Event()).body == b"2\n"


def test_clients_do_not_delay_the_page(store: Store) -> None:
    """While clients have every reader of theirs, the page's queries are answered at once."""
    leaves = [threading.Event() for _ in range(4)]

    def ask(leave: threading.Event) -> None:
        with suppress(QueryError):
            store.reply_to_client(sleepy(3), "TSV", {}, None, leave)

    threads = [threading.Thread(target=ask, args=(leave,)) for leave in leaves]
    for thread in threads:
        thread.start()
    try:
        began = time.monotonic()
        for _ in range(8):
            assert store.query("SELECT 1").result_rows == [[1]]
        assert time.monotonic() - began < 2.5
    finally:
        for leave, thread in zip(leaves, threads, strict=True):
            leave.set()
            thread.join(10)


def test_closing_a_store_ends_its_queries(tmp_path: Path, with_store: Folder) -> None:
    """A store with a long query closes within seconds, and its folder can be opened again."""
    store = open_store(with_store(tmp_path) / "store")
    errors: list[Exception] = []

    def ask() -> None:
        try:
            store.query(sleepy(3))
        except StoreUnavailable as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    began = time.monotonic()
    store.close()
    assert time.monotonic() - began < 5
    thread.join(10)
    assert "being closed" in str(errors[0])
    with open_store(tmp_path / "store") as again:
        assert again.query("SELECT 1").result_rows == [[1]]
    with pytest.raises(StoreUnavailable):
        store.query("SELECT 1")


@pytest.mark.parametrize(
    "setting",
    [
        "max_execution_time = 0",
        "max_memory_usage = 0",
        "max_result_rows = 0",
        "max_threads = 64",
        "priority = 1",
        "readonly = 0",
        "log_comment = 'x'",
        "timeout_overflow_mode = 'break'",
        "max_block_size = 1000000",
    ],
)
def test_no_query_can_lift_a_limit(store: Store, setting: str) -> None:
    """Settings in a query are refused, and those of a subquery have no effect."""
    name = setting.split(" ", 1)[0]
    in_force = store.query(f"SELECT getSetting('{name}')").result_rows
    for sql in (f"SELECT 1 SETTINGS {setting}", f"EXPLAIN SELECT 1 SETTINGS {setting}"):
        with pytest.raises(QueryError, match="READONLY"):
            store.query(sql)
    subquery = f"SELECT getSetting('{name}') SETTINGS {setting}"
    assert store.query(f"SELECT * FROM ({subquery})").result_rows == in_force


def test_nobody_changes_the_priority_of_threads() -> None:
    """The setting ends a process without root's rights, so it is refused to writers and admins, too."""
    setting = "SETTINGS os_thread_priority = 5"
    with pytest.raises(QueryError, match="os_thread_priority"):
        read_only(f"SELECT 1 {setting}", frozenset(), {})
    with pytest.raises(QueryError, match="os_thread_priority"):
        check_change(f"ALTER TABLE events DELETE WHERE 0 {setting}", frozenset(), defines=True)


def test_readers_do_not_delay_writers_that_read(serve_store: Callable[..., StoreProcess]) -> None:
    """While readers of `touchline store` wait for their turn, queries of Touchline's own processes do not."""
    served = serve_store()
    host, port = served.url.removeprefix("http://").split(":")
    headers = {"X-ClickHouse-User": "reader", "X-ClickHouse-Key": served.password("reader")}
    with ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(closing(http.client.HTTPConnection(host, int(port), timeout=30)))
            connection.request("POST", "/", sleepy(20), headers)
        time.sleep(0.5)
        with connect_store(served.address("writer")) as store:
            began = time.monotonic()
            for _ in range(4):
                assert store.query("SELECT 1").result_rows == [[1]]
            assert time.monotonic() - began < 4


def test_a_stream_ends_when_its_client_does(serve_store: Callable[..., StoreProcess]) -> None:
    """`touchline store` interrupts a streamed answer as soon as its client closes the connection."""
    served = serve_store()
    host, port = served.url.removeprefix("http://").split(":")
    headers = {"X-ClickHouse-User": "writer", "X-ClickHouse-Key": served.password("writer")}
    for sql in (sleepy(60), "SELECT sleepEachRow(0.1) FROM numbers(600) SETTINGS max_block_size = 1"):
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        connection.request("POST", "/?default_format=TSV", sql, headers)
        time.sleep(1)
        connection.close()
    with connect_store(served.address("reader")) as store:
        limit = time.monotonic() + 10
        while left := queries_left(store):
            assert time.monotonic() < limit, left
            time.sleep(0.1)
