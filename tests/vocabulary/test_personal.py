"""Which attributes may identify a person."""

import pytest

from touchline.vocabulary.identifiers import RANK
from touchline.vocabulary.personal import is_personal


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data.contact", "jo@shop.example"),
        ("data.sender", '"Jo" <jo@shop.example>'),
        ("data.network", "@jo"),
        ("data.callback", "+49 (30) 123-456"),
        ("data.till", "4929123412341234"),
        ("context.client", "192.168.1.20"),
        ("context.client", "fe80::1ff:fe23:4567:890a"),
        ("data.visit", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
        ("data.key", "d41d8cd98f00b204e9800998ecf8427e"),
        ("data.agent", "a7"),
        ("data.first_name", "Jo"),
        ("data.customer_id", "17"),
        ("data.comment", "never again"),
        ("context.user_agent", "Mozilla/5.0"),
    ],
)
def test_what_may_be_a_person_is_no_attribute(field: str, value: str) -> None:
    """Addresses, numbers, ids, names of customers and staff, and what people wrote."""
    assert is_personal(field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channel", "web"),
        ("data.method", "card-x"),
        ("data.queue", "tier 1"),
        ("data.store", "Utrecht 4"),
        ("data.campaign_id", "autumn"),
        ("data.team", "returns"),
        ("context.release", "2026.11.3"),
        ("context.browser", "Chrome 120.0.6099.109"),
        ("context.device", "tablet"),
        ("data.attempts", "3"),
        ("data.express", "true"),
    ],
)
def test_things_are_attributes(field: str, value: str) -> None:
    """What the company runs: queues, stores, methods, releases."""
    assert not is_personal(field, value)


def test_the_kinds_of_identifiers_are_personal() -> None:
    """A field that is called as an identifier is one, save a device, which may be a kind of device."""
    assert {kind for kind in RANK if not is_personal(f"data.{kind}", "x")} <= {"device", "terminal"}
