"""Audit log of a service desk, one row an update of an incident (file incident_event_log).

An incident is one contact, its rows stand together and its events are read off the changes between them:

- `contact.started` when it was opened, on the channel by which it came (phone and IVR: phone; e-mail;
  self service: web; opened by the desk's own staff: field);
- `contact.answered` when it first becomes active, with the wait since it was opened;
- `contact.transferred` at each rise of `reassignment_count` (`transfers` is the new count, `queue` the
  new group);
- `contact.held` when it begins to wait (for the caller, a vendor, another problem, evidence; `held_for`),
  `contact.resumed` when work goes on;
- `contact.ended`, resolved, when it is resolved, or closed without that;
- `contact.resumed` with `reopened` when it is opened again;
- `promise.broken` once, when the log first says that the service level was missed. It mostly says so on
  closing, days after the fact.

The caller is the account; an unknown one (`?`) is a customer of that one incident. The reason is the
category by its number, as the set names them no further. The log names no time zone: UTC stands for it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

GROUP = "number"
CHANNELS = {
    "Phone": "phone",
    "IVR": "phone",
    "Email": "email",
    "Self service": "web",
    "Direct opening": "field",
}
_OVER = ("Resolved", "Closed")
_WAITING = "Awaiting "


def events(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events of one incident, from its rows in the order of the log."""
    first = rows[0]
    opened = _time(first["opened_at"])
    yield _event(first, opened, "contact.started", "started")
    state, transfers, reopened, answered, late = "New", 0, 0, False, False
    for row in rows:
        time, update = _time(row["sys_updated_at"]), f"{row['sys_mod_count']}:{row['incident_state']}"
        new = row["incident_state"]
        over = state in _OVER
        if int(row["reassignment_count"]) > transfers:
            transfers = int(row["reassignment_count"])
            yield _event(row, time, "contact.transferred", f"transferred:{transfers:02}", transfers=transfers)
        if int(row["reopen_count"]) > reopened:
            reopened = int(row["reopen_count"])
            yield _event(row, time, "contact.resumed", f"reopened:{reopened:02}", reopened=reopened)
        elif state.startswith(_WAITING) and not new.startswith(_WAITING) and new not in _OVER:
            yield _event(row, time, "contact.resumed", f"resumed:{update}")
        if new == "Active" and not answered:
            answered = True
            wait = max(0, int((time - opened).total_seconds()))
            yield _event(row, time, "contact.answered", "answered", wait_seconds=wait)
        if new.startswith(_WAITING) and not state.startswith(_WAITING):
            held_for = new.removeprefix(_WAITING).lower()
            yield _event(row, time, "contact.held", f"held:{update}", held_for=held_for)
        if new in _OVER and not over:
            yield _event(row, time, "contact.ended", f"ended:{update}", resolved=True)
        if row["made_sla"] == "false" and not late:
            late = True
            yield _event(
                row,
                time,
                "promise.broken",
                "late",
                promise_id=f"{row['number']}:service level",
                kind="service level",
            )
        state = new


def _event(row: dict[str, Any], time: datetime, name: str, step: str, **data: Any) -> dict[str, Any]:
    number, caller = row["number"], row["caller_id"]
    return {
        "id": f"{number}:{step}",
        "type": name,
        "time": time,
        "channel": CHANNELS[row["contact_type"]],
        "identifiers": {"incident": number} if caller == "?" else {"account": caller},
        "data": {
            "contact_id": number,
            "reason": _known(row["category"], "category "),
            "queue": _known(row["assignment_group"], "group "),
            "agent": _known(row["assigned_to"]),
            "priority": _known(row["priority"]),
            **data,
        },
    }


def _known(value: str, before: str = "") -> str | None:
    return None if value == "?" else before + value


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
