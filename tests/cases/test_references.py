"""Customers are found by the ids of their orders, contacts and tickets."""

import pytest

from tests.cases.conftest import Desk
from tests.cases.test_cases import _event as event
from touchline.analysis.reading.references import find_references

EVENTS = [
    event("r1", "order.placed", 1, {"account": "anna"}, order_id="O-4711", value=1.0),
    event("r2", "contact.started", 2, {"device": "d-1"}, contact_id="call 'x\\y' é", ticket_id=90210),
    event("r3", "custom.claim", 3, {"account": "anna", "device": "d-1"}, claim_id="C-1", note="O-4711"),
    event("r4", "order.cancelled", 4, {"account": "bert"}, order_id="O-4711"),
    event("r5", "campaign.opened", 5, {"account": "carl"}, campaign_id="O-4711"),
    event("r6", "contact.started", 6, {"account": "carl"}, contact_id="O-47110", reason="O-4711"),
]


@pytest.fixture
def found(desk: Desk) -> Desk:
    """The events above, in a store."""
    desk.take(EVENTS)
    return desk


def test_the_event_that_has_the_id_names_the_customer(found: Desk) -> None:
    """Whole ids of any text and number are found, the latest event first; parts and other fields are not."""

    def of(text: str) -> list[tuple[str, str, str]]:
        return [(one.entity, one.field, one.type) for one in find_references(found.ask, text)]

    assert of(" O-4711 ") == [
        ("account:bert", "order_id", "order.cancelled"),
        ("account:anna", "order_id", "order.placed"),
    ]
    assert of("call 'x\\y' é") == [("device:d-1", "contact_id", "contact.started")]
    assert of("90210") == [("device:d-1", "ticket_id", "contact.started")]
    assert of("C-1") == [("account:anna", "claim_id", "custom.claim")]
    assert of("O-471") == of("%") == of('"') == of("O-4711' OR 1") == []
