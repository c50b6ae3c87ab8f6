"""Reads which loops with customers were closed within 48 hours, such as complaints."""

from typing import Final

from touchline.reports.queries import Ask, seconds, span_parameters
from touchline.reports.weekly.digest import Loop
from touchline.vocabulary.durations import DAY

WITHIN: Final = 2 * DAY
"""How soon (ms) a loop should be closed."""

_KINDS: Final = (
    (
        "Detractors answered",
        "type = 'feedback.given' AND given.metric = 'nps' AND given.score <= 6",
        "feedback.answered",
        "feedback_id",
    ),
    (
        "Complaints answered",
        "type = 'feedback.given' AND given.metric = 'complaint'",
        "feedback.answered",
        "feedback_id",
    ),
    ("Public mentions answered", "type = 'mention.posted'", "mention.answered", "mention_id"),
    ("Follow-ups completed", "type = 'followup.scheduled'", "followup.completed", "followup_id"),
)
"""Title, condition of what opens a loop, type of what closes it, and the field that both share."""


def _sql(opens: str, closes: str, key: str) -> str:
    return f"""
SELECT count(), countIf(in_time), countIf(NOT in_time AND NOT over)
FROM (
    SELECT closed.at >= opened.at AND closed.at <= opened.at + INTERVAL {{within:UInt32}} SECOND AS in_time,
           opened.at + INTERVAL {{within:UInt32}} SECOND <= {{end:DateTime64(3)}} AS over
    FROM (
        SELECT JSONExtractString(data, '{key}') AS key, min(time) AS at FROM events
        WHERE {opens} AND time >= {{since:DateTime64(3)}} AND time < {{until:DateTime64(3)}} GROUP BY key
    ) AS opened
    LEFT JOIN (
        SELECT JSONExtractString(data, '{key}') AS key, min(time) AS at FROM events
        WHERE type = '{closes}' AND time >= {{since:DateTime64(3)}} GROUP BY key
    ) AS closed USING (key)
)
"""  # noqa: S608 - made of constants


def read_loops(ask: Ask, since: int, until: int, end: int) -> tuple[Loop, ...]:
    """The loops that were opened in a span (ms, the end exclusive); `end` is when the data end."""
    parameters = {**span_parameters(since, until), "end": seconds(end)}
    loops = []
    for title, opens, closes, key in _KINDS:
        [(opened, closed, early)] = ask(
            _sql(opens, closes, key), {**parameters, "within": str(WITHIN // 1000)}
        )
        if opened:
            loops.append(Loop(title=title, opened=opened, closed=closed, early=early))
    return tuple(loops)
