"""What holds notifications: windows, mutes, snoozes, other incidents; and the ledger of it."""

import pytest
from msgspec.structs import replace

from tests.alerts.lives import ELEVEN, INHIBIT, WINDOWS, T, acted, file_of, following, over, situation, told
from touchline.alerts import AlertsError
from touchline.alerts.life.acts import (
    mute,
    snooze,
)
from touchline.alerts.life.holds import Hold, free_at
from touchline.alerts.life.ledger import held
from touchline.alerts.life.notice import life_notice
from touchline.alerts.life.outgrown import ends_of_outgrown
from touchline.alerts.life.situation import Terms
from touchline.alerts.policy import (
    Notification,
    after_delivery,
    first_row,
)
from touchline.tables import AlertRow
from touchline.vocabulary.durations import DAY, HOUR, MINUTE
from touchline.vocabulary.ids import derived_id


def test_a_hold_ends_at_the_first_time_that_no_hold_covers() -> None:
    """Overlapping and adjacent holds are one; a hold without an end has none."""
    holds = [Hold("window", "b", 50, 80), Hold("window", "a", 0, 60), Hold("mute", "c", 80, 90)]
    assert [free_at(at, holds) for at in (-1, 0, 55, 80, 90)] == [-1, 90, 90, 90, 90]
    assert free_at(85, [*holds, Hold("mute", "d", 70, None)]) is None


def test_a_snooze_holds_everything_but_the_end(row: AlertRow) -> None:
    """Updates wait until the snooze ends, and an incident that ends earlier is still resolved."""
    act = acted(snooze(row, T + MINUTE, T + 2 * HOUR), T + MINUTE)
    what = situation(act, alerts=[row])
    box = after_delivery(told(row), row, "firing", T + 61_000, terms=Terms(T, acted_at=T + MINUTE))
    assert following(replace(row, version=2), box, what) == Notification("firing", T + 2 * HOUR)
    assert following(over(row, T + HOUR), box, what) == Notification("resolved", 0)


def test_a_snooze_ends_when_the_incident_is_worse(row: AlertRow) -> None:
    """At so many times the customers, an act ends the snooze; whoever finds it writes the same act."""
    act = acted(snooze(row, T + MINUTE, None, times=3.0), T + MINUTE)
    bad = replace(row, customers=3 * row.customers - 1)
    assert ends_of_outgrown(situation(act, alerts=[bad])) == []
    worse = replace(row, customers=3 * row.customers, version=2)
    (end,) = ends_of_outgrown(situation(act, alerts=[worse]))
    assert [end] == ends_of_outgrown(situation(act, alerts=[worse]))
    after = situation(act, end, alerts=[worse])
    assert ends_of_outgrown(after) == []
    assert after.holds(worse) == (Hold("snooze", "Kim", T + MINUTE, T + HOUR),)
    box = after_delivery(told(row), row, "firing", T + 61_000, terms=Terms(T, acted_at=T + MINUTE))
    assert following(worse, box, after) == Notification("firing", 0)


def test_an_incident_that_ends_while_it_is_muted_is_never_notified(row: AlertRow) -> None:
    """A mute of the rule holds the first notification; after the mute, an incident that fires is notified."""
    act = acted(mute(row.rule, ["source=webshop"], T - MINUTE, T + HOUR), T - MINUTE)
    other = acted(mute(row.rule, ["source=app"], T - MINUTE, None), T - MINUTE)
    what = situation(act, other, alerts=[row])
    waiting = first_row(row, None, "chat")
    assert waiting is not None
    assert following(row, waiting, what) == Notification("firing", T + HOUR)
    assert following(over(row, T + HOUR - 1), waiting, what) is None
    assert following(over(row, T + HOUR), waiting, what) == Notification("firing", 0)
    notice = life_notice(row, what.life(row), what.terms(row, "chat", 0), waiting, "UTC", T + HOUR)
    assert notice.story == ("Held until 2026-11-18 12:06 UTC: muted by Kim",)


def test_windows_hold_once_and_by_calendar(row: AlertRow) -> None:
    """A window holds what matches it: at one time, in a calendar's hours, or outside them."""
    file = file_of(WINDOWS)
    what = situation(alerts=[row], file=file)
    release, closed = [hold for hold in what.holds(row) if hold.begin > T - HOUR]
    assert release == Hold("window", "release", ELEVEN, ELEVEN + HOUR)
    # The office closes at 16:00 UTC, and the next day is a holiday.
    assert closed == Hold("window", "quiet", ELEVEN + 5 * HOUR, T + HOUR + DAY, ("chat",))
    assert what.terms(row, "chat", 0).first_at == ELEVEN + HOUR
    night = replace(row, opened_at=ELEVEN + 7 * HOUR)
    asleep = situation(alerts=[night], file=file, now=night.opened_at + 3 * DAY)
    assert asleep.terms(night, "chat", 0).first_at == ELEVEN + 2 * DAY - 3 * HOUR
    assert asleep.terms(night, "boss", 0).first_at == night.opened_at
    app = replace(row, labels=("source=app",), severity="info", rule="orders_fail")
    assert situation(alerts=[app], file=file).terms(app, "boss", 0).first_at == ELEVEN + 5 * HOUR


def test_outside_hours_that_never_end_nothing_is_held(row: AlertRow) -> None:
    """Where a calendar is open day and night, midnight is no hold: no delay is said that there was not."""
    file = file_of(
        "calendars: {always: {zone: UTC, hours: {mon-sun: '00:00-24:00'}}}\n"
        "windows: [{name: quiet, outside: always}]"
    )
    what = situation(alerts=[row], file=file, now=T + 3 * DAY)
    assert [hold for hold in what.holds(row) if hold.begin > T - DAY] == []


def test_a_rule_inhibits_another_where_labels_are_equal(row: AlertRow) -> None:
    """While the cause fires, its consequence is held; elsewhere and afterwards it is notified."""
    file = file_of(INHIBIT)
    orders = replace(row, id=derived_id("o"), fingerprint=derived_id("of"), rule="orders_fail")
    what = situation(alerts=[row, orders], file=file)
    assert what.terms(orders, "chat", 0).first_at is None
    assert what.terms(row, "chat", 0).first_at == T
    ended = situation(alerts=[over(row, T + MINUTE), orders], file=file)
    assert ended.terms(orders, "chat", 0).first_at == T + MINUTE
    for kept in (replace(row, labels=("source=app",)), replace(row, status="retracted")):
        assert situation(alerts=[kept, orders], file=file).terms(orders, "chat", 0).first_at == T


def test_the_third_incident_within_an_hour_waits(row: AlertRow) -> None:
    """An incident that comes and goes is notified once it has lasted `pause`."""
    alerts = [
        over(replace(row, id=derived_id(str(at)), opened_at=at), at + 1)
        for at in (T - 20 * MINUTE, T - 10 * MINUTE)
    ]
    assert situation(alerts=[alerts[1], row]).terms(row, "chat", 0).first_at == T
    assert situation(alerts=[*alerts, row]).terms(row, "chat", 0).first_at == T + 10 * MINUTE
    long_ago = replace(alerts[0], id=derived_id("long ago"), opened_at=T - HOUR)
    assert situation(alerts=[long_ago, alerts[1], row]).terms(row, "chat", 0).first_at == T


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("windows: [{name: a}]", "window 1: write from and to, or the name of a calendar"),
        ("windows: [{name: a, from: 2026-11-18T10:00:00Z}]", "window 1: write from and to"),
        ("windows: [{name: a, from: 2026-11-18, to: 2026-11-19}]", "write a time with its zone"),
        ("windows: [{name: a, during: offise}]\ncalendars: {office: {zone: UTC, hours: {mon: 09:00-10:00}}}",
         "there is no 'offise' among the calendars (did you mean 'office'?)"),
        ("windows: [{name: a, untill: x}]", "window 1.untill: unknown key"),
        ("inhibit: [{when: orders_fail, mute: orders_fail}]", "'orders_fail' cannot mute itself"),
        ("inhibit: [{when: payment_outage, mute: orders_fail}, {when: orders_fail, mute: strike_outs},"
         " {when: strike_outs, mute: payment_outage}]", "'orders_fail' mutes rules that mute it"),
        ("inhibit: [{when: payment_outage, mute: order_fail}]", "no 'order_fail' among the rules"),
        ("inhibit: [{when: payment_outage, mute: strike_outs, equal: source}]", "no label 'source'"),
        ("routes: [{channels: chat, escalate: {after: 30m, channels: chief}}]", "no 'chief'"),
        ("calendars: {office: {zone: Berlin, hours: {mon: 09:00-10:00}}}", "office.zone: 'Berlin'"),
    ],
)  # fmt: skip
def test_faults_of_the_file_have_a_place(text: str, why: str) -> None:
    """A window, an inhibition or an escalation that cannot be used is named with what to write instead."""
    with pytest.raises(AlertsError) as caught:
        file_of(text)
    assert why in str(caught.value)


def test_the_ledger_says_what_was_held_and_until_when(row: AlertRow) -> None:
    """An entry begins with the incident or the hold, and ends with the first of them that ends."""
    file = file_of(WINDOWS)
    acts = [acted(mute(row.rule, [], T - HOUR, T - MINUTE), T - HOUR), acted(snooze(row, T, T + 9), T)]
    firing = {one.hold.name: one for one in held(situation(*acts, alerts=[row], file=file, now=T + MINUTE))}
    assert {(name, one.began_at, one.ended_at) for name, one in firing.items()} == {
        ("release", T, None),
        ("Kim", T, T + 9),
    }
    ended = over(row, T + 5)
    (later, snoozed) = held(situation(*acts, alerts=[ended], file=file, now=T + DAY))
    assert {(one.began_at, one.ended_at) for one in (later, snoozed)} == {(T, T + 5)}
    assert later.id == firing["release"].id
    assert list(held(situation(alerts=[replace(row, status="retracted")], file=file))) == []
