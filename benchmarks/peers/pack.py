"""The default pack as one step over plain dictionaries: `step(state, event)` returns the frictions found.

A customer's state is one dictionary that JSON can hold, as stateful steps need it. Deadlines are in event
time: they are checked at the customer's next event, and at the end by `sweep`. A friction that gains evidence
or is resolved is returned again.
"""

import re
from uuid import NAMESPACE_URL, uuid5

from benchmarks.peers.patterns import (
    HANDLERS,
    Event,
    Found,
    Handler,
    State,
    Where,
    expect,
    match,
    on,
    repeated,
    sequence,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_NAMESPACE = uuid5(NAMESPACE_URL, "touchline")

SECOND_LAYER: dict[str, list[Handler]] = {}
"""Handlers by event type of the rules about frictions; no rule hears of what these find."""


def initial_state() -> State:
    """The state of a customer without events; `next` is the earliest deadline, or 0."""
    return {"next": 0, "pending": {}, "missed": {}, "windows": {}, "bursts": {}, "waiting": {}}


def step(state: State, event: Event) -> list[Found]:
    """Add a customer's next event to `state`; return the frictions that are new or changed."""
    out: list[Found] = []
    time, event_type = event["time"], event["type"]
    if state["next"] and time > state["next"]:
        _expire(state, time, out)
    fresh: list[Found] = []
    if handlers := HANDLERS.get(event_type):
        for handle in handlers:
            handle(state, event, fresh, out)
    if handlers := SECOND_LAYER.get(event_type):
        for handle in handlers:
            handle(state, event, out, out)
    if fresh:
        _run_second_layer(state, fresh, time, out)
    return out


def sweep(state: State, now: int) -> list[Found]:
    """The frictions of deadlines that passed by `now` (ms), for a customer without further events."""
    out: list[Found] = []
    if state["next"] and state["next"] <= now:
        _expire(state, now + 1, out)
    return out


def _expire(state: State, time: int, out: list[Found]) -> None:
    pending = state["pending"]
    while pending:
        slot = min(pending, key=lambda slot: pending[slot][0])
        deadline, evidence = pending[slot]
        if deadline >= time:
            state["next"] = deadline
            return
        del pending[slot]
        found = [slot.partition("|")[0], evidence[0], deadline, None, evidence]
        state["missed"][slot] = found
        if slot == "silence_after_friction":
            out.append(found)
        else:
            _run_second_layer(state, [found], deadline, out)
    state["next"] = 0


def _run_second_layer(state: State, fresh: list[Found], time: int, out: list[Found]) -> None:
    """Return what opened at `time`, and pass each friction's id to the rules about frictions."""
    out += fresh
    for friction in sorted(str(uuid5(_NAMESPACE, f"{found[0]}:{found[1]}")) for found in fresh):
        event = {"id": friction, "time": time}
        for handle in FRICTION_HANDLERS:
            handle(state, event, out, out)


def _number(event: Event, name: str) -> float | None:
    value = event["data"].get(name)
    return value if type(value) in (int, float) else None


def _waited_long(event: Event) -> bool:
    waited = _number(event, "wait_seconds")
    return event["channel"] in ("phone", "chat", "store") and waited is not None and waited > 300


def _waited_longer_than_told(event: Event) -> bool:
    waited, told = _number(event, "wait_seconds"), _number(event, "told_seconds")
    return waited is not None and told is not None and waited > told


def _scored(most: int, *metrics: str) -> Where:
    def holds(event: Event) -> bool:
        score = _number(event, "score")
        return event["data"].get("metric") in metrics and score is not None and score <= most

    return holds


def _not_the_last_step(event: Event) -> bool:
    return event["data"].get("step") not in ("confirmation", "completed", "thank_you")


_CONTACT_PAGE = re.compile(r"(?i)(^|[/_-])(contact|help|support|faq|kontakt|hilfe)")


def _contact_page(event: Event) -> bool:
    page = event["data"].get("page")
    return isinstance(page, str) and _CONTACT_PAGE.search(page) is not None


def _inbound(event: Event) -> bool:
    return bool(event["data"].get("direction") != "outbound")


def _took_long(event: Event) -> bool:
    seconds = _number(event, "seconds")
    return seconds is not None and seconds > 600


expect("cart_abandoned", ["cart.updated"], "order.placed", HOUR, unless=["checkout.started"], restart=True)
expect(
    "checkout_abandoned",
    ["checkout.started", "checkout.step_completed"],
    "order.placed",
    30 * MINUTE,
    unless=["order.failed"],
    restart=True,
    where=_not_the_last_step,
)
_FORM = ["form.started", "form.field_failed"]
expect("form_abandoned", _FORM, "form.submitted", 30 * MINUTE, key="form_id", restart=True)
sequence(
    "menu_abandoned",
    "contact.menu_entered",
    "contact.abandoned",
    HOUR,
    without=["contact.queued", "contact.answered"],
    key="contact_id",
)
sequence(
    "queue_abandoned",
    "contact.queued",
    "contact.abandoned",
    DAY,
    without=["contact.answered"],
    key="contact_id",
)
sequence(
    "chat_abandoned",
    "contact.started",
    "contact.abandoned",
    HOUR,
    without=["contact.menu_entered", "contact.queued", "contact.answered"],
    key="contact_id",
    where=lambda event: event["channel"] == "chat",
)
sequence(
    "visit_abandoned",
    "assistance.requested",
    "visit.ended",
    2 * HOUR,
    without=["assistance.given"],
    then_where=lambda event: event["data"].get("bought") is not True,
)
on("contact.started", repeated("repeat_contact", 2, 7 * DAY, key="reason", where=_inbound))
on(
    "contact.started",
    repeated(
        "channel_hopping", 3, 3 * DAY, key="reason", distinct=lambda event: event["channel"], where=_inbound
    ),
)
match("long_wait", "contact.answered", _waited_long)
expect(
    "long_hold",
    ["contact.held"],
    "contact.resumed",
    2 * MINUTE,
    unless=["contact.transferred", "contact.abandoned", "contact.ended"],
    key="contact_id",
)
on("contact.transferred", repeated("transfer_ping_pong", 2, 7 * DAY, key="contact_id"))
match("escalated", "contact.escalated")
match("reauthenticated", "contact.reauthenticated")
sequence(
    "self_service_failed",
    "help.failed",
    "contact.started",
    DAY,
    without=["help.succeeded"],
    then_where=_inbound,
)
on(
    "page.viewed",
    repeated(
        "contact_hard_to_find",
        4,
        10 * MINUTE,
        distinct=lambda event: event["data"]["page"],
        where=_contact_page,
    ),
)
match("form_too_long", "form.submitted", _took_long)
match("request_denied", "request.denied")
_ASKED = ["assistance.requested"]
expect("store_help_missed", _ASKED, "assistance.given", 10 * MINUTE, unless=["visit.ended"])
on("payment.failed", repeated("payment_failed_again", 2, HOUR))
match("order_failed", "order.failed")
match("rage_clicks", "element.rage_clicked")
on("element.dead_clicked", repeated("dead_clicks", 3, 10 * MINUTE))
match("promise_broken", "promise.broken")
_PROMISED = ["promise.made"]
expect("promise_overdue", _PROMISED, "promise.kept", None, unless=["promise.broken"], key="promise_id")
match("waited_longer_than_told", "contact.answered", _waited_longer_than_told)
match("waited_longer_than_told", "contact.abandoned", _waited_longer_than_told)
expect(
    "delivery_late",
    ["delivery.scheduled"],
    "delivery.completed",
    None,
    unless=["order.cancelled"],
    key="order_id",
)
expect("followup_missed", ["followup.scheduled"], "followup.completed", None, key="followup_id")
expect("mention_unanswered", ["mention.posted"], "mention.answered", HOUR, key="mention_id")
expect("mention_ignored", ["mention.posted"], "mention.answered", DAY, key="mention_id")
expect(
    "complaint_unanswered",
    ["feedback.given"],
    "feedback.answered",
    DAY,
    key="feedback_id",
    where=lambda event: event["data"].get("metric") == "complaint",
)
expect(
    "detractor_unanswered",
    ["feedback.given"],
    "feedback.answered",
    2 * DAY,
    key="feedback_id",
    where=_scored(6, "nps"),
)
match("low_score", "feedback.given", _scored(2, "csat", "review"))

_friction_before_leaving, _left = sequence("left_after_friction", None, None, 30 * DAY)
_friction_before_cancelling, _cancelled = sequence(
    "order_cancelled_after_friction",
    None,
    None,
    7 * DAY,
    then_where=lambda event: event["data"].get("by") != "company",
)
_silence_begins, _silence_ends, _silence_no_more = expect(
    "silence_after_friction", [], None, 30 * DAY, restart=True
)


def _back_by_a_contact(state: State, event: Event, fresh: list[Found], changed: list[Found]) -> None:
    if _inbound(event):
        _silence_ends(state, event, fresh, changed)


FRICTION_HANDLERS = (
    repeated("strike_out", 3, 7 * DAY),
    _friction_before_leaving,
    _friction_before_cancelling,
    _silence_begins,
)
SECOND_LAYER |= {
    "account.closed": [_left, _silence_no_more],
    "subscription.cancelled": [_left, _silence_no_more],
    "order.cancelled": [_cancelled],
    "cart.updated": [_silence_ends],
    "order.placed": [_silence_ends],
    "contact.started": [_back_by_a_contact],
    "visit.started": [_silence_ends],
}
