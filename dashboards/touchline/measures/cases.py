"""Measures of what staff did about frictions, and the SQL that they observe: one row for each friction."""

from touchline.measures.measure import Measure
from touchline.vocabulary.durations import DAY

CASES = """
SELECT opened_at AS at, channel, source, '' AS queue, rule AS reason, rule, anchor, journey, customer,
       isNull(resolved_at) AS unresolved, taken_up, closed_at, verdict, assignee
FROM (
    SELECT * FROM current_frictions
    WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
) AS frictions
LEFT JOIN (
    SELECT friction, 1 AS taken_up, closed_at, verdict, assignee FROM current_cases
) AS staff ON staff.friction = frictions.id
"""
"""One row for each friction opened in the period, with what staff did about it."""

_CLOSED = ("case.closed",)
_ANY = ("case.assigned", "case.commented", "case.closed")

MEASURES: tuple[Measure, ...] = (
    Measure(
        name="loop_closed",
        title="Loop closed in two days",
        question="What share of the frictions that staff took up is closed within two days?",
        unit="share",
        higher_is_better=True,
        definition="Frictions that staff closed within 48 hours of their opening ÷ frictions opened in the "
        "period that staff assigned, commented or closed.",
        benchmark="Recommended: close the loop within 48 hours",
        base=CASES,
        observed="friction",
        numerator="isNotNull(closed_at) AND assumeNotNull(closed_at) <= at + INTERVAL 48 HOUR",
        where="taken_up",
        inputs=_ANY,
        settles=2 * DAY,
    ),
    Measure(
        name="time_to_close",
        title="Time to close",
        question="How long does it take staff to close a friction?",
        unit="seconds",
        higher_is_better=False,
        definition="Median seconds from a friction's opening to the last time that staff closed it, of "
        "frictions opened in the period and closed.",
        benchmark="Recommended: close the loop within 48 hours",
        base=CASES,
        observed="friction",
        numerator="greatest(0, dateDiff('millisecond', at, assumeNotNull(closed_at))) / 1000",
        where="isNotNull(closed_at)",
        inputs=_CLOSED,
        kind="median",
        settles=30 * DAY,
    ),
    Measure(
        name="unassigned",
        title="Open and unassigned",
        question="What share of open frictions does nobody take care of?",
        unit="share",
        higher_is_better=False,
        definition="Frictions without an assignee ÷ frictions opened in the period that are neither resolved "
        "nor closed by staff.",
        benchmark="No industry figure",
        base=CASES,
        observed="friction",
        numerator="assignee = ''",
        where="unresolved AND isNull(closed_at)",
        inputs=_ANY,
    ),
    Measure(
        name="false_alarms",
        title="False alarms",
        question="What share of the frictions that staff closed was none?",
        unit="share",
        higher_is_better=False,
        definition="Frictions closed as false_alarm ÷ frictions opened in the period and closed by staff. By "
        "reason, which is the rule here, it shows which rule to make stricter.",
        benchmark="No industry figure",
        base=CASES,
        observed="friction",
        numerator="verdict = 'false_alarm'",
        where="isNotNull(closed_at)",
        inputs=_CLOSED,
    ),
)
