"""Contact centres whose events come by Amazon EventBridge: Amazon Connect and Genesys Cloud.

An API destination of EventBridge sends each event with a header that holds a secret: its connection uses the
authorisation type *API key*, with the header `X-Api-Key`.

| Amazon Connect | Genesys Cloud | Type |
|---|---|---|
| INITIATED | customer.start | `contact.started` |
| | flow.start, ivr.start | `contact.menu_entered` |
| QUEUED | acd.start | `contact.queued` |
| CONNECTED_TO_AGENT | user.start | `contact.answered` |
| PAUSED, RESUMED | | `contact.held`, `contact.resumed` |
| INITIATED by a transfer | | `contact.transferred` |
| DISCONNECTED before an agent | acd.end with ABANDON | `contact.abandoned` |
| DISCONNECTED | customer.end | `contact.ended` |
| all else | all else | `custom.amazon_connect_…`, `custom.genesys_…` |

Amazon Connect's events name no customer: its contacts are customers of their own until an event of another
system, such as the shop's, has both the contact and the customer.
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.delivery import Foreign
from touchline.collector.webhooks.fields import (
    Object,
    Rule,
    as_text,
    as_time,
    at,
    constant,
    digest,
    seconds_between,
    taken,
    text,
)
from touchline.collector.webhooks.kind import Kind, mapped, object_of
from touchline.collector.webhooks.signatures import check_token
from touchline.collector.webhooks.source import Opened, Source


def _direction(event: Object) -> str | None:
    match as_text(event.get("initiationMethod")) or as_text(event.get("direction")):
        case "INBOUND" | "API" | "CALLBACK" | "WEBRTC_API" | "MESSAGING_PLATFORM_API":
            return "inbound"
        case "OUTBOUND":
            return "outbound"
    return None


_CONNECT = {
    "contact_id": text("initialContactId", "contactId"),
    "queue": text("queueInfo.queueArn"),
    "agent": text("agentInfo.agentArn"),
}
_CONNECT_RULES: Final[Mapping[str, Rule]] = {
    "INITIATED": Rule("contact.started", {**_CONNECT, "direction": _direction}),
    "INITIATED transfer": Rule("contact.transferred", _CONNECT),
    "QUEUED": Rule("contact.queued", _CONNECT),
    "CONNECTED_TO_AGENT": Rule(
        "contact.answered",
        {
            **_CONNECT,
            "wait_seconds": seconds_between(
                "queueInfo.enqueueTimestamp", "agentInfo.connectedToAgentTimestamp"
            ),
        },
    ),
    "PAUSED": Rule("contact.held", _CONNECT),
    "RESUMED": Rule("contact.resumed", _CONNECT),
    "DISCONNECTED": Rule(
        "contact.ended",
        {**_CONNECT, "seconds": seconds_between("initiationTimestamp", "disconnectTimestamp")},
    ),
    "DISCONNECTED unanswered": Rule("contact.abandoned", {**_CONNECT, "stage": text("stage")}),
}
_CONNECT_TIMES: Final[Mapping[str, str]] = {
    "INITIATED": "initiationTimestamp",
    "QUEUED": "queueInfo.enqueueTimestamp",
    "CONNECTED_TO_AGENT": "agentInfo.connectedToAgentTimestamp",
    "DISCONNECTED": "disconnectTimestamp",
}

_GENESYS = {"contact_id": text("conversationId"), "queue": text("queueId"), "agent": text("userId")}
_GENESYS_RULES: Final[Mapping[str, Rule]] = {
    "customer.start": Rule("contact.started", {**_GENESYS, "direction": _direction}),
    "flow.start": Rule("contact.menu_entered", {**_GENESYS, "menu": text("flowName", "flowId")}),
    "ivr.start": Rule("contact.menu_entered", _GENESYS),
    "acd.start": Rule("contact.queued", _GENESYS),
    "user.start": Rule("contact.answered", _GENESYS),
    "acd.abandoned": Rule("contact.abandoned", {**_GENESYS, "stage": constant("queue")}),
    "customer.end": Rule("contact.ended", _GENESYS),
}
_ENDINGS = ("start", "end")
_CHANNELS = {"VOICE": "phone", "CALLBACK": "phone", "EMAIL": "email", "VIDEO": "web", "TASK": "field"}


def check(received: Received, opened: Opened[Source]) -> None:
    """The secret in the header `X-Api-Key`."""
    check_token(received.headers.get("x-api-key", ""), opened.secrets)


def connect_events(received: Received, opened: Opened[Source]) -> list[Foreign]:
    """The contact event of a request."""
    event = object_of(received.body)
    given = event.get("detail")
    detail: dict[str, Any] = given if isinstance(given, dict) else {}
    name = as_text(detail.get("eventType")) or as_text(event.get("detail-type")) or "unnamed"
    answered = as_text(at(detail, "agentInfo.connectedToAgentTimestamp")) is not None
    story = name
    if name == "INITIATED" and "TRANSFER" in (as_text(detail.get("initiationMethod")) or ""):
        story = "INITIATED transfer"
    elif name == "DISCONNECTED" and not answered and _direction(detail) == "inbound":
        story = "DISCONNECTED unanswered"
        detail = {**detail, "stage": "queue" if isinstance(detail.get("queueInfo"), dict) else "menu"}
    time = as_time(at(detail, _CONNECT_TIMES.get(name, "none"))) or as_time(event.get("time"))
    key = as_text(event.get("id")) or digest(received.body)
    channel = opened.channel(_CHANNELS.get(str(detail.get("channel")), "chat"))
    known = {
        "phone": text("customerEndpoint.address")(detail),
        opened.customer("connect"): detail.get("customerId"),
    }
    data = taken({"contact_id": _CONNECT["contact_id"]}, detail)
    part = Foreign(received.body, name, key, time, channel, "", known, data, detail)
    rule = _CONNECT_RULES.get(story)
    return [part if rule is None else part._replace(type=rule.type, data=taken(rule.data, detail))]


def genesys_events(received: Received, opened: Opened[Source]) -> list[Foreign]:
    """The conversation event of a request."""
    event = object_of(received.body)
    given = at(event, "detail.eventBody")
    body: dict[str, Any] = given if isinstance(given, dict) else {}
    topic = text("detail.topicName", "detail-type")(event) or "unnamed"
    # v2.detail.events.conversation.{id}.customer.start
    steps = topic.split(".")
    name = ".".join(steps[-2:]) if steps[-1] in _ENDINGS else steps[-1]
    story = name
    if name == "acd.end" and str(body.get("acdOutcome")).upper().startswith("ABANDON"):
        story = "acd.abandoned"
    time = as_time(body.get("eventTime")) or as_time(event.get("time"))
    key = as_text(event.get("id")) or digest(received.body)
    channel = opened.channel(_CHANNELS.get(str(body.get("mediaType")).upper(), "chat"))
    far = "dnis" if _direction(body) == "outbound" else "ani"
    known = {
        **_address(as_text(body.get(far))),
        opened.customer("genesys"): at(body, "conversationExternalContactIds.0"),
    }
    data = taken({"contact_id": _GENESYS["contact_id"]}, body)
    part = Foreign(received.body, name, key, time, channel, "", known, data, body)
    rule = _GENESYS_RULES.get(story)
    return [part if rule is None else part._replace(type=rule.type, data=taken(rule.data, body))]


def _address(given: str | None) -> dict[str, str]:
    """The identifier of an address such as `tel:+4930901820` or `sip:…`."""
    if given is None or given.startswith("sip:"):
        return {}
    return {"email": given} if "@" in given else {"phone": given.removeprefix("tel:")}


AMAZON_CONNECT: Final = Kind(
    name="amazon-connect",
    title="Amazon Connect",
    source=Source,
    check=check,
    translate=mapped(connect_events),
)
GENESYS: Final = Kind(
    name="genesys", title="Genesys Cloud", source=Source, check=check, translate=mapped(genesys_events)
)
