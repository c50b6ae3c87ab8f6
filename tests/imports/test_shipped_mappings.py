"""The shipped mappings, on small rows in the format of their sets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from touchline.imports import load_mapping, read_events

Event = dict[str, Any]
Map = Callable[..., list[Event]]

CALLS = (
    "vru+line,call_id,customer_id,priority,type,date,vru_entry,vru_exit,vru_time,q_start,q_exit,q_time,"
    "outcome,ser_start,ser_exit,ser_time,server\n"
)


def _steps(events: list[Event]) -> list[tuple[str, str]]:
    return [(event["type"], event["time"]) for event in events]


def _data(events: list[Event], name: str) -> Event:
    (found,) = [event["data"] for event in events if event["type"] == name]
    data: Event = found
    return data


def test_an_answered_call(mapped: Map) -> None:
    """A call that waited and was answered goes from the menu through the queue to its end, in order."""
    events = mapped(
        "bank_calls_1999",
        CALLS
        + "AA0101,7,27997683,2,NE,990101,6:55:20,6:55:26,6,6:55:26,6:55:43,17,AGENT,6:55:43,6:56:37,54,A1\n",
    )
    assert _steps(events) == [
        ("contact.started", "1999-01-01T06:55:20+02:00"),
        ("contact.menu_entered", "1999-01-01T06:55:20+02:00"),
        ("contact.queued", "1999-01-01T06:55:26+02:00"),
        ("contact.answered", "1999-01-01T06:55:43+02:00"),
        ("contact.ended", "1999-01-01T06:56:37+02:00"),
    ]
    assert [event["id"] for event in events] == [f"bank_calls_1999:990101:AA0101:7:{n}" for n in range(1, 6)]
    assert {event["identifiers"]["account"] for event in events} == {"27997683"}
    assert _data(events, "contact.answered") == {
        "contact_id": "990101:AA0101:7",
        "reason": "stock exchange",
        "queue": "stock exchange",
        "agent": "A1",
        "wait_seconds": 17,
        "priority": 2,
    }


def test_hanging_up_in_the_queue_and_in_the_menu(mapped: Map) -> None:
    """Who hangs up left in the queue if there was one, a wait of no seconds included, else in the menu.

    The times of a service that no agent gave are left out.
    """
    rows = (
        "AA0101,1,0,0,NW,990104,18:23:45,18:23:54,9,18:23:54,18:23:54,0,HANG,0:00:00,0:00:00,0,NO_SERVER\n"
        "AA0101,2,5,2,PS,990113,16:21:19,16:21:25,6,16:21:25,16:21:58,33,HANG,16:21:58,16:30:30,512,NO_SERVER\n"
        "AA0101,3,5,0,PS,990101,0:34:12,0:34:12,0,0:00:00,0:00:00,0,HANG,0:00:00,0:00:00,0,NO_SERVER\n"
    )
    events = mapped("bank_calls_1999", CALLS + rows)
    left = [event for event in events if event["type"] == "contact.abandoned"]
    assert [(event["time"][11:19], event["data"]["stage"]) for event in left] == [
        ("18:23:54", "queue"),
        ("16:21:58", "queue"),
        ("00:34:12", "menu"),
    ]
    assert [event["data"].get("wait_seconds") for event in left] == [0, 33, None]
    assert events[0]["identifiers"] == {}
    assert not any(event["type"] in ("contact.answered", "contact.ended") for event in events)


def test_calls_over_midnight_and_clocks_that_go_back(mapped: Map) -> None:
    """A call goes on past midnight; a menu's clock set back does not put steps before the call's start."""
    rows = (
        "AA0102,1,8,2,PS,990215,23:59:54,23:59:54,0,0:00:00,0:00:27,27,AGENT,0:00:26,0:01:33,67,A1\n"
        "AA0204,2,8,1,PS,990113,5:45:17,5:44:30,-47,5:44:30,5:49:52,322,AGENT,5:49:51,5:50:13,22,A1\n"
    )
    events = mapped("bank_calls_1999", CALLS + rows)
    assert [time[8:19] for _, time in _steps(events)] == [
        "15T23:59:54",
        "16T00:00:00",
        "16T00:00:26",
        "16T00:01:33",
        "13T05:45:17",
        "13T05:45:17",
        "13T05:49:51",
        "13T05:50:13",
    ]


def test_phantom_calls_give_nothing_and_unknown_outcomes_are_bad(write: Any) -> None:
    """A PHANTOM row is left out; an outcome that the set does not have is a bad row."""
    row = "AA0101,1,0,0,PS,990101,7:00:00,7:00:05,5,0:00:00,0:00:00,0,{},0:00:00,0:00:00,0,NO_SERVER\n"
    file = write("calls.csv", CALLS + row.format("PHANTOM") + row.format("LOST"))
    phantom, lost = read_events(file, load_mapping("bank_calls_1999"))
    assert phantom.events == ()
    assert phantom.bad is None
    assert lost.bad is not None
    assert "'LOST'" in lost.bad.what


INCIDENT = (
    "number,incident_state,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,opened_at,"
    "sys_updated_at,contact_type,category,priority,assignment_group,assigned_to\n"
)


def _incident(*changes: str, caller: str = "2403", how: str = "Phone") -> str:
    rows = ""
    for number, change in enumerate(changes):
        state, transfers, reopened, sla, time = change.split(",")
        opened = "29/2/2016 01:16"
        rows += (
            f"0045,{state},{transfers},{reopened},{number},{sla},{caller},{opened},{time},{how},55,3,56,?\n"
        )
    return rows


def test_an_incident_is_read_off_its_changes(mapped: Map) -> None:
    """Transfers, holds, the end and a missed service level are events once, when the log first shows them."""
    events = mapped(
        "incident_log",
        INCIDENT
        + _incident(
            "New,0,0,true,29/2/2016 01:23",
            "Active,1,0,true,29/2/2016 02:16",
            "Active,1,0,true,29/2/2016 02:20",
            "Active,2,0,true,29/2/2016 03:00",
            "Awaiting User Info,2,0,true,1/3/2016 03:00",
            "Awaiting Vendor,2,0,true,1/3/2016 04:00",
            "Active,2,0,true,1/3/2016 05:00",
            "Resolved,2,0,true,2/3/2016 05:00",
            "Resolved,2,0,true,2/3/2016 06:00",
            "Active,2,1,true,3/3/2016 06:00",
            "Resolved,2,1,true,4/3/2016 06:00",
            "Closed,2,1,false,9/3/2016 06:00",
        ),
    )
    assert [(event["type"], event["time"][5:16]) for event in events] == [
        ("contact.started", "02-29T01:16"),
        ("contact.transferred", "02-29T02:16"),
        ("contact.answered", "02-29T02:16"),
        ("contact.transferred", "02-29T03:00"),
        ("contact.held", "03-01T03:00"),
        ("contact.resumed", "03-01T05:00"),
        ("contact.ended", "03-02T05:00"),
        ("contact.resumed", "03-03T06:00"),
        ("contact.ended", "03-04T06:00"),
        ("promise.broken", "03-09T06:00"),
    ]
    assert _data(events, "contact.answered")["wait_seconds"] == 3600
    assert _data(events, "contact.held")["held_for"] == "user info"
    assert [e["data"]["transfers"] for e in events if e["type"] == "contact.transferred"] == [1, 2]
    assert [e["data"].get("reopened") for e in events if e["type"] == "contact.resumed"] == [None, 1]
    assert events[0]["data"] == {
        "contact_id": "0045",
        "reason": "category 55",
        "queue": "group 56",
        "priority": "3",
    }


@pytest.mark.parametrize(
    ("how", "channel"),
    [
        ("Phone", "phone"),
        ("IVR", "phone"),
        ("Email", "email"),
        ("Self service", "web"),
        ("Direct opening", "field"),
    ],
)
def test_the_channel_and_the_caller_of_an_incident(mapped: Map, how: str, channel: str) -> None:
    """The way in is the channel; an unknown caller is a customer of this one incident."""
    row = _incident("New,0,0,true,29/2/2016 01:23", caller="?", how=how)
    (event,) = mapped("incident_log", INCIDENT + row)
    assert event["channel"] == channel
    assert event["identifiers"] == {"incident": "0045"}


def test_complete_journey_files(mapped: Map, write: Any) -> None:
    """A mailing is at its campaign's start, a redemption on its day, a basket at the till."""
    write(
        "campaign_descriptions.csv", "campaign_id,campaign_type,start_date,end_date\n1,Type B,2017-03-03,x\n"
    )
    (mailing,) = mapped("completejourney", "campaign_id,household_id\n1,105\n", "campaigns.csv")
    assert (mailing["type"], mailing["time"], mailing["channel"], mailing["identifiers"]) == (
        "campaign.delivered",
        "2017-03-03T12:00:00-05:00",
        "mail",
        {"loyalty": "105"},
    )
    (coupon,) = mapped(
        "completejourney",
        "household_id,coupon_upc,campaign_id,redemption_date\n105,5138,1,2017-07-01\n",
        "coupon_redemptions.csv",
    )
    assert coupon["time"] == "2017-07-01T12:00:00-04:00"
    assert coupon["data"] == {"coupon_id": "5138", "campaign_id": "1"}


def test_a_basket_is_the_same_by_its_lines_and_as_a_whole(mapped: Map) -> None:
    """The lines of a basket, together, give the same events as the basket's one row."""
    whole = mapped(
        "completejourney",
        "basket_id,household_id,store_id,timestamp,lines,units,sales_value,retail_disc,coupon_disc\n"
        "31,900,330,2017-01-01 11:53:26,2,3,1.49,0.1,0.0\n",
        "store_visits.csv",
    )
    lines = mapped(
        "completejourney",
        "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,transaction_timestamp\n"
        "900,330,31,1,1,0.5,0.0,0.0,2017-01-01 11:53:26\n"
        "900,330,31,2,2,0.99,0.1,0.0,2017-01-01 11:53:26\n",
        "transactions.csv",
    )
    assert whole == lines
    assert _steps(whole) == [
        ("visit.started", "2017-01-01T11:53:26+00:00"),
        ("order.placed", "2017-01-01T11:53:26+00:00"),
    ]
    assert _data(whole, "order.placed")["value"] == 1.49


def test_steps_of_a_loan_application(mapped: Map) -> None:
    """What the applicant meets becomes events; the bank's desk work does not."""
    steps = [
        "A_SUBMITTED,COMPLETE",
        "W_Completeren aanvraag,START",
        "O_SENT,COMPLETE",
        "W_Nabellen offertes,START",
        "W_Nabellen offertes,COMPLETE",
        "A_DECLINED,COMPLETE",
    ]
    rows = "".join(
        f"173,2011-10-01T00:38:44+02:00,20000,{step},2011-10-0{n}T10:00:00.5+02:00,112\n"
        for n, step in enumerate(steps, 1)
    )
    events = mapped(
        "bpi2012", "application_id,reg_date,amount_req,activity,lifecycle,timestamp,resource\n" + rows
    )
    assert [event["type"] for event in events] == [
        "form.submitted",
        "followup.scheduled",
        "contact.started",
        "contact.ended",
        "followup.completed",
        "request.denied",
    ]
    assert {event["identifiers"]["application"] for event in events} == {"173"}
    assert _data(events, "contact.started") == {
        "contact_id": "173 W_Nabellen offertes",
        "reason": "offer",
        "agent": "112",
        "direction": "outbound",
    }


TWEETS = "session,company,datetime,role,author,conversation_duration,message_count,text\n"


def test_answers_belong_to_the_author_of_what_they_answer(mapped: Map) -> None:
    """A conversation is posts and their answers; the last answer is at the end of the duration."""
    rows = (
        'S1,Care,2020-03-20T18:00:00.000Z,client,u_1,02:30:00.0,4,"Help,\nplease"\n'
        "S1,Care,2020-03-20T18:10:00.000Z,agent,Care,02:30:00.0,4,Which?\n"
        "S1,Care,2020-03-20T20:00:00.000Z,client,u_1,02:30:00.0,4,PS4\n"
    )
    events = mapped("ibm_care_tweets", TWEETS + rows)
    assert [(event["type"], event["time"][11:16], event["data"]["mention_id"]) for event in events] == [
        ("mention.posted", "18:00", "S1:01"),
        ("mention.answered", "18:10", "S1:01"),
        ("mention.posted", "20:00", "S1:03"),
        ("mention.answered", "20:30", "S1:03"),
    ]
    assert {event["identifiers"]["social"] for event in events} == {"u_1"}


@pytest.mark.parametrize(
    ("duration", "answered"),
    [
        ("01:00:00.0", "2020-03-01T19:00"),
        ("-01:00:00.", "2020-03-02T19:00"),
        ("6-00:30:00", "2020-03-07T18:30"),
    ],
)
def test_durations_that_lost_their_days(mapped: Map, duration: str, answered: str) -> None:
    """Where the digits of the days are lost, the answer is at the earliest time that fits, and says so."""
    row = f"S1,Care,2020-03-01T18:00:00.000Z,client,u_1,{duration},2,Help\n"
    _, last = mapped("ibm_care_tweets", TWEETS + row)
    assert last["time"][:16] == answered
    assert last["data"].get("at_earliest", False) is ("-" in duration)


def test_mapping_twice_gives_the_same_events(write: Any) -> None:
    """The same rows give the same events with the same ids, whatever the file is called."""
    rows = CALLS + "".join(
        f"AA0101,{n},{n % 3},0,PS,990101,7:00:{n:02},7:00:59,5,7:01:00,7:02:00,60,HANG,0:00:00,0:00:00,0,X\n"
        for n in range(40)
    )
    one: Path = write("one.csv", rows)
    two: Path = write("two.csv.gz", rows)
    mapping = load_mapping("bank_calls_1999")
    assert [i.events for i in read_events(one, mapping)] == [i.events for i in read_events(two, mapping)]
