"""The law of alerts: incidents depend on the set of events alone, not on order or time of arrival."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.alerts import Absence, AlertRule, Threshold, Unusual
from touchline.alerts.detection import DataBegin, detect, reach
from touchline.alerts.incidents import Incident, Labels, Standing, standing_at, untrue
from touchline.alerts.intervals import Interval, means
from touchline.alerts.rules import AlertRuleModel
from touchline.vocabulary.durations import HOUR, WEEK

MINUTE = 60_000
UNIT = 1_000
COOLDOWN = 4 * UNIT
LOOKBACK = 60 * UNIT
WITHIN = 10 * UNIT
LATEST, PAUSE = 25, 30
"""Seconds: how late events arrive, and between two evaluations; together less than the lookback."""

CROWD = Threshold.model_validate(
    {"id": "crowd", "kind": "threshold", "title": "Crowd", "events": "a", "customers": 2, "within": "10s",
     "cooldown": "4s"}
)  # fmt: skip
GAP = Absence.model_validate(
    {"id": "gap", "kind": "absence", "title": "Gap", "longer_than": "10s", "forget": "30s"}
)
MORE = Unusual.model_validate(
    {"id": "more", "kind": "unusual", "title": "More", "events": "a", "within": "1h", "at_least": 4}
)

times = st.integers(0, 60).map(lambda second: second * UNIT)
points = st.lists(
    st.tuples(st.sampled_from((("x=1",), ("x=2",))), times, st.sampled_from("abc")), max_size=25
)


def _all(rule: AlertRule, rows: Sequence[Sequence[Any]], now: int, oldest: int = -WEEK * 9) -> list[Incident]:
    return detect(rule, rows, start=-LOOKBACK, now=now, known=now, begin=DataBegin(oldest), standing={})


def _brute(
    holds: Mapping[Labels, Sequence[bool]], now: int, cooldown: int = COOLDOWN
) -> set[tuple[Labels, int, int | None]]:
    """Incidents computed from whether the condition holds at each second from 0 on."""
    found = set()
    for labels, series in holds.items():
        intervals: list[Interval] = []
        for second, so in enumerate([*series, False]):
            at = second * UNIT
            if so and (not intervals or intervals[-1].ended is not None):
                intervals.append(Interval(at, None))
            elif not so and intervals and intervals[-1].ended is None and second < len(series):
                intervals[-1] = Interval(intervals[-1].began, at)
        joined: list[Interval] = []
        for one in intervals:
            if joined and joined[-1].ended is not None and one.began - joined[-1].ended <= cooldown:
                joined[-1] = Interval(joined[-1].began, one.ended)
            else:
                joined.append(one)
        for one in joined:
            over = one.ended is not None and one.ended + cooldown < now
            found.add((labels, one.began, one.ended if over else None))
    return found


def _plain(found: Sequence[Incident]) -> set[tuple[Labels, int, int | None]]:
    return {(incident.labels, incident.opened_at, incident.resolved_at) for incident in found}


@given(points, st.integers(0, 80))
def test_a_threshold_counts_the_customers_of_its_window(rows: list[Any], second: int) -> None:
    """The condition holds while enough distinct customers have an event in the window before."""
    now = second * UNIT
    holds = {
        labels: [
            len({who for one, at, who in rows if one == labels and t * UNIT - WITHIN < at <= t * UNIT}) >= 2
            for t in range(second + 1)
        ]
        for labels in {one for one, _, _ in rows}
    }
    assert _plain(_all(CROWD, rows, now)) == _brute(holds, now)


@given(points, st.integers(0, 80))
def test_an_absence_is_a_gap_after_the_last_event(rows: list[Any], second: int) -> None:
    """The condition holds while the newest event is older than the rule allows, and younger than `forget`."""
    now = second * UNIT
    seen = {labels: [at for one, at, _ in rows if one == labels] for labels in {one for one, _, _ in rows}}
    holds = {
        labels: [
            bool(before := [at for at in ats if at <= t * UNIT])
            and WITHIN <= t * UNIT - max(before) < WITHIN + 30 * UNIT
            for t in range(second + 1)
        ]
        for labels, ats in seen.items()
    }
    stretches = [(labels, at, at) for labels, ats in seen.items() for at in ats]
    assert _plain(_all(GAP, stretches, now)) == _brute(holds, now, 0)


def test_weeks_that_a_rule_could_not_see_whole_are_not_usual() -> None:
    """An unusual number of a friction rule that looks back a week has a baseline a week later than others."""
    frictions = MORE.model_copy(update={"frictions": ("*",), "events": ()})
    begin = DataBegin(-2 * WEEK - 8 * HOUR, {"slow": WEEK})
    rows = [((f"rule={name}",), 0, 5) for name in ("slow", "quick")]
    found = detect(frictions, rows, start=-HOUR, now=0, known=0, begin=begin, standing={})
    assert [one.labels for one in found] == [("rule=quick",)]
    assert begin.of(frictions, ("channel=web",)) == -2 * WEEK - 8 * HOUR
    named = frictions.model_copy(update={"frictions": ("slow", "quick")})
    assert begin.of(named, ("channel=web",)) == -WEEK - 8 * HOUR
    assert begin.of(MORE, ("type=a",)) == -2 * WEEK - 8 * HOUR


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.integers(1, 3)), max_size=15),
    st.booleans(),
    st.randoms(use_true_random=True),
)
def test_a_mean_is_of_the_observations_in_its_window(
    points: list[tuple[int, int, int]], below: bool, chance: Any
) -> None:
    """At each second it is that of the last ten, in whatever order they came; too few have none."""
    steps = dict(means(chance.sample(points, len(points)), 10, 3, 1.5, below=below))
    holds = False
    for second in range(60):
        holds = steps.get(second, holds)
        inside = [(total, number) for at, total, number in points if second - 10 < at <= second]
        number = sum(number for _, number in inside)
        mean = sum(total for total, _ in inside) / number if number else 1.5
        assert holds == (number >= 3 and (mean < 1.5 if below else mean > 1.5))


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.sampled_from((("x=1",), ("x=2",))), st.integers(0, 100), st.integers(1, 9),
                       st.integers(0, 20)), max_size=8),
    st.randoms(use_true_random=True),
)  # fmt: skip
def test_unusual_numbers_do_not_depend_on_when_they_were_evaluated(
    arrivals: list[tuple[Labels, int, int, int]], chance: Any
) -> None:
    """Late and shuffled counts, evaluated many times, end with the incidents of one evaluation."""
    part, end, lookback = 3 * MINUTE, 140, 60
    usual = [(("x=1",), at * part - week * WEEK, 1) for week in (1, 2, 3) for at in range(-200, end + 100, 7)]
    rows = [(at + late, (labels, at * part, number)) for labels, at, number, late in arrivals]

    def evaluated(now: int, start: int, standing: dict[Labels, Standing]) -> list[Incident]:
        totals: Counter[tuple[Labels, int]] = Counter()
        for came, (labels, at, number) in chance.sample(rows, len(rows)):
            totals[labels, at] += number if came * part <= now else 0
        counted = [(labels, at, number) for (labels, at), number in totals.items() if number]
        base = chance.sample(usual, len(usual))
        return detect(
            MORE,
            [*base, *counted],
            start=start,
            now=now,
            known=now,
            begin=DataBegin(-5 * WEEK),
            standing=standing,
        )

    known: dict[Any, Incident] = {}
    for tick in sorted({chance.randrange(end) for _ in range(3)} | set(range(0, end, 35)) | {end}):
        start = (tick - lookback) * part
        found = evaluated(tick * part, start, standing_at(start, known.values(), MORE.cooldown))
        for gone in untrue(list(known.values()), found, start):
            del known[gone.id]
        known.update((incident.id, incident) for incident in found)
    assert _plain(list(known.values())) == _plain(evaluated(end * part, -lookback * part, {}))


@given(
    st.sampled_from((CROWD, GAP)),
    st.lists(st.tuples(st.sampled_from((("x=1",), ("x=2",))), st.integers(0, 240), st.sampled_from("abc"),
                       st.integers(0, LATEST)), max_size=25),
    st.randoms(use_true_random=True),
)  # fmt: skip
def test_incidents_do_not_depend_on_when_they_were_evaluated(
    rule: AlertRuleModel, arrivals: list[tuple[Labels, int, str, int]], chance: Any
) -> None:
    """Late, repeated and shuffled events, evaluated many times, end with the incidents of one evaluation."""
    assert isinstance(rule, Threshold | Absence)
    rows = [
        (at + late, (labels, at * UNIT, at * UNIT if rule is GAP else who))
        for labels, at, who, late in arrivals
    ]
    end = 320
    known: dict[Any, Incident] = {}
    evaluated_at = sorted(
        {chance.randrange(end) for _ in range(chance.randrange(12))} | set(range(0, end, PAUSE)) | {end}
    )
    for second in evaluated_at:
        now = second * UNIT
        start = now - LOOKBACK
        rows_now = [row for came, row in rows if came <= second and start - reach(rule) < row[1] <= now]
        rows_now += chance.sample(rows_now, len(rows_now) // 2)
        chance.shuffle(rows_now)
        standing: dict[Labels, Standing] = standing_at(start, known.values(), rule.cooldown)
        found = detect(rule, rows_now, start=start, now=now, known=now, begin=DataBegin(0), standing=standing)
        for gone in untrue(list(known.values()), found, start):
            del known[gone.id]
        known.update((incident.id, incident) for incident in found)
    at_once = _all(rule, [row for _, row in rows], end * UNIT, 0)
    assert _plain(list(known.values())) == _plain(at_once)


@given(
    st.sampled_from((CROWD, GAP)), points, st.integers(0, 80), st.integers(0, 80), st.sets(st.integers(0, 24))
)
def test_waiting_events_do_not_undo_a_resolved_or_absent_incident(
    rule: AlertRuleModel, points: list[Any], second: int, behind: int, waiting: set[int]
) -> None:
    """Incidents resolved, or opened for absence, while events wait are the same once those have arrived."""
    assert isinstance(rule, Threshold | Absence)
    now, known = second * UNIT, max(0, second - behind) * UNIT
    rows = [(labels, at, at if rule is GAP else who) for labels, at, who in points]
    arrived = [row for number, row in enumerate(rows) if row[1] <= known or number not in waiting]
    found = detect(
        rule,
        [row for row in arrived if row[1] <= now],
        start=-LOOKBACK,
        now=now,
        known=known,
        begin=DataBegin(0),
        standing={},
    )
    whole = _plain(_all(rule, rows, 200 * UNIT, 0))
    assert {incident for incident in _plain(found) if incident[2] is not None} <= whole
    if rule is GAP:
        assert {incident[:2] for incident in _plain(found)} <= {incident[:2] for incident in whole}
    firing = [incident.labels for incident in found if incident.resolved_at is None]
    assert len(firing) == len(set(firing))
