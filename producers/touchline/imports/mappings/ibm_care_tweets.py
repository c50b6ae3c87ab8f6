"""Conversations of customers with companies' care teams on a social network (file messages_masked).

The messages of a conversation stand together. Each of a client's is `mention.posted`; each of an agent's is
`mention.answered`, for the client's message before it. The agent's last answer is not among the messages:
its time is the conversation's first time and its duration, and it answers the client's last message. Of
durations of a day and more the set has lost digits of the days (`-12:14:20.`, `6-01:08:11` for 146 days):
such an answer is put at the earliest time that fits, a day or more after the first message and after the
last one, and carries `at_earliest`.

The author is the customer, by the identifier kind `social`; an answer belongs to the author of what it
answers. `conversation_id` and `company` say which conversation, and with whom.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

GROUP = "session"


def events(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events of one conversation."""
    first = rows[0]
    mention = None
    for number, row in enumerate(rows, 1):
        if row["role"] != "agent":
            mention = f"{row['session']}:{number:02}", row["author"]
            yield _event(row, number, "mention.posted", _time(row), mention, text=row["text"])
        elif mention is not None:
            yield _event(row, number, "mention.answered", _time(row), mention, agent=row["author"])
    if mention is not None:
        end, lost = _answered(_time(first), _time(rows[-1]), first["conversation_duration"])
        data = {"at_earliest": True} if lost else {}
        yield _event(first, len(rows) + 1, "mention.answered", end, mention, agent=first["company"], **data)


def _event(
    row: dict[str, Any], number: int, kind: str, time: datetime, mention: tuple[str, str], **data: Any
) -> dict[str, Any]:
    mention_id, author = mention
    return {
        "id": f"{row['session']}:{number:02}",
        "type": kind,
        "time": time,
        "channel": "social",
        "identifiers": {"social": author},
        "data": {
            "mention_id": mention_id,
            "network": "twitter",
            "conversation_id": row["session"],
            "company": row["company"],
            **data,
        },
    }


def _time(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["datetime"])


def _answered(began: datetime, last: datetime, duration: str) -> tuple[datetime, bool]:
    """When the conversation's last answer came, and whether days of the duration are lost."""
    days, dash, clock = duration.rpartition("-")
    hours, minutes, seconds = clock.split(":")
    end = began + timedelta(
        days=int(days or bool(dash)), hours=int(hours), minutes=int(minutes), seconds=float(seconds)
    )
    while dash and end <= last:
        end += timedelta(days=1)
    return end, bool(dash)
