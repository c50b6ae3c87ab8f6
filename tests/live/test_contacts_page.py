"""The page of contacts."""

from tests.live import rows as make
from tests.live.boards import NOW, panel, seen
from touchline.store import Store
from touchline.vocabulary.durations import HOUR, MINUTE


def test_contacts_without_a_queue_have_one_name(store: Store) -> None:
    """Contacts without a queue are `no queue` in every panel that lists queues."""
    at = NOW - HOUR
    call = [
        make.event(["account:a"], "s", at, "contact.started", contact_id="c", reason="refund"),
        make.event(["account:a"], "q", at + 1, "contact.queued", contact_id="c"),
        make.event(["account:a"], "x", at + MINUTE, "contact.answered", contact_id="c", wait_seconds=60),
        make.event(["account:b"], "s2", at, "contact.started", contact_id="d"),
        make.event(["account:b"], "t2", at + 1, "contact.transferred", contact_id="d", queue="billing"),
    ]
    make.put(store, "events", call, "e")
    make.put(store, "journeys", [make.journey("account:a", at, NOW)], "j")
    found = seen(store, dashboard="contacts", only=["queues", "resolution", "transfers_by_queue"])
    assert [row[0].text for row in panel(found, "queues").rows] == ["no queue"]
    assert "no queue" in [row[0].text for row in panel(found, "resolution").rows]
    assert {bar.label for bar in panel(found, "transfers_by_queue").bars} == {"billing", "no queue"}
