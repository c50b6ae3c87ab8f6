"""When a channel is told what."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from touchline.alerts.policy import Cadence, Telling, cadence, expected, refused, taken, telling
from touchline.config.alerts_files import load_alerts
from touchline.tables import AlertRow, OutboxRow
from touchline.vocabulary.ids import derived_id

T = 1_795_000_000_000
PACE = Cadence(wait=30_000, interval=300_000, repeat=14_400_000)


@pytest.fixture
def waiting(row: AlertRow) -> OutboxRow:
    """What the outbox has of an incident that is new."""
    found = expected(row, None, "chat")
    assert found is not None
    return found


def _over(row: AlertRow, after: int) -> AlertRow:
    return replace(row, status="resolved", resolved_at=row.opened_at + after, version=row.version + 1)


def test_the_first_message_waits(row: AlertRow, waiting: OutboxRow) -> None:
    """What comes at once is told at once: the first message goes out a wait after the beginning."""
    assert telling(row, waiting, PACE) == Telling("firing", T + 30_000)


def test_a_change_is_told_after_the_interval_and_no_change_after_the_repeat(
    row: AlertRow, waiting: OutboxRow
) -> None:
    """Told once, more customers are news after five minutes; the same number only after four hours."""
    told = taken(waiting, row, "firing", T + 30_000)
    assert telling(row, told, PACE) == Telling("firing", T + 30_000 + PACE.repeat)
    assert telling(replace(row, version=2), told, PACE) == Telling("firing", T + 30_000 + PACE.interval)


def test_the_end_is_told_at_once_and_once(row: AlertRow, waiting: OutboxRow) -> None:
    """What is over is told without waiting, and then there is nothing more to tell."""
    told = taken(waiting, row, "firing", T + 30_000)
    over = _over(row, 60_000)
    assert telling(over, told, PACE) == Telling("resolved", 0)
    assert telling(over, taken(told, over, "resolved", T + 60_000), PACE) is None


def test_what_is_retracted_is_taken_back_where_it_was_told(row: AlertRow, waiting: OutboxRow) -> None:
    """A channel that was told of what turned out untrue is told the end; one that was not hears nothing."""
    untrue = replace(row, status="retracted", version=2)
    assert telling(untrue, taken(waiting, row, "firing", T), PACE) == Telling("resolved", 0)
    assert telling(untrue, waiting, PACE) is None


def test_an_incident_shorter_than_the_wait_is_not_told(row: AlertRow, waiting: OutboxRow) -> None:
    """What was over before it was due is in the list alone."""
    assert telling(_over(row, 29_999), waiting, PACE) is None
    assert telling(_over(row, 30_000), waiting, PACE) == Telling("firing", 0)


def test_an_incident_that_a_channel_could_not_take_in_time_is_told_afterwards(
    row: AlertRow, waiting: OutboxRow
) -> None:
    """A channel that was away learns that there was one, and then that it is over."""
    failed = refused(waiting, "away", T + 31_000)
    over = _over(row, 600_000)
    assert telling(over, failed, PACE) == Telling("firing", T + 32_000)
    told = taken(failed, over, "firing", T + 700_000)
    assert telling(over, told, PACE) == Telling("resolved", 0)


def test_attempts_come_further_and_further_apart(waiting: OutboxRow) -> None:
    """After a second, two, four and so on up to five minutes; as late as the receiver asks, up to that."""
    pauses, row = [], waiting
    for _ in range(12):
        row = refused(row, "away", T)
        pauses.append((row.next_at or 0) - T)
    assert pauses == [1_000 * 2**number for number in range(9)] + [300_000] * 3
    assert row.failing_since == T
    assert refused(row, "away", T + 1).failing_since == T
    assert refused(waiting, "busy", T, 45_000).next_at == T + 45_000
    assert refused(waiting, "busy", T, 10**9).next_at == T + 300_000


def test_an_incident_that_begins_anew_is_expected_anew(row: AlertRow, waiting: OutboxRow) -> None:
    """After one that was told to its end, the next is told from its beginning."""
    over = _over(row, 60_000)
    told = taken(taken(waiting, row, "firing", T), over, "resolved", T + 60_000)
    again = replace(row, id=derived_id("again"), opened_at=T + 900_000)
    found = expected(again, told, "chat")
    assert found is not None
    assert telling(again, found, PACE) == Telling("firing", T + 930_000)


def test_an_incident_of_which_nothing_was_told_gives_way_to_the_next(
    row: AlertRow, waiting: OutboxRow
) -> None:
    """What a channel has to be told first is of the incident that is written down, and of no other."""
    again = replace(row, id=derived_id("again"), opened_at=T + 900_000)
    assert telling(again, waiting, PACE) is None
    found = expected(again, waiting, "chat")
    assert found is not None
    assert (found.alert, found.told) == (again.id, "nothing")
    assert expected(again, found, "chat") is None


def test_each_row_of_the_outbox_replaces_the_one_before(row: AlertRow, waiting: OutboxRow) -> None:
    """Of the rows of a channel and a fingerprint the one that was written last counts."""
    failed = refused(waiting, "away", T)
    told = taken(failed, row, "firing", T + 1)
    over = taken(told, _over(row, 60_000), "resolved", T + 2)
    again = expected(replace(row, id=derived_id("again")), over, "chat")
    assert again is not None
    assert [one.version for one in (waiting, failed, told, over, again)] == [0, 1, 2, 3, 4]
    assert (told.attempts, told.failing_since, told.next_at, told.error) == (0, None, None, "")


def test_a_channel_may_want_to_be_told_more_often() -> None:
    """One that forgets is told again as often as it wants, never more seldom than the rule says."""
    (rule,) = (one for one in load_alerts().rules if one.id == "payment_outage")
    assert cadence(rule, None) == Cadence(5_000, 300_000, 14_400_000)
    assert cadence(rule, 60_000) == Cadence(5_000, 60_000, 60_000)
    assert cadence(rule, 10**9) == Cadence(5_000, 300_000, 14_400_000)
    assert cadence(None, 60_000) == Cadence(0, 0, 0)


def test_one_that_began_earlier_than_was_known_is_no_second_one(row: AlertRow, waiting: OutboxRow) -> None:
    """A late event moves the beginning; who was told already is not told of another incident."""
    told = taken(waiting, row, "firing", T)
    earlier = replace(row, id=derived_id("earlier"), opened_at=T - 60_000)
    assert expected(earlier, told, "chat") is None
    assert telling(earlier, told, PACE) == Telling("firing", T + PACE.interval)


@given(
    st.lists(st.sampled_from(("grow", "end", "again", "retract", "fail", "work")), max_size=40), st.randoms()
)
def test_a_channel_hears_turns_of_firing_and_resolved(steps: list[str], chance: Any) -> None:
    """Whatever happens and fails, each beginning that is told is followed by its end, and by one end only."""
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
            box = expected(row, box, "chat") or box
        while box is not None and (what := telling(row, box, PACE)) and (what.at <= now or step == "wait"):
            if not works:
                box = refused(box, "away", now)
                break
            heard.append(what.what)
            box = taken(box, row, what.what, now)
    turns = [what for what, before in zip(heard, [None, *heard], strict=False) if what != before]
    assert heard.count("resolved") == turns.count("resolved")
    assert turns == ["firing", "resolved"] * (len(turns) // 2)
