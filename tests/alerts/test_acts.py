"""What people do about incidents: which act holds, until when, and about which incident."""

import random
from typing import Any

import pytest
from msgspec.structs import replace

from tests.alerts.lives import T, acted, over
from touchline.alerts.life.acts import (
    NotAnAct,
    acknowledgement,
    concerns,
    expectation,
    mute,
    periods,
    snooze,
    verdict,
)
from touchline.alerts.life.precision import FEWEST, Precision, precisions
from touchline.tables import AlertRow
from touchline.vocabulary.durations import DAY, HOUR, MINUTE
from touchline.vocabulary.ids import derived_id


def test_an_act_is_replaced_by_the_next_of_its_kind(row: AlertRow) -> None:
    """An act holds until its end or the next act about the same, in whichever order they are read."""
    acts = [
        acted(snooze(row, T, T + HOUR), T),
        acted(snooze(row, T + 10, T + 2 * HOUR), T + 10),
        acted(acknowledgement(row, T + 20), T + 20),
        acted(acknowledgement(row, T + 30, undo=True), T + 30),
    ]
    expected = [(T, T + 10), (T + 10, T + 2 * HOUR), (T + 20, T + 30)]
    for _ in range(5):
        random.Random(_).shuffle(acts)
        assert [(period.act.written_at, period.end) for period in periods(acts)] == expected


def test_an_act_follows_its_incident_when_late_events_move_it(row: AlertRow) -> None:
    """It is about the incident of its time with the same labels, whatever the incident's id is by now."""
    act = acted(acknowledgement(row, T + MINUTE), T + MINUTE)
    earlier = replace(row, id=derived_id("earlier"), opened_at=T - MINUTE)
    later = replace(row, id=derived_id("later"), opened_at=T + 30_000)
    assert all(concerns(act, one) for one in (row, earlier, later, over(row, T + 5)))
    again = replace(row, id=derived_id("again"), opened_at=T + HOUR)
    other = replace(row, fingerprint=derived_id("other"))
    assert not any(concerns(act, one) for one in (again, other, over(earlier, T - 1)))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda row: verdict(row, T, "maybe"), "write real, noise or known"),
        (lambda row: snooze(row, T, None), "needs an end"),
        (lambda row: snooze(row, T, T - 1), "in the past"),
        (lambda row: snooze(row, T, None, 0.5), "write 1.1 to 1000"),
        (lambda row: mute("r", ["webshop"], T, None), "write name=value"),
        (lambda row: acknowledgement(row, T, "x" * 501), "more than 500"),
        (lambda row: expectation(row, T, "x" * 129), "more than 128"),
        (lambda row: acted(acknowledgement(row, T), T, "\u202e"), "nobody is named"),
    ],
)
def test_senseless_acts_are_refused(row: AlertRow, make: Any, why: str) -> None:
    """The message says what to write instead."""
    with pytest.raises(NotAnAct, match=why):
        make(row)


def test_the_precision_of_a_rule_is_the_share_that_was_no_noise(row: AlertRow) -> None:
    """The newest verdict on each incident counts; a retracted one does not; few verdicts give no share."""
    alerts, acts = [], []
    for number, verdicts in enumerate(("noise real", "real", "noise", "known", "real", "", "noise")):
        at = T + number * DAY
        one = over(replace(row, id=derived_id(str(number)), opened_at=at), at + HOUR)
        alerts.append(replace(one, status="retracted") if number == 6 else one)
        for later, word in enumerate(verdicts.split()):
            acts.append(acted(verdict(one, at + 2 * HOUR, word), at + 2 * HOUR + later))
    random.Random(1).shuffle(acts)
    (found,) = precisions(alerts, acts).values()
    assert found == Precision(incidents=6, real=3, known=1, noise=1)
    assert (found.judged, found.share) == (FEWEST, 0.8)
    assert found.words == "80% of 5 were no noise (3 real, 1 known, 1 noise)"
    assert Precision(9, 1, 0, 1).share is None
