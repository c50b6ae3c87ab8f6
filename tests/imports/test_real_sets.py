"""The real sets, where they lie beside the repository: every row is mapped, and counts agree with SQL."""

import importlib.util
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from touchline.collector.files import ImportItem, load_mapping, read_events

Real = Callable[[str], Path]
Valid = Callable[[ImportItem], None]

BANK = ("bank_calls_1999/january.csv.gz", "bank_calls_1999/february.csv.gz")
INCIDENTS = "incident_log/incident_event_log.csv.gz"


@pytest.fixture(scope="module")
def crosscheck() -> ModuleType:
    """The loader of the SQL counts."""
    path = Path(__file__).with_name("crosscheck") / "load.py"
    spec = importlib.util.spec_from_file_location("crosscheck", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _items(path: Path, mapping: str) -> Iterator[ImportItem]:
    for item in read_events(path, load_mapping(mapping)):
        assert item.bad is None, item
        yield item


def test_every_call_of_january_is_valid(real: Real, valid: Valid) -> None:
    """Each event of a month of calls is one of the vocabulary, in order within its call, with its own id."""
    ids: set[str] = set()
    skipped = events = 0
    for item in _items(real(BANK[0]), "bank_calls_1999"):
        valid(item)
        skipped += not item.events
        times = [(event["time"], event["id"]) for event in item.events]
        assert times == sorted(times)
        ids.update(event["id"] for event in item.events)
        events += len(item.events)
    assert skipped == 240
    assert len(ids) == events


@pytest.mark.parametrize(
    ("name", "mapping"),
    [
        (BANK[1], "bank_calls_1999"),
        (INCIDENTS, "incident_log"),
        ("completejourney/campaigns.csv.gz", "completejourney"),
        ("completejourney/coupon_redemptions.csv.gz", "completejourney"),
        ("completejourney/store_visits.csv.gz", "completejourney"),
        ("completejourney/transactions.parquet", "completejourney"),
        ("bpi2012/events.csv.gz", "bpi2012"),
        ("ibm_care_tweets/messages_masked.csv.gz", "ibm_care_tweets"),
    ],
)
def test_the_first_rows_of_every_set_are_valid(real: Real, valid: Valid, name: str, mapping: str) -> None:
    """The first thousands of rows of every set give events of the vocabulary."""
    items = list(islice(_items(real(name), mapping), 3_000))
    for item in items:
        valid(item)
    assert sum(len(item.events) for item in items) > 1_000


def test_calls_left_in_the_queue_agree_with_sql(real: Real, crosscheck: ModuleType) -> None:
    """The calls abandoned in the queue are as many as plain SQL counts in the files."""
    files = [real(name) for name in BANK]
    stages = Counter(
        event["data"]["stage"]
        for file in files
        for item in _items(file, "bank_calls_1999")
        for event in item.events
        if event["type"] == "contact.abandoned"
    )
    found = crosscheck.count(crosscheck.loaded("calls", files), "bank_abandoned_in_queue")
    assert stages["queue"] == found == 7064


def test_incidents_reassigned_three_times_agree_with_sql(real: Real, crosscheck: ModuleType) -> None:
    """The incidents with a third transfer are as many as plain SQL counts in the file."""
    file = real(INCIDENTS)
    third = sum(
        event["type"] == "contact.transferred" and event["data"]["transfers"] == 3
        for item in _items(file, "incident_log")
        for event in item.events
    )
    found = crosscheck.count(crosscheck.loaded("log", [file]), "incident_reassigned_thrice")
    assert third == found == 2848
