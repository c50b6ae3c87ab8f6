"""The next notification of an incident for a channel."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from touchline.alerts.policy import (
    Cadence,
    Notification,
    after_delivery,
    after_failure,
    cadence,
    first_row,
    next_notification,
)
from touchline.config.alerts_files import load_alerts
from touchline.tables import AlertRow, OutboxRow
from touchline.vocabulary.ids import derived_id

T = 1_795_000_000_000
PACE = Cadence(wait=30_000, interval=300_000, repeat=14_400_000)


@pytest.fixture
def waiting(row: AlertRow) -> OutboxRow:
    """The outbox row of a new incident."""
    found = first_row(row, None, "chat")
    assert found is not None
    return found


def _over(row: AlertRow, after: int) -> AlertRow:
    return replace(row, status="resolved", resolved_at=row.opened_at + after, version=row.version + 1)


def test_the_first_message_waits(row: AlertRow, waiting: OutboxRow) -> None:
    """The first message is sent `wait` after the incident opened."""
    assert next_notification(row, waiting, PACE) == Notification("firing", T + 30_000)


def test_a_change_is_sent_after_the_interval_and_a_repeat_after_the_repeat_time(
    row: AlertRow, waiting: OutboxRow
) -> None:
    """A changed incident is sent again after five minutes, an unchanged one after four hours."""
    notified = after_delivery(waiting, row, "firing", T + 30_000)
    assert next_notification(row, notified, PACE) == Notification("firing", T + 30_000 + PACE.repeat)
    assert next_notification(replace(row, version=2), notified, PACE) == Notification(
        "firing", T + 30_000 + PACE.interval
    )


def test_a_resolution_is_sent_at_once_and_once(row: AlertRow, waiting: OutboxRow) -> None:
    """A resolved incident is sent without a wait, and never again."""
    notified = after_delivery(waiting, row, "firing", T + 30_000)
    over = _over(row, 60_000)
    assert next_notification(over, notified, PACE) == Notification("resolved", 0)
    assert next_notification(over, after_delivery(notified, over, "resolved", T + 60_000), PACE) is None


def test_a_retracted_incident_is_resolved_where_it_was_sent(row: AlertRow, waiting: OutboxRow) -> None:
    """Only a channel that received a retracted incident receives its resolution."""
    untrue = replace(row, status="retracted", version=2)
    assert next_notification(untrue, after_delivery(waiting, row, "firing", T), PACE) == Notification(
        "resolved", 0
    )
    assert next_notification(untrue, waiting, PACE) is None


def test_an_incident_shorter_than_the_wait_is_not_sent(row: AlertRow, waiting: OutboxRow) -> None:
    """An incident that resolves before its first message is due is only listed."""
    assert next_notification(_over(row, 29_999), waiting, PACE) is None
    assert next_notification(_over(row, 30_000), waiting, PACE) == Notification("firing", 0)


def test_an_incident_that_ended_during_an_outage_is_sent_afterwards(
    row: AlertRow, waiting: OutboxRow
) -> None:
    """A channel that was unavailable receives the incident, then its resolution."""
    failed = after_failure(waiting, "away", T + 31_000)
    over = _over(row, 600_000)
    assert next_notification(over, failed, PACE) == Notification("firing", T + 32_000)
    notified = after_delivery(failed, over, "firing", T + 700_000)
    assert next_notification(over, notified, PACE) == Notification("resolved", 0)


def test_pauses_between_attempts_double(waiting: OutboxRow) -> None:
    """Pauses double from one second to five minutes; a receiver may request longer ones within that."""
    pauses, row = [], waiting
    for _ in range(12):
        row = after_failure(row, "away", T)
        pauses.append((row.next_at or 0) - T)
    assert pauses == [1_000 * 2**number for number in range(9)] + [300_000] * 3
    assert row.failing_since == T
    assert after_failure(row, "away", T + 1).failing_since == T
    assert after_failure(waiting, "busy", T, 45_000).next_at == T + 45_000
    assert after_failure(waiting, "busy", T, 10**9).next_at == T + 300_000


def test_the_next_incident_is_sent_from_its_beginning(row: AlertRow, waiting: OutboxRow) -> None:
    """After a resolved incident, the next one of the fingerprint starts with `firing`."""
    over = _over(row, 60_000)
    notified = after_delivery(after_delivery(waiting, row, "firing", T), over, "resolved", T + 60_000)
    again = replace(row, id=derived_id("again"), opened_at=T + 900_000)
    found = first_row(again, notified, "chat")
    assert found is not None
    assert next_notification(again, found, PACE) == Notification("firing", T + 930_000)


def test_an_unsent_incident_gives_way_to_the_next(row: AlertRow, waiting: OutboxRow) -> None:
    """A first notification belongs to the incident that the row names."""
    again = replace(row, id=derived_id("again"), opened_at=T + 900_000)
    assert next_notification(again, waiting, PACE) is None
    found = first_row(again, waiting, "chat")
    assert found is not None
    assert (found.alert, found.told) == (again.id, "nothing")
    assert first_row(again, found, "chat") is None


def test_each_row_of_the_outbox_replaces_the_one_before(row: AlertRow, waiting: OutboxRow) -> None:
    """Each new row of a channel and fingerprint has a higher version."""
    failed = after_failure(waiting, "away", T)
    notified = after_delivery(failed, row, "firing", T + 1)
    over = after_delivery(notified, _over(row, 60_000), "resolved", T + 2)
    again = first_row(replace(row, id=derived_id("again")), over, "chat")
    assert again is not None
    assert [one.version for one in (waiting, failed, notified, over, again)] == [0, 1, 2, 3, 4]
    assert (notified.attempts, notified.failing_since, notified.next_at, notified.error) == (
        0,
        None,
        None,
        "",
    )


def test_a_channel_may_be_resent_to_more_often() -> None:
    """`resend` shortens the rule's cadence and never lengthens it."""
    (rule,) = (one for one in load_alerts().rules if one.id == "payment_outage")
    assert cadence(rule, None) == Cadence(5_000, 300_000, 14_400_000)
    assert cadence(rule, 60_000) == Cadence(5_000, 60_000, 60_000, resent=True)
    assert cadence(rule, 10**9) == Cadence(5_000, 300_000, 14_400_000, resent=True)
    assert cadence(None, 60_000) == Cadence(0, 0, 0)


def test_an_earlier_opening_is_the_same_incident(row: AlertRow, waiting: OutboxRow) -> None:
    """A late event moves the opening of an incident; a notified channel gets no second one."""
    notified = after_delivery(waiting, row, "firing", T)
    earlier = replace(row, id=derived_id("earlier"), opened_at=T - 60_000)
    assert first_row(earlier, notified, "chat") is None
    assert next_notification(earlier, notified, PACE) == Notification("firing", T + PACE.interval)


@given(
    st.lists(st.sampled_from(("grow", "end", "again", "retract", "fail", "work")), max_size=40), st.randoms()
)
def test_a_channel_hears_turns_of_firing_and_resolved(steps: list[str], chance: Any) -> None:
    """Each `firing` that a channel receives is followed by exactly one `resolved`."""
    row = AlertRow(
        id=derived_id("0"), fingerprint=derived_id("f"), rule="r", kind="threshold", title="R",
        severity="info", labels=(), opened_at=T, detected_at=T, resolved_at=None, status="firing", count=1,
        customers=1, usual=None, evidence=(), summary="", version=1,
    )  # fmt: skip
    box: OutboxRow | None = None
    heard: list[str] = []
    works, now = True, T
    for number, step in enumerate([*steps, "work", "end", "wait"]):
        now += chance.randrange(1, 600_000)
        if step == "grow" and row.status == "firing":
            row = replace(row, count=row.count + 1, version=row.version + 1)
        elif step == "end" and row.status == "firing":
            row = replace(row, status="resolved", resolved_at=now, version=row.version + 1)
        elif step == "again" and row.status != "firing":
            row = replace(
                row, id=derived_id(str(number)), status="firing", opened_at=now, resolved_at=None, version=1
            )
        elif step == "retract" and row.status == "firing":
            row = replace(row, status="retracted", version=row.version + 1)
        works = step != "fail" if step in ("fail", "work") else works
        if row.status == "firing":
            box = first_row(row, box, "chat") or box
        while (
            box is not None
            and (due := next_notification(row, box, PACE))
            and (due.at <= now or step == "wait")
        ):
            if not works:
                box = after_failure(box, "away", now)
                break
            heard.append(due.status)
            box = after_delivery(box, row, due.status, now)
    turns = [what for what, before in zip(heard, [None, *heard], strict=False) if what != before]
    assert heard.count("resolved") == turns.count("resolved")
    assert turns == ["firing", "resolved"] * (len(turns) // 2)
