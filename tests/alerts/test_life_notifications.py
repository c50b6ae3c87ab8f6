"""What a channel is notified of because of what people do, or because nobody does."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.alerts.lives import INHIBIT, PACE, WINDOWS, T, acted, file_of, following, over, situation, told
from touchline.alerts.life.acts import (
    acknowledgement,
    expectation,
    mute,
    snooze,
)
from touchline.alerts.life.followup import FollowUp, expected_changes
from touchline.alerts.life.holds import Hold, free_at
from touchline.alerts.life.notice import life_notice
from touchline.alerts.life.situation import Situation, Terms
from touchline.alerts.policy import (
    Notification,
    after_delivery,
    after_failure,
    cadence,
    first_row,
    followed,
    next_notification,
)
from touchline.config.alerts_files import load_alerts
from touchline.tables import AlertActRow, AlertRow, OutboxRow
from touchline.vocabulary.durations import DAY, HOUR, MINUTE
from touchline.vocabulary.ids import derived_id


def test_what_a_colleague_does_is_told_once_and_stops_reminders(row: AlertRow) -> None:
    """An acknowledgement is told at once; then only changed numbers are, after `repeat`."""
    act = acted(acknowledgement(row, T + MINUTE, "on it"), T + MINUTE)
    what = situation(act, alerts=[row])
    box = told(row)
    assert following(row, box, what) == Notification("firing", 0)
    notice = life_notice(row, what.life(row), what.terms(row, "chat", 0), box, "UTC", T + HOUR)
    assert notice.acknowledged_by == "Kim"
    assert notice.story == ("Acknowledged by Kim at 2026-11-18 11:07 UTC: on it",)
    box = after_delivery(box, row, "firing", T + 61_000, terms=Terms(T, acted_at=T + MINUTE))
    assert following(row, box, what) is None
    assert following(replace(row, version=2), box, what) == Notification("firing", T + 61_000 + 4 * HOUR)
    assert following(over(row, T + HOUR), box, what) == Notification("resolved", 0)
    # Alertmanager forgets what is not sent again.
    resent = cadence(load_alerts().rules[0], MINUTE)
    assert following(row, box, what, pace=resent) == Notification("firing", T + 61_000 + MINUTE)
    undone = situation(act, acted(acknowledgement(row, T + HOUR, undo=True), T + HOUR), alerts=[row])
    assert following(row, box, undone) == Notification("firing", 0)


ESCALATE = """
routes:
  - {severity: critical, channels: chat, remind: 15m, escalate: {after: 30m, channels: boss}}
"""


def test_nobody_acknowledges_and_the_next_channel_is_notified(row: AlertRow) -> None:
    """Reminders go to the first channel, then the escalation to the next; an acknowledgement stops both."""
    file = file_of(ESCALATE)
    box = first_row(row, None, "boss")
    assert box is not None
    what = situation(alerts=[row], file=file)
    assert following(row, box, what, "boss") == Notification("firing", T + 30_000 + 30 * MINUTE)
    notice = life_notice(row, what.life(row), what.terms(row, "boss", 0), box, "UTC", T + HOUR)
    assert notice.story == ("Escalated: nobody acknowledged it within 30 min",)
    assert following(row, told(row), what) == Notification("firing", T + 30_000 + 15 * MINUTE)
    reminder = life_notice(row, what.life(row), what.terms(row, "chat", 0), told(row), "UTC", T + HOUR)
    assert reminder.story == ("Reminder: nobody has acknowledged it yet",)
    early = acted(acknowledgement(row, T + 20 * MINUTE), T + 20 * MINUTE)
    assert following(row, box, situation(early, alerts=[row], file=file), "boss") is None
    back = acted(acknowledgement(row, T + 40 * MINUTE, undo=True), T + 40 * MINUTE)
    again = situation(early, back, alerts=[row], file=file)
    assert following(row, box, again, "boss") == Notification("firing", T + 40 * MINUTE)
    late = acted(acknowledgement(row, T + 31 * MINUTE), T + 31 * MINUTE)
    assert following(row, box, situation(late, alerts=[row], file=file), "boss") == Notification(
        "firing", T + 30_000 + 30 * MINUTE
    )


def test_a_change_is_followed_for_a_month(row: AlertRow) -> None:
    """The newest one that was named counts; one that is named away, or a month old, is not followed."""
    first, second = (acted(expectation(row, T + at, f"release-{at}"), T + at) for at in (1, 2))
    assert expected_changes([second, first], T + 30 * DAY) == [second]
    assert expected_changes([second, first], T + 2 + 30 * DAY) == []
    assert expected_changes([first, acted(expectation(row, T + 3, ""), T + 3)], T + DAY) == []


def test_what_became_of_an_incident_is_told_once_to_whoever_was_told(row: AlertRow) -> None:
    """Each report is sent once, also after a new incident, and not to a channel that was told nothing."""
    act = acted(expectation(row, T + MINUTE, "release-481"), T + MINUTE)
    reports = (FollowUp(T + DAY, "day"), FollowUp(T + 7 * DAY, "week"))
    file = load_alerts()
    rules = {rule.id: rule for rule in file.rules}
    ended = over(row, T + HOUR)

    def after(due: int, *alerts: AlertRow, acts: tuple[AlertActRow, ...] = (act,)) -> Situation:
        found = {row.fingerprint: reports[:due]}
        return Situation(rules, None, file.plan, alerts, acts, T + 8 * DAY, found)

    def sent(box: OutboxRow, one: AlertRow, what: Situation, status: str) -> OutboxRow:
        found = following(one, box, what)
        assert (found and found.status) == status
        return after_delivery(box, one, status, T + DAY, terms=what.terms(one, "chat", 0))

    box = sent(told(row), ended, after(1, ended), "resolved")
    box = sent(box, ended, after(1, ended), "followup")
    assert following(ended, box, after(1, ended)) is None
    again = replace(row, id=derived_id("again"), opened_at=T + 2 * DAY)
    fresh = first_row(again, box, "chat")
    assert fresh is not None
    box = sent(fresh, again, after(2, ended, again), "followup")
    box = sent(box, again, after(2, ended, again), "firing")
    assert following(over(again, T + 3 * DAY), box, after(2, again)) == Notification("resolved", 0)
    other = acted(expectation(again, T + 3 * DAY, "release-482"), T + 3 * DAY)
    box = sent(box, again, after(0, again, acts=(act, other)), "firing")
    assert followed(box, after(0, again, acts=(act, other)).terms(again, "chat", 0)) == 0
    silent = first_row(row, None, "chat")
    assert silent is not None
    assert following(over(row, T + 1), silent, after(2, over(row, T + 1))) is None


STEPS = st.tuples(st.sampled_from(("hold", "fail", "work", "end", "again")), st.integers(1, 90))


@given(st.lists(STEPS, max_size=30))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_holds_lose_no_incident_and_hold_no_end(row: AlertRow, steps: list[tuple[str, int]]) -> None:
    """Whatever is held and fails: nothing begins in a hold, what outlasts it is told, and every end is."""
    holds: list[Hold] = []
    box, now, works = first_row(row, None, "chat"), T, True
    heard: list[str] = []
    ending = [("work", 1), ("wait", 10_000), ("end", 1), ("wait", 1)]
    for number, (step, minutes) in enumerate([*steps, *ending]):
        now += minutes * MINUTE
        if step == "hold":
            holds.append(Hold("window", "w", now, now + minutes * MINUTE))
        elif step == "end" and row.status == "firing":
            row = over(row, now)
        elif step == "again" and row.status != "firing":
            row = replace(row, id=derived_id(str(number)), status="firing", opened_at=now, resolved_at=None)
        works = step != "fail" if step in ("fail", "work") else works
        box = (first_row(row, box, "chat") or box) if row.status == "firing" else box
        assert box is not None
        while True:
            terms = Terms(free_at(row.opened_at + PACE.wait, holds), tuple(holds))
            due = next_notification(row, box, PACE, terms, now)
            if due is None or due.at > now:
                break
            if not works:
                box = after_failure(box, "away", now)
                break
            if due.status == "firing" and row.status == "firing":
                assert not any(hold.covers(now) for hold in holds)
            heard.append(due.status)
            box = after_delivery(box, row, due.status, now, terms=terms)
        if step == "wait" and row.status == "firing":
            assert box.told == "firing"
    turns = [what for what, before in zip(heard, [None, *heard], strict=False) if what != before]
    assert turns == ["firing", "resolved"] * (len(turns) // 2)
    assert heard.count("resolved") == turns.count("resolved")


def test_notifications_do_not_depend_on_the_order_of_what_happened(row: AlertRow) -> None:
    """Whatever the order of incidents and acts, the same is held, from when until when."""
    file = file_of(WINDOWS + INHIBIT + ESCALATE)
    orders = replace(row, id=derived_id("o"), fingerprint=derived_id("of"), rule="orders_fail")
    alerts = [row, orders, over(replace(row, id=derived_id("b"), opened_at=T - HOUR), T - MINUTE)]
    acts = [
        acted(mute("orders_fail", [], T + 5, T + 10), T + 5),
        acted(snooze(row, T + 6, T + HOUR), T + 6),
        acted(acknowledgement(orders, T + 7), T + 7),
        acted(snooze(row, T + 8, T + 8), T + 8),
    ]
    results: set[tuple[Terms, ...]] = set()
    for seed in range(20):
        chance = random.Random(seed)
        chance.shuffle(alerts)
        chance.shuffle(acts)
        what = situation(*acts, alerts=alerts, file=file)
        ordered = sorted(alerts, key=lambda one: one.id)
        results.add(tuple(what.terms(one, channel, 5) for one in ordered for channel in ("chat", "boss")))
    assert len(results) == 1
