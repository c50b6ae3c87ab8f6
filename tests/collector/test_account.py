"""What the door writes down of each request."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from touchline.collector.acceptance import accept
from touchline.collector.accounts import Told, accounted
from touchline.collector.inboxes.sqlite import drain
from touchline.log.sqlite import SqliteLog
from touchline.sdk import Accepted, Batch, Embedded
from touchline.sdk.account import Account

NOW = 1_709_290_800_000
MakeEvent = Callable[..., dict[str, Any]]

SAID = Account("c-1", 7, 600, 712, 709, {"queue_full": 3})


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    yield log
    log.close()


def _rows(log: SqliteLog) -> list[dict[str, Any]]:
    found = [record for record in log.read(0) if record.kind == "accounts"]
    return [json.loads(line) for record in found for line in record.body.splitlines()]


def test_what_the_client_says_is_read_as_it_was_written() -> None:
    """The header of the SDK comes back as the same numbers."""
    assert Told.parse(SAID.header) == Told("c-1", 7, 600, 712, 709, {"queue_full": 3})


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "client=c-1",
        "client=c-1, batch=x, first=0, emitted=0, queued=0",
        "client=c-1, batch=-1, first=0, emitted=0, queued=0",
        "client=a b, batch=1, first=0, emitted=0, queued=0",
        "batch=1, first=0, emitted=0, queued=0",
        "client=c-1, batch=9999999999999999, first=0, emitted=0, queued=0",
        "client=" + "c" * 65 + ", batch=1, first=0, emitted=0, queued=0",
    ],
)
def test_what_is_no_account_is_none(header: str | None) -> None:
    """Whatever else stands there is not taken for an account, and the events are taken without it."""
    assert Told.parse(header) is None


def test_a_request_has_one_line_with_its_counts(event: MakeEvent) -> None:
    """Events, quarantined and repeated ones are counted; what the client told stands beside them."""
    events = [event(id="a"), event(id="a"), event(id="b", type="no.such")]
    acceptance = accept(json.dumps(events).encode(), received_at_ms=NOW, producer="shop")
    batch = accounted(acceptance, "shop", Told.parse(SAID.header))
    (line,) = map(json.loads, batch.accounts)
    assert line.pop("id")
    assert line == {
        "at": NOW,
        "producer": "shop",
        "client": "c-1",
        "batch": 7,
        "first": 600,
        "events": 3,
        "quarantined": 1,
        "repeated": 1,
        "emitted": 712,
        "queued": 709,
        "lost": '{"queue_full":3}',
    }
    assert (batch.touchpoints, batch.quarantine) == (
        acceptance.batch.touchpoints,
        acceptance.batch.quarantine,
    )


def test_a_batch_that_came_twice_is_one_row(event: MakeEvent) -> None:
    """The same batch of the same client has the same id; requests without an account differ."""
    acceptance = accept(json.dumps(event()).encode(), received_at_ms=NOW, producer="shop")

    def ids(told: Told | None, producer: str = "shop") -> list[str]:
        return [json.loads(accounted(acceptance, producer, told).accounts[0])["id"] for _ in range(2)]

    first, again = ids(Told.parse(SAID.header))
    assert first == again
    assert ids(Told.parse(SAID.header), "other") != [first, again]
    assert len(set(ids(None))) == 2


def test_the_inbox_hands_on_what_the_client_told(tmp_path: Path, log: SqliteLog) -> None:
    """An embedded client's account comes into the log, also that of a batch without events."""
    transport = Embedded(tmp_path, "shop")
    assert transport.send(Batch([b"{}"], account=SAID)) == Accepted()
    assert transport.send(Batch([], {"queue_full": 1}, Account("c-1", 8, 601, 713, 709, {}))) == Accepted()
    transport.close()
    counted: Counter[str] = Counter()
    moved = drain(
        tmp_path / "inbox.sqlite",
        log,
        received_at_ms=NOW,
        count=lambda producer, results: counted.update({producer: len(results)}),
    )
    assert moved == 2
    assert [(row["batch"], row["events"], row["quarantined"]) for row in _rows(log)] == [(7, 1, 1), (8, 0, 0)]
    assert counted == {"shop": 1}


def test_an_inbox_of_an_older_client_is_drained_and_used_again(tmp_path: Path, log: SqliteLog) -> None:
    """Without the column for accounts its batches are taken; a newer client adds it."""
    path = tmp_path / "inbox.sqlite"
    with closing(sqlite3.connect(path)) as inbox, inbox:
        inbox.execute("CREATE TABLE batches (id INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT, body BLOB)")
        inbox.execute("INSERT INTO batches (producer, body) VALUES ('shop', ?)", (b"{}\n",))
    assert drain(path, log, received_at_ms=NOW, count=lambda producer, results: None) == 1
    transport = Embedded(tmp_path, "shop")
    assert transport.send(Batch([b"{}"], account=SAID)) == Accepted()
    transport.close()
    assert drain(path, log, received_at_ms=NOW, count=lambda producer, results: None) == 1
    assert [row["client"] for row in _rows(log)] == ["", "c-1"]


def test_a_request_without_events_is_taken_for_its_account(serve: Any, event: MakeEvent) -> None:
    """An empty body is refused, unless the client tells something by it."""
    served = serve()
    refused = served.http.request("POST", f"{served.url}/v1/events", body=b"\n")
    taken = served.http.request(
        "POST", f"{served.url}/v1/events", body=b"\n", headers={"Touchline-Account": SAID.header}
    )
    assert (refused.status, taken.status, taken.json()) == (400, 200, {"results": []})
    served.http.request("POST", f"{served.url}/v1/events", body=json.dumps(event()).encode())
    assert [(row["producer"], row["client"], row["events"]) for row in _rows(served.log)] == [
        ("local", "c-1", 0),
        ("local", "", 1),
    ]
