"""The accounts row of each request."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from touchline.collector.acceptance import accept
from touchline.collector.accounts import ClientCounters, with_account
from touchline.collector.dialects.dialect import Received
from touchline.collector.inboxes.sqlite import drain
from touchline.log.sqlite import SqliteLog
from touchline.sdk import Accepted, Batch, Embedded
from touchline.sdk.delivery.account import Account

NOW = 1_709_290_800_000
MakeEvent = Callable[..., dict[str, Any]]

COUNTERS = Account("c-1", 7, 600, 712, 709, {"queue_full": 3})


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    yield log
    log.close()


def _rows(log: SqliteLog) -> list[dict[str, Any]]:
    records = [record for record in log.read(0) if record.kind == "accounts"]
    return [json.loads(line) for record in records for line in record.body.splitlines()]


def test_the_sdks_header_is_parsed() -> None:
    """The header of the SDK gives the same counters."""
    assert ClientCounters.parse(COUNTERS.header) == ClientCounters("c-1", 7, 600, 712, 709, {"queue_full": 3})


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
def test_an_invalid_header_is_ignored(header: str | None) -> None:
    """An invalid header gives no counters."""
    assert ClientCounters.parse(header) is None


def test_a_request_has_one_row_with_its_counts(event: MakeEvent) -> None:
    """The row counts events, quarantined and repeated ones, and has the client's counters."""
    events = [event(id="a"), event(id="a"), event(id="b", type="no.such")]
    acceptance = accept(Received(json.dumps(events).encode(), NOW, "shop"))
    batch = with_account(acceptance, "shop", ClientCounters.parse(COUNTERS.header))
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
        "suppressed": 0,
        "conflicting": 0,
        "emitted": 712,
        "queued": 709,
        "lost": '{"queue_full":3}',
    }
    assert (batch.touchpoints, batch.quarantine) == (
        acceptance.batch.touchpoints,
        acceptance.batch.quarantine,
    )


def test_a_batch_that_came_twice_is_one_row(event: MakeEvent) -> None:
    """A batch that a client sends twice has one row id; requests without counters have different ids."""
    acceptance = accept(Received(json.dumps(event()).encode(), NOW, "shop"))

    def ids(counters: ClientCounters | None, producer: str = "shop") -> list[str]:
        return [json.loads(with_account(acceptance, producer, counters).accounts[0])["id"] for _ in range(2)]

    first, again = ids(ClientCounters.parse(COUNTERS.header))
    assert first == again
    assert ids(ClientCounters.parse(COUNTERS.header), "other") != [first, again]
    assert len(set(ids(None))) == 2


def test_the_inbox_passes_on_the_clients_counters(tmp_path: Path, log: SqliteLog) -> None:
    """The counters of an embedded client are in the log, also those of a batch without events."""
    transport = Embedded(tmp_path, "shop")
    assert transport.send(Batch([b"{}"], account=COUNTERS)) == Accepted()
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
    """Batches without the column `account` are drained; a newer client adds the column."""
    path = tmp_path / "inbox.sqlite"
    with closing(sqlite3.connect(path)) as inbox, inbox:
        inbox.execute("CREATE TABLE batches (id INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT, body BLOB)")
        inbox.execute("INSERT INTO batches (producer, body) VALUES ('shop', ?)", (b"{}\n",))
    assert drain(path, log, received_at_ms=NOW, count=lambda producer, results: None) == 1
    transport = Embedded(tmp_path, "shop")
    assert transport.send(Batch([b"{}"], account=COUNTERS)) == Accepted()
    transport.close()
    assert drain(path, log, received_at_ms=NOW, count=lambda producer, results: None) == 1
    assert [row["client"] for row in _rows(log)] == ["", "c-1"]


def test_a_request_without_events_may_have_counters(serve: Any, event: MakeEvent) -> None:
    """An empty body is rejected, unless the request has the client's counters."""
    served = serve()
    rejected = served.http.request("POST", f"{served.url}/v1/events", body=b"\n")
    accepted = served.http.request(
        "POST", f"{served.url}/v1/events", body=b"\n", headers={"Touchline-Account": COUNTERS.header}
    )
    assert (rejected.status, accepted.status, accepted.json()) == (400, 200, {"results": []})
    served.http.request("POST", f"{served.url}/v1/events", body=json.dumps(event()).encode())
    assert [(row["producer"], row["client"], row["events"]) for row in _rows(served.log)] == [
        ("local", "c-1", 0),
        ("local", "", 1),
    ]
