"""Reading a customer's events from a time on."""

from touchline.engine.batch import event_columns
from touchline.store import Store
from touchline.vocabulary.event import Event


def test_events_later_than_a_time_are_read_alone(store: Store) -> None:
    """Only events whose time is later come, in order; the bound itself stays out."""
    events = [
        Event(
            id=f"e{n}",
            type="page.viewed",
            time=1_795_000_000_000 + n,
            channel="web",
            source="s",
            identifiers=("account:1",),
        )
        for n in range(5)
    ]
    store.insert("events", event_columns(events, [1] * 5), token="t")
    assert [one.id for one in store.events_of(["account:1"], 1_795_000_000_002)] == ["e3", "e4"]
    assert len(store.events_of(["account:1"])) == 5
