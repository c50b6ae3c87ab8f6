"""The four rule kinds of the pack, written by hand on a customer's dictionary.

A handler takes the state, an event, a list for new frictions and a list for changed ones. A friction is
`[rule, anchor, opened_at, resolved_at, evidence]`.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

State = dict[str, Any]
Event = dict[str, Any]
Found = list[Any]
Where = Callable[[Event], bool]
Handler = Callable[[State, Event, list[Found], list[Found]], None]

HANDLERS: dict[str, list[Handler]] = {}
"""The handlers of each event type."""


def _slot(rule: str, key: str | None, event: Event) -> str | None:
    if key is None:
        return rule
    value = event["data"].get(key)
    return None if value is None else f"{rule}|{value}"


def _always(event: Event) -> bool:
    return True


def on(name: str, handler: Handler) -> None:
    """Add a handler for an event type."""
    HANDLERS.setdefault(name, []).append(handler)


def match(rule: str, of: str, where: Where = _always) -> None:
    """Each event of this type is a friction."""

    def handle(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
        if where(event):
            fresh.append([rule, event["id"], event["time"], None, [event["id"]]])

    on(of, handle)


def expect(
    rule: str,
    after: Collection[str],
    then: str | None,
    within: int | None,
    *,
    unless: Collection[str] = (),
    key: str | None = None,
    restart: bool = False,
    where: Where = _always,
) -> tuple[Handler, Handler, Handler]:
    """After one event another must come `within` ms, or by the first event's `due_at` where that is None."""

    def start(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
        slot = _slot(rule, key, event)
        if slot is None or not where(event):
            return
        pending = state["pending"]
        before = pending.get(slot)
        if before is not None and not restart:
            return
        deadline = _due_at(event) if within is None else event["time"] + within
        if deadline is None:
            return
        if before is None:
            pending[slot] = [deadline, [event["id"]]]
            state["missed"].pop(slot, None)
        else:
            before[0] = deadline
            before[1].append(event["id"])
        if not state["next"] or deadline < state["next"]:
            state["next"] = deadline

    def answer(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
        slot = _slot(rule, key, event)
        if slot is None:
            return
        state["pending"].pop(slot, None)
        missed = state["missed"].pop(slot, None)
        if missed is not None:
            missed[3] = event["time"]
            changed.append(missed)

    def call_off(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
        slot = _slot(rule, key, event)
        if slot is not None:
            state["pending"].pop(slot, None)

    if then is not None:
        on(then, answer)
    for name in unless:
        on(name, call_off)
    for name in after:
        on(name, start)
    return start, answer, call_off


def _due_at(event: Event) -> int | None:
    try:
        return round(datetime.fromisoformat(event["data"]["due_at"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError):
        return None


def repeated(
    rule: str,
    count: int,
    within: int,
    *,
    key: str | None = None,
    distinct: Callable[[Event], Any] | None = None,
    where: Where = _always,
) -> Handler:
    """`count` events, or distinct values, within `within` ms; a burst lasts while events follow within it."""

    def handle(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
        slot = _slot(rule, key, event)
        if slot is None or not where(event):
            return
        time = event["time"]
        burst = state["bursts"].get(slot)
        if burst is not None:
            if time - burst[0] <= within:
                burst[0] = time
                burst[1][4].append(event["id"])
                changed.append(burst[1])
                return
            del state["bursts"][slot]
        window = [entry for entry in state["windows"].get(slot, ()) if time - entry[0] <= within]
        window.append([time, event["id"], distinct(event) if distinct else None])
        reached = len({entry[2] for entry in window}) if distinct else len(window)
        if reached < count:
            state["windows"][slot] = window
            return
        state["windows"].pop(slot, None)
        found = [rule, window[0][1], time, None, [entry[1] for entry in window]]
        state["bursts"][slot] = [time, found]
        fresh.append(found)

    return handle


def sequence(
    rule: str,
    first: str | None,
    then: str | None,
    within: int,
    *,
    without: Collection[str] = (),
    key: str | None = None,
    where: Where = _always,
    then_where: Where = _always,
) -> tuple[Handler, Handler]:
    """One event and then another within `within` ms; each event counts once."""

    def wait(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
        slot = _slot(rule, key, event)
        if slot is not None and where(event):
            state["waiting"].setdefault(slot, []).append([event["time"], event["id"]])

    def follow(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
        slot = _slot(rule, key, event)
        waiting = None if slot is None else state["waiting"].get(slot)
        if waiting and event["time"] - waiting[-1][0] <= within and then_where(event):
            anchor = waiting.pop()[1]
            fresh.append([rule, anchor, event["time"], None, [anchor, event["id"]]])

    def clear(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
        slot = _slot(rule, key, event)
        if slot is not None:
            state["waiting"].pop(slot, None)

    if then is not None:
        on(then, follow)
    for name in without:
        on(name, clear)
    if first is not None:
        on(first, wait)
    return wait, follow
