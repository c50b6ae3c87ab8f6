"""The real sets, where they lie beside the repository: their rows give valid events."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from touchline.imports import ImportItem, load_mapping, read_events

pytestmark = pytest.mark.slow

Real = Callable[[str], Path]
Valid = Callable[[ImportItem], None]

BANK = ("bank_calls_1999/january.csv.gz", "bank_calls_1999/february.csv.gz")
INCIDENTS = "incident_log/incident_event_log.csv.gz"


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
