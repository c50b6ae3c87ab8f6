"""Whose events are, as SQL says it: through merges, splits and erasures."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from touchline.config.rule_packs import load_rules
from touchline.engine.batch import columns, event_columns
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.identity import Entry, customer_id
from touchline.measures import Reading, Span, customer_id_of, owned_by_hash
from touchline.panels import BY_ID, expand
from touchline.simulation.story import rfc3339
from touchline.store import Store
from touchline.tables import IdentityRow

DAY = 86_400_000
NOW = 1_790_000_000_000
SPAN = Span(NOW - 7 * DAY, NOW)
ACCOUNT, DEVICE, PHONE = "account:ann", "device:d1", "phone:+4915100000001"


def event(kind: str, hour: int, *who: str, **data: Any) -> dict[str, Any]:
    """A native event, so many hours into the span."""
    return {
        "id": f"{kind}-{hour}",
        "type": kind,
        "time": rfc3339(SPAN.since + hour * 3_600_000),
        "channel": "web",
        "source": "shop",
        "identifiers": dict(one.split(":", 1) for one in who),
        "data": data,
    }


EVENTS = [
    event("cart.updated", 1, DEVICE, cart_id="k", value=50.0, currency="EUR"),
    event("checkout.started", 2, DEVICE, cart_id="k", value=50.0, currency="EUR"),
    event("checkout.step_completed", 3, DEVICE, cart_id="k", step="address"),
    event("order.placed", 4, ACCOUNT, order_id="o", value=50.0, currency="EUR"),
    event("contact.started", 5, ACCOUNT, contact_id="c1", reason="billing"),
    event("contact.ended", 6, ACCOUNT, contact_id="c1"),
    event("contact.started", 7, PHONE, contact_id="c2", reason="billing"),
    event("contact.ended", 8, PHONE, contact_id="c2"),
]
LINKS = [event("identity.linked", 9, ACCOUNT, DEVICE), event("identity.linked", 10, ACCOUNT, PHONE)]


@pytest.fixture
def decide(store: Store) -> Callable[..., None]:
    """Have the worker take in an entry of the ledger."""

    def _decide(what: Any, *identifiers: str) -> None:
        log = MemoryLog()
        name = " ".join((what, *identifiers))
        entry = Entry(id=name, at=NOW, who="op", what=what, identifiers=identifiers, salt="s")
        log.append("ledger", [msgspec.json.encode(entry)], NOW)
        worker = Worker(log, store, load_rules())
        worker.flush(worker.read(), NOW)

    return _decide


@pytest.fixture
def seen(store: Store, measured: Callable[..., Reading]) -> Callable[[], tuple[list[int], float, float]]:
    """How many took each step to an order, first contacts that settled it, and how many those were."""

    def _seen() -> tuple[list[int], float, float]:
        steps = store.query(expand(BY_ID["funnel"].sql, SPAN.since, SPAN.until, 3_600)).result_rows
        first = measured(store, "first_contact_resolution", SPAN)
        return [row[1] for row in steps], first.numerator, first.denominator

    return _seen


def test_events_follow_their_customer(
    store: Store, accept: Any, fold: Any, decide: Callable[..., None], seen: Callable[[], Any]
) -> None:
    """Unlinked, a cart and an order are of two; linked, of one; split, of two again; erased, of nobody."""
    fold(store, accept(EVENTS))
    assert seen() == ([1, 1, 1, 0], 2, 2)
    fold(store, accept(LINKS))
    assert seen() == ([1, 1, 1, 1], 0, 1)
    decide("split", ACCOUNT, PHONE)
    assert seen() == ([1, 1, 1, 1], 2, 2)
    decide("split", ACCOUNT, DEVICE)
    assert seen() == ([1, 1, 1, 0], 2, 2)
    decide("erase", ACCOUNT)
    assert seen() == ([1, 1, 1, 0], 1, 1)
    decide("erase", DEVICE)
    assert seen() == ([], 1, 1)


def test_the_id_of_a_customer_follows_from_the_strongest_identifier(store: Store) -> None:
    """SQL derives the same id as the worker, whatever the identifier holds."""
    names = [f"account:u-{number}" for number in range(300)] + ["account:", "account:ü'\\ {x}", "phone:+49"]
    sql = f"SELECT {customer_id_of('name')} FROM (SELECT arrayJoin({{names:Array(String)}}) AS name)"
    answer = store.query(sql, {"names": names})
    assert [row[0] for row in answer.result_rows] == [str(customer_id(name)) for name in names]


def test_a_contact_without_a_known_customer_is_left_out(
    store: Store, accept: Any, measured: Callable[..., Reading]
) -> None:
    """Until the identities name its customer, a contact counts in no resolution, unless it has an account."""
    contacts = accept(EVENTS[4:])
    store.insert("events", event_columns(contacts, [1] * len(contacts)), "first")
    assert measured(store, "first_contact_resolution", SPAN).denominator == 1
    known = [IdentityRow(entity=PHONE, customer=customer_id(PHONE), version=1)]
    store.insert("identities", columns(known), "then")
    assert measured(store, "first_contact_resolution", SPAN).denominator == 2


def test_customers_are_found_by_numbers_only_where_events_have_them() -> None:
    """A query by numbers for types whose events have none is refused: it would find nobody."""
    with pytest.raises(ValueError, match=r"events of contact.started, page.viewed have no hash"):
        owned_by_hash("SELECT 1", ["contact.started", "page.viewed"], "1")
