"""Cases: what staff say about a friction stays with it, counts nowhere else, and goes with its customer."""

from typing import Any

from tests.cases.conftest import Desk
from touchline.cases.case import Case
from touchline.cases.reading import Which, cases_of, find_case, open_cases, steps_of
from touchline.cases.writing import assigned, closed, commented, reopened
from touchline.friction import RuleSet
from touchline.identity import Entry
from touchline.rules import parse_rules

FOREVER = (0, 4_000_000_000_000)
DENIED = 1_790_000_000_000
MINUTE = 60_000

COUNTED = (
    "SELECT * EXCEPT (detected_at, version) FROM current_frictions ORDER BY customer, id",
    "SELECT * EXCEPT version FROM current_journeys ORDER BY customer, id",
)


def _event(event_id: str, type_: str, minute: int, who: dict[str, str], **data: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": type_,
        "time": f"2026-09-21T14:{minute:02}:00.000Z",
        "channel": "web",
        "source": "shop",
        "identifiers": who,
        "data": data,
        "context": {"consent": {"analytics": True}},
    }


HISTORY = [
    _event("o1", "order.placed", 0, {"account": "anna"}, order_id="o-1", value=80.0, currency="EUR"),
    _event("d1", "request.denied", 1, {"account": "anna"}, kind="return"),
    _event("d2", "request.denied", 2, {"device": "d-2"}, kind="return"),
    _event("d3", "request.denied", 3, {"account": "carl", "device": "d-3"}, kind="return"),
]


def _listed(desk: Desk, which: Which, assignee: str = "") -> dict[str, Case]:
    cases, more = open_cases(desk.ask, which, *FOREVER, assignee=assignee)
    assert not more
    return {case.name: case for case in cases}


def test_a_case_is_worked_through_and_nothing_else_changes(desk: Desk) -> None:
    """It is assigned, commented, closed and reopened; journeys and frictions stay as they were."""
    desk.take(HISTORY)
    before = [desk.rows(sql) for sql in COUNTED]
    assert set(_listed(desk, "unassigned")) == {"account:anna", "device:d-2", "account:carl"}
    anna = _listed(desk, "open")["account:anna"]
    assert (anna.rule, anna.value, anna.state) == ("request_denied", {"EUR": 80.0}, "open")

    desk.say(anna.friction, lambda case: assigned(case, "o'kim\\"))
    hostile = "=1+1 <img src=x onerror=alert(1)> \x1b[31m\n\u202e 'quoted' \\ {x:String}"
    desk.say(anna.friction, lambda case: commented(case, hostile), by=hostile[:20])
    assert set(_listed(desk, "mine", "o'kim\\")) == {"account:anna"}
    assert set(_listed(desk, "unassigned")) == {"device:d-2", "account:carl"}
    desk.say(anna.friction, lambda case: closed(case, "known"))
    assert set(_listed(desk, "open")) == {"device:d-2", "account:carl"}
    found = _listed(desk, "closed")["account:anna"]
    assert (found.state, found.verdict, found.closed_by, found.comments) == ("closed", "known", "kim", 1)
    assert [(step.type, step.comment) for step in steps_of(desk.ask, anna.friction)] == [
        ("case.assigned", ""),
        ("case.commented", hostile),
        ("case.closed", ""),
    ]
    desk.say(anna.friction, reopened)
    assert desk.case(anna.friction).state == "assigned"
    desk.say(anna.friction, lambda case: assigned(case, ""))
    assert desk.case(anna.friction).state == "open"

    assert [desk.rows(sql) for sql in COUNTED] == before
    written = "SELECT DISTINCT entity, producer, context FROM events WHERE startsWith(type, 'case.')"
    assert desk.rows(written) == [("account:anna", "desk", '{"consent":{"analytics":true}}')]


def test_a_case_follows_its_friction(desk: Desk) -> None:
    """It stays through merge and split, comes and goes with the friction, and goes with the customer."""
    desk.take(HISTORY)
    device, carl = (_listed(desk, "open")[name].friction for name in ("device:d-2", "account:carl"))
    for friction in (device, carl):
        desk.say(friction, lambda case: assigned(case, "kim"))
    desk.take([_event("m1", "identity.linked", 4, {"account": "bert", "device": "d-2"})])
    assert _listed(desk, "mine", "kim")["account:bert"].friction == device
    desk.say(device, lambda case: commented(case, "of bert now"))
    pair = ("account:bert", "device:d-2")
    desk.decide(Entry(id="s1", at=1, who="op", what="split", identifiers=pair))
    of_device = _listed(desk, "mine", "kim")["device:d-2"]
    assert (of_device.friction, of_device.comments) == (device, 1)
    assert [case.friction for case in cases_of(desk.ask, of_device.customer)] == [device]

    desk.fold(RuleSet(parse_rules("rules: [{id: none, kind: match, when: custom.never}]")))
    assert find_case(desk.ask, device) is None
    assert not _listed(desk, "all")
    desk.fold()
    assert desk.case(device).assignee == "kim"

    gone = ("account:carl", "device:d-3")
    desk.decide(Entry(id="e1", at=2, who="op", what="erase", identifiers=gone, salt="salt"))
    assert find_case(desk.ask, carl) is None
    left = desk.rows("SELECT DISTINCT entity FROM events WHERE startsWith(type, 'case.')")
    assert left == [("device:d-2",)]


def test_a_case_of_frictions_names_the_event_behind_them(desk: Desk) -> None:
    """A friction attached to another one has a case under that one's event; what is no friction has none."""
    denied = [
        _event(f"x{n}", kind, n, {"account": "dora"}, **data)
        for n, (kind, data) in enumerate(
            [
                ("request.denied", {"kind": "return"}),
                ("promise.broken", {"promise_id": "p"}),
                ("contact.escalated", {"contact_id": "c"}),
            ]
        )
    ]
    desk.take(denied)
    [case] = [case for case in open_cases(desk.ask, "all", *FOREVER)[0] if case.rule == "strike_out"]
    assert desk.case(case.friction).entity == "account:dora"
    assert find_case(desk.ask, "7c3f1d1e-5b0a-5e0e-9c55-0f3f5f1a2b11") is None
    assert find_case(desk.ask, "'); DROP TABLE events") is None
