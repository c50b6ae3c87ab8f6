"""Which id of PostHog's events is an account, which a device, and which nobody."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.connect.posthog_requests import (
    OLD_BROWSER,
    OTHER_UUID7,
    UUID4,
    UUID7,
    accepted,
    event,
    identifiers,
    stored,
)
from touchline.collector.dialects.posthog.people import person_of


def test_a_server_sends_accounts() -> None:
    """Whatever a server's id looks like, random or not, it is an account."""
    assert identifiers() == ["account:u-17"]
    assert identifiers("a", UUID4) == [f"account:{UUID4}"]
    assert identifiers("a", 17) == ["account:17"]


def test_a_browser_sends_devices_until_it_identifies() -> None:
    """The library says whether it knows the customer; the device goes with both."""
    web = {"$lib": "web", "$device_id": UUID7}
    assert identifiers("a", UUID7, **{**web, "$is_identified": False}) == [f"device:{UUID7}"]
    assert identifiers("a", "u-17", **{**web, "$is_identified": True}) == [
        "account:u-17",
        f"device:{UUID7}",
    ]
    assert identifiers("a", UUID4, **{**web, "$is_identified": True}) == [
        f"account:{UUID4}",
        f"device:{UUID7}",
    ]


@pytest.mark.parametrize(
    ("distinct_id", "properties", "kind"),
    [
        (UUID7, {}, "device"),
        (OLD_BROWSER, {}, "device"),
        ("u-17", {}, "account"),
        (UUID4, {"$user_id": UUID4}, "account"),
        ("till-3", {"$device_id": "till-3"}, "device"),
    ],
)
def test_old_browsers_are_known_by_their_ids(distinct_id: str, properties: dict[str, Any], kind: str) -> None:
    """Libraries that do not say whether they know the customer: by `$user_id`, `$device_id`, the form."""
    assert identifiers("a", distinct_id, **{"$lib": "web", **properties}) == [f"{kind}:{distinct_id}"]


def test_identifying_links_the_device_with_the_account() -> None:
    """So do e-mail addresses and phone numbers that the event sets; they are not kept a second time."""
    body = event(
        "$identify",
        **{"$lib": "web", "$is_identified": True, "$device_id": UUID7, "$anon_distinct_id": OTHER_UUID7},
    )
    body |= {
        "$set": {"email": "Jo@Shop.example", "plan": "pro"},
        "$set_once": {"phone": "+49 30 1234567"},
    }
    [line] = stored({"batch": [body]})
    assert line["type"] == "identity.linked"
    assert line["identifiers"] == [
        "account:u-17",
        "email:jo@shop.example",
        "phone:+49301234567",
        f"device:{UUID7}",
        f"device:{OTHER_UUID7}",
    ]
    assert line["data"] == {"$set": {"plan": "pro"}}
    assert "Jo@Shop" not in json.dumps(line)


def test_every_address_that_identifies_is_an_identifier() -> None:
    """None of them is kept in the data; what cannot be an identifier is."""
    body = event("$set", **{"$set": {"email": "a@shop.example", "$email": "none", "phone": 17}})
    body["$set_once"] = {"email": "b@shop.example", "first": 1}
    [line] = stored(body)
    assert line["identifiers"] == ["account:u-17", "email:a@shop.example", "email:b@shop.example"]
    assert line["data"] == {"$set": {"$email": "none", "phone": 17}, "$set_once": {"first": 1}}


def test_traits_may_stand_in_two_places() -> None:
    """Beside the properties and among them: both count."""
    body = event("$set", **{"$set": {"email": "a@shop.example"}}) | {
        "$set": {"phone": "+49 30 1234567", "n": 1}
    }
    [line] = stored(body)
    assert line["identifiers"] == ["account:u-17", "email:a@shop.example", "phone:+49301234567"]
    assert line["data"] == {"$set": {"n": 1}}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("u-17", UUID7, ["account:u-17", f"device:{UUID7}"]),
        ("u-17", OLD_BROWSER, ["account:u-17", f"device:{OLD_BROWSER}"]),
        ("u-17", UUID4, ["account:u-17", f"device:{UUID4}"]),
        (UUID4, UUID7, [f"account:{UUID4}", f"device:{UUID7}"]),
        (UUID7, OTHER_UUID7, [f"device:{UUID7}", f"device:{OTHER_UUID7}"]),
        ("u-17", "acme-3", ["account:acme-3", "account:u-17"]),
    ],
)
def test_an_alias_links_alike_in_both_orders(one: str, other: str, expected: list[str]) -> None:
    """Python names the anonymous id first, Node the account: the link is the same."""
    assert sorted(identifiers("$create_alias", one, alias=other)) == sorted(expected)
    assert sorted(identifiers("$create_alias", other, alias=one)) == sorted(expected)


def test_two_accounts_are_no_reason_to_take_a_device_for_a_shared_one() -> None:
    """An alias of two accounts carries no other identifier: the device would link nobody any more."""
    web = {"$lib": "web", "$is_identified": True, "$device_id": UUID7}
    assert identifiers("$create_alias", "u-17", alias="acme-3", **web) == [
        "account:acme-3",
        "account:u-17",
    ]
    assert identifiers("$create_alias", UUID4, alias=OTHER_UUID7, **web) == [
        f"account:{UUID4}",
        f"device:{UUID7}",
        f"device:{OTHER_UUID7}",
    ]


@pytest.mark.parametrize("distinct_id", [UUID4, UUID7, "$company_acme"])
def test_the_id_of_a_group_links_nobody(distinct_id: str) -> None:
    """Servers name groups by a random id, or by one made of the group's type and key."""
    group = {"$group_type": "company", "$group_key": "acme", "$group_set": {"name": "Acme"}}
    [line] = stored({"batch": [event("$groupidentify", distinct_id, **group)]})
    assert line["identifiers"] == [f"session:{line['id']}"]
    assert identifiers("$groupidentify", "u-17", **group) == ["account:u-17"]


@pytest.mark.parametrize(
    "distinct_id", ["anonymous", "distinct_id", "$posthog_cookieless", "None", True, {"a": 1}]
)
def test_an_event_of_nobody_is_stored(distinct_id: object) -> None:
    """It gets an identifier that links nobody: of its session, else of its own."""
    if not isinstance(distinct_id, str):
        assert [result.reason for result in accepted({"batch": [event("a", distinct_id)]}).results] == [
            "no_identifier"
        ]
        return
    [line] = stored({"batch": [event("a", distinct_id)]})
    assert line["identifiers"] == [f"session:{line['id']}"]
    assert identifiers("a", distinct_id, **{"$session_id": "s-1"}) == ["session:s-1"]


def test_a_random_id_without_a_person_is_of_nobody() -> None:
    """Servers make a new id for each event that names no customer."""
    [line] = stored({"batch": [event("a", UUID7, **{"$process_person_profile": False})]})
    assert line["identifiers"] == [f"session:{line['id']}"]
    assert identifiers("a", "u-17", **{"$process_person_profile": False}) == ["account:u-17"]


def test_long_ids_are_cut_as_posthog_cuts_them() -> None:
    """An id has at most 200 characters."""
    assert identifiers("a", "x" * 900) == [f"account:{'x' * 200}"]


@given(
    st.sampled_from(["$identify", "$create_alias", "$groupidentify", "a"]),
    st.text() | st.sampled_from([UUID4, UUID7]),
    st.dictionaries(
        st.sampled_from(["distinct_id", "alias", "$device_id", "$anon_distinct_id", "$is_identified"]),
        st.sampled_from([UUID4, UUID7, "u-17", "", True, False, None, 3, {}, []]),
    ),
)
def test_a_device_is_never_of_two_accounts(name: str, distinct_id: str, properties: dict[str, Any]) -> None:
    """No event names two accounts and something that would then be shared."""
    found = person_of(name, distinct_id, properties, {}).identifiers
    assert len(found.get("account", [])) <= 1 or found.keys() == {"account"}
    assert all(found.values())
