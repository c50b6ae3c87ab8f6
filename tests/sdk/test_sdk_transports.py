"""The contract that every transport passes, and the particulars of `embedded://` and `memory://`."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.sdk import Accepted, Batch, Embedded, Limits, Memory, Refused, Retry, Touchline, Transport
from touchline.sdk.transports import Kafka, transport_for


@dataclass
class Place:
    """A transport, and what it has delivered."""

    url: str
    transport: Transport
    received: Callable[[], list[dict[str, Any]]]


def inbox(folder: Path) -> list[tuple[str, bytes]]:
    connection = sqlite3.connect(folder / "inbox.sqlite")
    try:
        return list(connection.execute("SELECT producer, body FROM batches ORDER BY id"))
    finally:
        connection.close()


@pytest.fixture(params=["http", "embedded", "memory", "kafka"])
def place(request: pytest.FixtureRequest, collector: Any, tmp_path: Path, quick: Limits) -> Iterator[Place]:
    url = {"http": collector.url, "embedded": f"embedded://{tmp_path}/data", "memory": "memory://"}
    if request.param == "kafka":
        broker, topics = request.getfixturevalue("kafka"), request.getfixturevalue("topics")
        read = request.getfixturevalue("read_topic")
        url["kafka"] = f"kafka://{broker.bootstrap}/{topics.prefix}"
    transport = transport_for(url[request.param], "k", "shop", quick)

    def received() -> list[dict[str, Any]]:
        if isinstance(transport, Memory):
            return transport.events
        if isinstance(transport, Embedded):
            return [json.loads(line) for _, body in inbox(tmp_path / "data") for line in body.splitlines()]
        if isinstance(transport, Kafka):
            return [line for record in read(topics.inbox) for line in record.lines]
        return list(collector.events)

    yield Place(url[request.param], transport, received)
    transport.close()


def test_events_arrive_in_order_and_whole(place: Place, quick: Limits) -> None:
    """Events arrive once, in order and unchanged."""
    with Touchline(place.transport, source="shop", limits=quick) as tl:
        for number in range(1_000):
            tl.track(
                "cart.updated", {"account": "ü-17\n", "email": ["a@b.example"]}, n=number, deep={"a": [None]}
            )
        assert tl.flush(20)
        assert tl.stats.accepted == 1_000
    events = place.received()
    assert [event["data"] for event in events] == [{"n": n, "deep": {"a": [None]}} for n in range(1_000)]
    assert len({event["id"] for event in events}) == 1_000
    del events[0]["id"], events[0]["time"]
    assert events[0] == {
        "type": "cart.updated",
        "channel": "web",
        "source": "shop",
        "identifiers": {"account": "ü-17\n", "email": ["a@b.example"]},
        "data": {"n": 0, "deep": {"a": [None]}},
    }


def test_the_largest_event_arrives(place: Place, quick: Limits) -> None:
    """An event of the largest size is carried."""
    with Touchline(place.transport, source="shop", limits=quick) as tl:
        tl.track("page.viewed", {"account": "u"}, text="x" * 32_500)
        assert tl.flush(10)
        assert tl.stats.accepted == 1
    assert len(place.received()[0]["data"]["text"]) == 32_500


def test_a_transport_sends_after_it_was_closed_or_forked(place: Place) -> None:
    """After close or fork the next batch opens the connection again."""
    transport = place.transport
    for number, let_go in enumerate([transport.close, transport.forked, transport.close]):
        assert transport.send(Batch([b'{"id":"%d","type":"t"}' % number])) == Accepted()
        let_go()
    kept = ["2"] if isinstance(transport, Memory) else ["0", "1", "2"]
    assert [event["id"] for event in place.received()] == kept


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**63)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=8,
        ),
    )
)
def test_data_comes_back_as_it_went(data: dict[str, Any]) -> None:
    """Any JSON data arrives unchanged."""
    memory = Memory()
    with Touchline(memory, source="shop", limits=Limits(batch_seconds=0.001)) as tl:
        tl.track("x.y", {"account": "u"}, data=data)
    assert [event["data"] for event in memory.events] == [data]


def test_the_inbox_names_its_producer(tmp_path: Path, quick: Limits) -> None:
    """A batch in the inbox has the source as its producer and one event per line."""
    with Touchline(f"embedded://{tmp_path}/a%20b", source="till", limits=quick) as tl:
        tl.track("page.viewed", {"account": "u"})
    [(producer, body)] = inbox(tmp_path / "a b")
    assert producer == "till"
    assert body.endswith(b"}\n")


def test_the_inbox_is_durable_and_private(tmp_path: Path) -> None:
    """The inbox uses WAL and full sync; its new folder is readable by the owner alone."""
    transport = Embedded(tmp_path / "data", "shop")
    assert transport.send(Batch([b"{}"])) == Accepted()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    connection = sqlite3.connect(tmp_path / "data" / "inbox.sqlite")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert transport._connection is not None
    assert transport._connection.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL"
    transport.close()


def test_a_child_leaves_the_connection_of_its_parent_open(tmp_path: Path) -> None:
    """A forked child neither uses nor closes the parent's connection."""
    transport = Embedded(tmp_path, "shop")
    transport.send(Batch([b"{}"]))
    inherited = transport._connection
    assert inherited is not None
    transport.forked()
    assert transport._connection is None
    transport.send(Batch([b"{}"]))
    assert transport._connection is not inherited
    assert inherited.execute("SELECT count(*) FROM batches").fetchone() == (2,)
    inherited.close()
    transport.close()


def test_a_full_inbox_accepts_again_after_it_is_drained(tmp_path: Path) -> None:
    """Past the inbox's bound in bytes, batches are retried until a reader has drained it."""
    transport = Embedded(tmp_path, "shop", most_bytes=64 * 1024)
    batch = Batch([b"x" * 10_000])
    outcomes = [transport.send(batch) for _ in range(10)]
    assert outcomes[0] == Accepted()
    assert outcomes[-1] == Retry("SQLITE_FULL")
    assert len(inbox(tmp_path)) == outcomes.count(Accepted())
    drain = sqlite3.connect(tmp_path / "inbox.sqlite")
    with drain:
        drain.execute("DELETE FROM batches")
    drain.close()
    assert transport.send(batch) == Accepted()
    transport.close()


def test_a_path_that_is_a_file_is_tried_again(tmp_path: Path) -> None:
    """If the data folder is a file, the batch is retried; nothing raises."""
    (tmp_path / "data").write_text("")
    assert Embedded(tmp_path / "data", "shop").send(Batch([b"{}"])) == Retry("FileExistsError")


def test_the_memory_has_a_bound() -> None:
    """A full list refuses batches, and accepts them again after `clear`."""
    memory = Memory()
    assert memory.send(Batch([b'{"type": "a.b"}'] * 100_000)) == Accepted()
    assert isinstance(memory.send(Batch([b"{}"])), Refused)
    memory.clear()
    assert memory.send(Batch([b'{"type": "a.b"}'])) == Accepted()
    assert memory.types() == ["a.b"]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://host", "'ftp'"),
        ("localhost:8080", "'localhost'"),
        ("http://", "has no host"),
        ("http://shop host:8080", "holds a space"),
        ("http://host:8080/ ", "holds a space"),
        ("http://host:8080/straße", "a character beyond ASCII"),
        ("http://host:80800", "[Pp]ort"),
        ("embedded://", "has no folder"),
        ("kafka://host/touchline.", "a host and a port"),
        ("kafka://host:9092,/touchline.", "a host and a port"),
        ("kafkas://shop:password@host:9092", "has a password in the URL: pass it as the key"),
        ("kafkas://shop@host:9092", "pass the password as the key"),
        ("kafkas://host:9092?authority=ca.pem", "unknown option authority"),
        ("kafkas://host:9092?ca=none.pem", "No such file.*ca=none.pem"),
        ("kafka://host:9092?ca=none.pem", "start the URL with kafkas://"),
        ("kafkas://host:9092?mechanism=MD5", "mechanism=MD5"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_at_once(url: str, says: str) -> None:
    """A wrong URL raises where the client is created; the message says what to write."""
    with pytest.raises(ValueError, match=says):
        Touchline(url, source="shop")


def test_a_key_that_cannot_be_a_header_is_refused_at_once() -> None:
    """A key with a line break raises where the client is created; the message does not repeat it."""
    with pytest.raises(ValueError, match="the key holds") as error:
        Touchline("http://127.0.0.1:1", key="secret\n", source="shop")
    assert "secret" not in str(error.value)
