"""Twilio: status callbacks of calls, TaskRouter's event callbacks, and Event Streams (Studio, TaskRouter).

| Twilio | Type |
|---|---|
| incoming call: ringing, or its end if nothing came before | `contact.started` |
| outgoing call: initiated | `contact.started`, `direction` outbound |
| call, or the leg to an agent: in-progress | `contact.answered` |
| call: completed | `contact.ended` |
| incoming call: busy, failed, no-answer, canceled | `contact.abandoned` |
| TaskRouter: task.created | `contact.started` |
| TaskRouter: task-queue.entered | `contact.queued` |
| TaskRouter: reservation.accepted | `contact.answered` |
| TaskRouter: task.transfer-completed | `contact.transferred` |
| TaskRouter: task.canceled | `contact.abandoned` |
| TaskRouter: task.completed | `contact.ended` |
| Studio: flow.execution.started | `contact.menu_entered` |
| all else | `custom.twilio_…` |

A contact is the call. A task without a call is a contact of its own.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from touchline.collector.dialects.dialect import Received, Unsplittable
from touchline.collector.webhooks.delivery import PERSONAL, Foreign
from touchline.collector.webhooks.fields import (
    Object,
    Rule,
    as_number,
    as_text,
    as_time,
    at,
    constant,
    digest,
    number,
    taken,
    text,
)
from touchline.collector.webhooks.kind import Kind, elements_of, mapped
from touchline.collector.webhooks.signatures import WrongSignature, check_hmac
from touchline.collector.webhooks.source import Opened, TwilioSource

_MOST_FIELDS: Final = 500
_BODY_DIGEST: Final = "bodySHA256"

TWILIOS_PERSONAL: Final = (
    PERSONAL
    | {"CallerName", "StirVerstat", "contact_channel_address"}
    | {
        f"{end}{part}"
        for end in ("Caller", "From", "Called", "To")
        for part in ("City", "Zip", "State", "Country")
    }
)
"""Fields that are not kept: also the name and the place of a caller."""

_STARTED = {"contact_id": text("CallSid")}
_ENDED = {**_STARTED, "seconds": number("CallDuration")}
_LEG = {"contact_id": text("ParentCallSid")}
_CALLS: Final[Mapping[tuple[str, str], Rule]] = {
    ("inbound", "ringing"): Rule("contact.started", {**_STARTED, "direction": constant("inbound")}),
    ("inbound", "in-progress"): Rule("contact.answered", _STARTED),
    ("inbound", "completed"): Rule("contact.ended", _ENDED),
    ("inbound", "busy"): Rule("contact.abandoned", _STARTED),
    ("inbound", "failed"): Rule("contact.abandoned", _STARTED),
    ("inbound", "no-answer"): Rule("contact.abandoned", _STARTED),
    ("inbound", "canceled"): Rule("contact.abandoned", _STARTED),
    ("outbound", "initiated"): Rule("contact.started", {**_STARTED, "direction": constant("outbound")}),
    ("outbound", "in-progress"): Rule("contact.answered", _STARTED),
    ("outbound", "completed"): Rule("contact.ended", _ENDED),
    ("leg", "in-progress"): Rule("contact.answered", {**_LEG, "agent": text("To")}),
}

_TASK = {
    "contact_id": text("contact_id"),
    "reason": text("attributes.reason"),
    "queue": text("TaskQueueName"),
}
_AGENT = {"agent": text("WorkerSid")}
_TASKS: Final[Mapping[str, Rule]] = {
    "task.created": Rule("contact.started", {**_TASK, "direction": text("attributes.direction")}),
    "task-queue.entered": Rule("contact.queued", _TASK),
    "reservation.accepted": Rule("contact.answered", {**_TASK, **_AGENT, "wait_seconds": number("TaskAge")}),
    "task.transfer-completed": Rule("contact.transferred", {**_TASK, **_AGENT}),
    "task.canceled": Rule("contact.abandoned", {**_TASK, "stage": constant("queue")}),
    "task.completed": Rule("contact.ended", {**_TASK, "seconds": number("TaskAge")}),
}

_FLOWS: Final[Mapping[str, Rule]] = {
    "studio.flow.execution.started": Rule(
        "contact.menu_entered", {"contact_id": text("contact_id"), "menu": text("flow_sid")}
    ),
}

_TASK_CHANNELS = {"voice": "phone", "email": "email", "default": "phone"}
_CONTACT_OF_TASK = (
    *("attributes.call_sid", "attributes.conversationSid", "attributes.conversations.conversation_id"),
    *("attributes.channelSid", "TaskSid"),
)


def check(received: Received, opened: Opened[TwilioSource]) -> None:
    """The HMAC-SHA1 over the source's URL and the sorted fields, or over the URL with the body's digest."""
    url = opened.source.url
    given = received.headers.get("x-twilio-signature", "")
    if announced := received.query.get(_BODY_DIGEST):
        if not hmac.compare_digest(hashlib.sha256(received.body).hexdigest(), announced.lower()):
            raise WrongSignature("the digest in bodySHA256 is not that of the body")
        signed = f"{url}{'&' if '?' in url else '?'}{_BODY_DIGEST}={announced}"
    else:
        signed = url + "".join(name + value for name, value in sorted(set(_pairs(received.body))))
    check_hmac(
        signed.encode("utf-8", "surrogatepass"), given, opened.secrets, algorithm="sha1", encoding="base64"
    )


def events(received: Received, opened: Opened[TwilioSource]) -> list[Foreign]:
    """The events of a callback in form fields, or of a list of CloudEvents."""
    if received.body.lstrip()[:1] in (b"[", b"{"):
        streamed = elements_of(received.body)
        if not all(isinstance(event, dict) for _, event in streamed):
            raise Unsplittable("the body is not a list of events")
        return [_streamed(original, event, opened) for original, event in streamed]
    form = dict(_pairs(received.body))
    original = orjson.dumps(form)
    if form.get("EventType"):
        return [_task(form["EventType"], form.get("Sid"), form, original, opened)]
    if form.get("CallSid"):
        return _call(form, original, opened)
    name = f"message {form.get('MessageStatus') or form.get('SmsStatus') or 'unnamed'}"
    key = form.get("MessageSid") or form.get("SmsSid") or digest(received.body)
    channel = opened.channel("chat")
    known = _address(form.get("To"))
    return [
        Foreign(
            original,
            name,
            f"{key}:{name}",
            None,
            channel,
            identifiers=known,
            rest=form,
            personal=TWILIOS_PERSONAL,
        )
    ]


def _call(form: dict[str, str], original: bytes, opened: Opened[TwilioSource]) -> list[Foreign]:
    sid, status = form["CallSid"], form.get("CallStatus", "unnamed")
    side = "leg" if form.get("ParentCallSid") else form.get("Direction", "inbound").partition("-")[0]
    rule = _CALLS.get((side, status))
    time = as_time(form.get("Timestamp"))
    known = _address(form.get("To" if side == "outbound" else "From"))
    name = f"leg {status}" if side == "leg" else f"call {status}"
    part = Foreign(
        original,
        name,
        f"{sid}:{status}",
        time,
        opened.channel("phone"),
        identifiers=known,
        rest=form,
        personal=TWILIOS_PERSONAL,
    )
    found = [_with(part, rule, form)]
    if side == "inbound" and status == "ringing":
        found[0] = found[0]._replace(key=f"{sid}:started")
    duration = as_number(form.get("CallDuration"))
    if side == "inbound" and status == "completed" and time and duration is not None and duration >= 0:
        # Twilio reports an incoming call once, at its end.
        began = datetime.fromisoformat(time) - timedelta(seconds=min(duration, 604_800))
        start = part._replace(key=f"{sid}:started", time=as_time(began.isoformat()))
        found.insert(0, _with(start, _CALLS["inbound", "ringing"], form))
    return found


def _task(
    name: str, sid: str | None, fields: Object, original: bytes, opened: Opened[TwilioSource]
) -> Foreign:
    attributes = _attributes(fields.get("TaskAttributes"))
    event = {**fields, "attributes": attributes}
    contact = text(*_CONTACT_OF_TASK)(event)
    event["contact_id"] = contact
    channel = _TASK_CHANNELS.get(str(fields.get("TaskChannelUniqueName")), "chat")
    time = as_time(fields.get("TimestampMs")) or as_time(fields.get("Timestamp"))
    known: dict[str, Any] = {
        **_address(text("attributes.from", "attributes.caller", "attributes.customerAddress")(event)),
        "email": text("attributes.email", "attributes.customers.email")(event),
    }
    rest = {**fields, "TaskAttributes": attributes} if attributes else fields
    key = sid or digest(original)
    part = Foreign(
        original,
        name,
        key,
        time,
        opened.channel(channel),
        identifiers=known,
        rest=rest,
        personal=TWILIOS_PERSONAL,
    )
    part = part._replace(data={"contact_id": contact} if contact else {})
    return _with(part, _TASKS.get(name), event)


def _streamed(original: bytes, event: dict[str, Any], opened: Opened[TwilioSource]) -> Foreign:
    name = (as_text(event.get("type")) or "unnamed").removeprefix("com.twilio.")
    given = event.get("data")
    data: dict[str, Any] = given if isinstance(given, dict) else {}
    key = as_text(event.get("id"))
    if name.startswith("taskrouter."):
        payload = at(data, "payload")
        fields = {
            _camel(part): value for part, value in (payload if isinstance(payload, dict) else {}).items()
        }
        return _task(name.removeprefix("taskrouter."), key, fields, original, opened)
    time = as_time(event.get("time")) or as_time(data.get("date_created"))
    by = as_text(data.get("started_by")) or ""
    contact = by if by.startswith("CA") else text("execution_sid", "call_sid")(data)
    channel = opened.channel("phone" if by.startswith("CA") else "chat")
    known = _address(as_text(data.get("contact_channel_address")))
    key = key or digest(original)
    part = Foreign(original, name, key, time, channel, identifiers=known, rest=data)
    part = part._replace(data={"contact_id": contact} if contact else {})
    return _with(part, _FLOWS.get(name), {**data, "contact_id": contact})


def _with(part: Foreign, rule: Rule | None, event: Object) -> Foreign:
    if rule is not None:
        return part._replace(type=rule.type, data=taken(rule.data, event))
    contact = text("ParentCallSid", "CallSid")(event)
    return part._replace(data={"contact_id": contact}) if contact and not part.data else part


def _address(given: Any) -> dict[str, str]:
    """The identifier of an address: a phone number, also behind `whatsapp:`; or a client's name."""
    address = as_text(given)
    if address is None or address.startswith("sip:"):
        return {}
    scheme, colon, rest = address.partition(":")
    if not colon:
        return {"phone": address}
    return {"twilio_client": rest} if scheme == "client" else {"phone": rest}


def _attributes(given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return {}
    return given if isinstance(given, dict) else {}


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        given = body.decode("utf-8", "replace")
        return parse_qsl(given, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise WrongSignature(f"the body has more than {_MOST_FIELDS} fields") from None


TWILIO: Final = Kind(
    name="twilio", title="Twilio", source=TwilioSource, check=check, translate=mapped(events)
)
