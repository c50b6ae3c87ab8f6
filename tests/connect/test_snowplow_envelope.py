"""Customers, times, ids and channels of Snowplow's events."""

import json

import pytest

from tests.connect.snowplow_payloads import (
    NOW,
    OWN,
    PAGE,
    SHOP,
    Json,
    action,
    entities,
    native,
    own_event,
    stored,
)

ORDER = ("transaction", {"transaction_id": "o-1", "revenue": 80.5, "currency": "EUR"})

CUSTOMERS: list[tuple[Json, list[str]]] = [
    ({}, ["device:d-1"]),
    ({"uid": "u-1"}, ["account:u-1", "device:d-1"]),
    ({"uid": "u-1", "tnuid": "n-1"}, ["account:u-1", "device:d-1", "device:n-1"]),
    (
        {"uid": "u-1"} | entities((SHOP, "user", {"id": "u-1", "email": "A@b.example"})),
        ["account:u-1", "email:a@b.example", "device:d-1"],
    ),
    ({"uid": "u-1"} | entities((SHOP, "user", {"id": "u-2"})), ["account:u-1", "device:d-1", "user:u-2"]),
    (entities((SHOP, "user", {"id": "u-2"})), ["account:u-2", "device:d-1"]),
    (entities((SHOP, "user", {"id": "g-2", "is_guest": True})), ["device:d-1", "guest:g-2"]),
    (
        {"duid": None} | entities((OWN, "client_session", {"userId": "phone-1", "sessionId": "s-2"})),
        ["device:phone-1"],
    ),
    ({"duid": None, "uid": "null"}, ["session:s-1"]),
    ({"uid": "u" * 300}, ["device:d-1"]),
]


@pytest.mark.parametrize(("fields", "identifiers"), CUSTOMERS)
def test_each_event_names_its_customer(fields: Json, identifiers: list[str]) -> None:
    """By user, guest, e-mail and devices; by its session if it names nobody."""
    assert stored({"e": "pv", "url": PAGE} | fields)["identifiers"] == identifiers


def test_nothing_of_a_user_is_stored_twice() -> None:
    """An e-mail address and ids are identifiers, never data: rules for identifiers would miss them there."""
    user = {"id": "u-17", "email": "ann@shop.example", "is_guest": False, "segment": "gold"}
    event = stored(action("transaction", ORDER, ("user", user)))
    assert event["context"]["user"] == {"is_guest": False, "segment": "gold"}
    rest = json.dumps([event["data"], event["context"]])
    assert "ann@" not in rest
    assert "u-17" not in rest


TIMES: list[tuple[Json, int, int]] = [
    ({}, NOW, NOW),
    # A slow clock: an hour behind at sending.
    ({"dtm": str(NOW - 3_610_000), "stm": str(NOW - 3_600_000)}, NOW, NOW - 10_000),
    # Whole seconds of sending, cut off, before the event itself.
    ({"dtm": str(NOW + 900), "stm": str(NOW)}, NOW + 950, NOW + 900),
    ({"dtm": str(NOW + 900), "stm": str(NOW)}, NOW + 10_900, NOW + 10_900),
    # The true time is not corrected.
    ({"ttm": str(NOW - 86_400_000), "stm": str(NOW - 3_600_000)}, NOW, NOW - 86_400_000),
    ({"dtm": None, "ttm": str(NOW - 5)}, NOW, NOW - 5),
    ({"dtm": None}, NOW + 9_000, NOW + 9_000),
    ({"dtm": "", "stm": ""}, NOW, NOW),
]


@pytest.mark.parametrize(("fields", "at", "time"), TIMES)
def test_each_event_has_its_time(fields: Json, at: int, time: int) -> None:
    """The true time; else the device's time without the error of its clock; else that of receipt."""
    assert stored({"e": "pv", "url": PAGE} | fields, at)["time"] == time


def test_an_event_that_is_sent_again_has_the_same_id() -> None:
    """Also without an id, or with one that is too long; only the time of sending differs."""
    long = "e" * 65
    for fields, same in (
        ({"eid": "e-9"}, "e-9"),
        ({"eid": long}, native({"e": "pv", "eid": long})["id"]),
        ({"eid": None}, native({"e": "pv", "eid": None})["id"]),
        ({"eid": "null"}, native({"e": "pv", "eid": "null"})["id"]),
    ):
        again = native({"e": "pv", "stm": str(NOW + 60_000)} | fields, at=NOW + 60_000)
        assert again["id"] == same
        assert len(again["id"]) <= 64
    other = native({"e": "pv", "eid": None, "url": PAGE})["id"]
    assert other != native({"e": "pv", "eid": None})["id"]


CHANNELS = [
    ({"p": "web"}, "web"),
    ({"p": "mob"}, "app"),
    ({"p": "tv"}, "app"),
    ({"p": "pc"}, "web"),
    ({"p": None}, "web"),
    ({"p": "srv"} | own_event(OWN, "screen_view", {"name": "A"}), "app"),
    ({"p": "web"} | own_event(OWN, "screen_view", {"name": "A"}), "web"),
]


@pytest.mark.parametrize(("fields", "channel"), CHANNELS)
def test_each_event_has_its_channel(fields: Json, channel: str) -> None:
    """By platform; servers and desktops say nothing about it, so a screen decides."""
    assert native({"e": "pv"} | fields)["channel"] == channel


def test_the_source_is_the_app() -> None:
    """Without one, the name of the key."""
    assert native({"e": "pv", "aid": "app-1"})["source"] == "app-1"
    assert native({"e": "pv"})["source"] == "shop"
