"""Alerts as the page loads them, and what readers do about them."""

from typing import Any
from uuid import uuid5

import pytest

from tests.live import rows as make
from tests.live.boards import NOW, RULES
from touchline.alerts.life.acts import NotAnAct
from touchline.live.alerts import loading as alerts
from touchline.live.alerts.acting import ACTS, ActRequest, act_fields
from touchline.live.alerts.loading import Evidence, find_incident, find_mutes
from touchline.live.desk.desk import Desk
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR


def test_alerts_are_listed_by_severity_with_their_evidence(store: Store) -> None:
    """Open alerts come first, by severity, with customers; retracted alerts are left out."""
    make.known(store, **{"email_a@mail.example": "account:a", "account_a": "account:a"})
    journey = make.journey("account:a", NOW - 3 * HOUR, NOW - 2 * HOUR)
    make.put(store, "journeys", [journey], "j")
    forgotten = make.journey("account:gone", NOW - 3 * HOUR, NOW - 2 * HOUR)
    shown = [str(one["id"]) for one in (journey, forgotten)]
    rows = [
        make.alert("More friction than usual", NOW - HOUR, labels=["rule=queue", "channel="]),
        make.alert("Payments fail", NOW - 2 * HOUR, severity="critical", evidence=shown),
        make.alert("Orders fail", NOW - DAY, severity="critical", status="resolved", resolved_at=NOW - HOUR),
        make.alert("Never was", NOW, status="retracted"),
    ]
    make.put(store, "alerts", rows, "a")
    make.put(store, "alerts", rows[:1], "again")
    found = alerts.load(store, RULES, "UTC", NOW)
    assert [alert.title for alert in found.open] == ["Payments fail", "More friction than usual"]
    assert [(alert.title, alert.resolved_at) for alert in found.resolved] == [("Orders fail", NOW - HOUR)]
    assert found.open[1].place == "Abandoned in queue · channel (none)"
    first = found.open[0]
    assert (first.place, first.usual, first.customers, first.count) == ("source webshop", "usually 2", 31, 40)
    assert first.evidence == [Evidence(str(make.of("account:a")), "account a")]


async def test_a_reader_acts_on_an_incident_and_sees_what_is_held(store: Store) -> None:
    """Acts are written by the desk with the reader's name; the page shows them, and the ledger."""
    row = make.alert("Payments fail", NOW - 2 * HOUR)
    make.put(store, "alerts", [row, make.alert("Never was", NOW, status="retracted")], "a")
    held = {"alert": row["id"], "fingerprint": row["fingerprint"], "rule": row["rule"], "title": row["title"]}
    entry = {"id": row["id"], "labels": row["labels"], "reason": "window", "name": "release", "channels": []}
    times = {"began_at": NOW - HOUR, "ended_at": None, "count": 9, "customers": 7, "deleted": 0, "version": 1}
    make.put(store, "held_alerts", [held | entry | times], "h")
    desk = Desk(store, lambda: NOW)

    incident = find_incident(store, str(row["id"]))
    assert incident is not None

    async def act(what: Any, hours: int = 2, **fields: Any) -> None:
        request = ActRequest(ticket=1, author="", id=str(row["id"]), what=what, hours=hours, **fields)
        await desk.put(ACTS, "", act_fields(incident, request, NOW), "Kim <b>")

    acts: dict[str, dict[str, Any]] = {
        "acknowledge": {},
        "snooze": {"hours": 0, "times": 3.0},
        "noise": {},
        "mute": {"hours": 0},
        "expect": {"change": "release-481 <b>"},
    }
    for what, fields in acts.items():
        await act(what, **fields)
    with pytest.raises(NotAnAct, match="a snooze needs an end"):
        await act("snooze", 0)
    with pytest.raises(NotAnAct, match="no change is named"):
        await act("expect", change=" ")
    found = alerts.load(store, RULES, "UTC", NOW)
    (alert,) = found.open
    assert (alert.acknowledged, alert.snoozed, alert.muted, alert.verdict) == (True, True, True, "noise")
    said = [line.partition(" by ")[0] for line in alert.story[:2]]
    assert said == ["Acknowledged", "Snoozed until 3 times the customers"]
    assert alert.story[3].startswith("The change release-481 <b> should end it, says Kim <b> at ")
    assert [one.labels for one in find_mutes(store, incident, NOW)] == [("source=webshop",)]
    assert alert.held_by == "window release"
    assert alert.precision == "0 real, 0 known, 1 noise: fewer than 5 verdicts"
    assert alert.story[0].startswith("Acknowledged by Kim <b> at ")
    assert [(one.held_by, one.customers, one.ended_at) for one in found.held] == [("window release", 7, None)]
    assert find_incident(store, str(uuid5(make.SPACE, "alert:Never was"))) is None
    assert find_incident(store, "") is None
    await desk.close()
