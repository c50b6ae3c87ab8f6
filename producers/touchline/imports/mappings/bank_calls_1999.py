"""Calls of a bank's call centre, one row a call ("Anonymous Bank", 1999, files january, february, …).

A call is one contact on the phone:

- `contact.started` when it enters the voice menu, and `contact.menu_entered` with it where time was spent
  there;
- `contact.queued` when it joins the queue, if it did. Whether it did shows in `q_start` or `q_exit`: a
  wait of 0 seconds is one, and a call queued at midnight sharp has `q_start` 0:00:00;
- outcome AGENT: `contact.answered` with the wait, `contact.ended` (of few calls the service was not
  recorded: both are then at the end of the wait);
- outcome HANG: `contact.abandoned`, with `stage` queue or menu. Some have times of a service that no
  agent gave; those times are left out;
- outcome PHANTOM: no event; the set's authors say to ignore these rows.

The reason is the type of the call in words, and so is the queue: agents are trained by type. The customer
is the account; an unidentified caller (customer 0) names nobody, so the contact stands in for one. Call
numbers repeat, so a contact's id is made of day, line and number.

Times are Israeli. A clock that goes back by more than half a day from the start of the call has passed
midnight; one that goes back by less (the menu's clock was sometimes set while it ran) is brought up to the
step before it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Jerusalem")
REASONS = {
    "PS": "regular activity",
    "PE": "regular activity in English",
    "NE": "stock exchange",
    "NW": "prospective customer",
    "IN": "internet support",
    "TT": "call back",
}
_DAY = 86_400
_NONE = "0:00:00"


def events(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of one call."""
    outcome = row["outcome"]
    if outcome == "PHANTOM":
        return
    if outcome not in ("AGENT", "HANG"):
        raise ValueError(f"column outcome: {outcome!r} is none of AGENT, HANG, PHANTOM")
    call = f"{row['date']}:{row['vru+line']}:{row['call_id']}"
    reason = REASONS.get(row["type"], "other")
    queue = {"queue": reason}
    steps: list[tuple[str, str, dict[str, Any]]] = [("contact.started", row["vru_entry"], {})]
    queued = row["q_start"] != _NONE or row["q_exit"] != _NONE
    waited = {"wait_seconds": int(row["q_time"])}
    left = row["q_exit"] if queued else row["vru_exit"]
    if int(row["vru_time"]) > 0:
        steps.append(("contact.menu_entered", row["vru_entry"], {}))
    if queued:
        steps.append(("contact.queued", row["q_start"], queue))
    if outcome == "HANG":
        stage = {"stage": "queue", **queue, **waited} if queued else {"stage": "menu"}
        steps.append(("contact.abandoned", left, stage))
    else:
        recorded = row["ser_start"] != _NONE or row["ser_exit"] != _NONE
        by = queue | ({} if row["server"] == "NO_SERVER" else {"agent": row["server"]})
        steps += [
            ("contact.answered", row["ser_start"] if recorded else left, by | waited),
            ("contact.ended", row["ser_exit"] if recorded else left, by),
        ]
    identified = row["customer_id"] != "0"
    identifiers = {"account": row["customer_id"]} if identified else {}
    midnight = datetime.strptime(row["date"], "%y%m%d").replace(tzinfo=ZONE)
    begin = last = _seconds(row["vru_entry"])
    for number, (kind, clock, data) in enumerate(steps, 1):
        seconds = _seconds(clock)
        if seconds < begin - _DAY // 2:
            seconds += _DAY
        last = max(last, seconds)
        yield {
            "id": f"{call}:{number}",
            "type": kind,
            "time": midnight + timedelta(seconds=last),
            "channel": "phone",
            "identifiers": identifiers,
            "data": {"contact_id": call, "reason": reason, "priority": int(row["priority"]), **data},
        }


def _seconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)
