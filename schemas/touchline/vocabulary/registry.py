"""The table of event types, and the JSON Schema of each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from touchline.vocabulary.data import EventData
from touchline.vocabulary.envelope import Envelope
from touchline.vocabulary.families import (
    audit,
    case,
    change,
    contact,
    followup,
    identity,
    life,
    marketing,
    order,
    promise,
    selfservice,
    staff,
    store,
    voice,
    web,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"

OWN_PHASE: Final = 5
"""The phase of a team's own types, unless their tracking plan says otherwise."""

Violations = Literal["allow", "quarantine", "reject"]
"""What the collector does with an event that violates the tracking plan: store it all the same, put it into
quarantine, or refuse it, which keeps nothing."""


@dataclass(frozen=True)
class EventType:
    """An event type of the vocabulary, or of a team's tracking plan.

    Attributes:
        name: `family.verb`, as producers send it.
        family: The family of types that it belongs to.
        phase: Its place among events of the same millisecond, 0 to 9; see `touchline.vocabulary.order`.
        model: The model of its data.
        version: The version of the model.
        channels: The channels on which it may occur; empty for all.
        owner: Who answers for it.
        violations: What happens to an event that the model or the channels exclude.
        base: For a type of the vocabulary that a plan tightens, the type as it is in the vocabulary.
        internal: Whether it is about the company itself, and so no touchpoint of a customer.
    """

    name: str
    family: str
    phase: int
    model: type[EventData]
    version: int = 1
    channels: frozenset[str] = frozenset()
    owner: str = ""
    violations: Violations = "quarantine"
    base: "EventType | None" = None
    internal: bool = False

    @property
    def doc(self) -> str:
        """When to send it, in one line."""
        return (self.model.__doc__ or "").strip().partition("\n")[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields of its data, as producers send them."""
        return tuple(info.alias or name for name, info in self.model.model_fields.items())


_TYPES = (
    EventType("campaign.delivered", "marketing", 0, marketing.CampaignDelivered),
    EventType("campaign.opened", "marketing", 1, marketing.CampaignOpened),
    EventType("campaign.clicked", "marketing", 2, marketing.CampaignClicked),
    EventType("coupon.redeemed", "marketing", 3, marketing.CouponRedeemed),
    EventType("page.viewed", "web", 0, web.PageViewed),
    EventType("page.failed", "web", 3, web.PageFailed),
    EventType("page.stalled", "web", 3, web.PageStalled),
    EventType("search.performed", "web", 1, web.SearchPerformed),
    EventType("element.clicked", "web", 2, web.ElementClicked),
    EventType("element.rage_clicked", "web", 3, web.ElementRageClicked),
    EventType("element.dead_clicked", "web", 3, web.ElementDeadClicked),
    EventType("error.shown", "web", 4, web.ErrorShown),
    EventType("form.started", "web", 1, web.FormStarted),
    EventType("form.field_failed", "web", 3, web.FormFieldFailed),
    EventType("form.submitted", "web", 6, web.FormSubmitted),
    EventType("help.searched", "selfservice", 1, selfservice.HelpSearched),
    EventType("help.viewed", "selfservice", 2, selfservice.HelpViewed),
    EventType("help.failed", "selfservice", 4, selfservice.HelpFailed),
    EventType("help.succeeded", "selfservice", 6, selfservice.HelpSucceeded),
    EventType("cart.updated", "order", 1, order.CartUpdated),
    EventType("checkout.started", "order", 2, order.CheckoutStarted),
    EventType("checkout.step_completed", "order", 3, order.CheckoutStepCompleted),
    EventType("payment.failed", "order", 4, order.PaymentFailed),
    EventType("order.placed", "order", 6, order.OrderPlaced),
    EventType("order.failed", "order", 5, order.OrderFailed),
    EventType("order.cancelled", "order", 8, order.OrderCancelled),
    EventType("delivery.scheduled", "order", 7, order.DeliveryScheduled),
    EventType("delivery.completed", "order", 8, order.DeliveryCompleted),
    EventType("return.requested", "order", 8, order.ReturnRequested),
    EventType("refund.issued", "order", 9, order.RefundIssued),
    EventType("contact.started", "contact", 0, contact.ContactStarted),
    EventType("contact.menu_entered", "contact", 1, contact.ContactMenuEntered),
    EventType("contact.queued", "contact", 2, contact.ContactQueued),
    EventType("contact.answered", "contact", 3, contact.ContactAnswered),
    EventType("contact.held", "contact", 4, contact.ContactHeld),
    EventType("contact.resumed", "contact", 5, contact.ContactResumed),
    EventType("contact.transferred", "contact", 6, contact.ContactTransferred),
    EventType("contact.escalated", "contact", 7, contact.ContactEscalated),
    EventType("contact.reauthenticated", "contact", 4, contact.ContactReauthenticated),
    EventType("contact.abandoned", "contact", 8, contact.ContactAbandoned),
    EventType("contact.ended", "contact", 9, contact.ContactEnded),
    EventType("visit.started", "store", 0, store.VisitStarted),
    EventType("assistance.requested", "store", 2, store.AssistanceRequested),
    EventType("assistance.given", "store", 5, store.AssistanceGiven),
    EventType("request.denied", "store", 6, store.RequestDenied),
    EventType("visit.ended", "store", 9, store.VisitEnded),
    EventType("promise.made", "promise", 1, promise.PromiseMade),
    EventType("promise.kept", "promise", 6, promise.PromiseKept),
    EventType("promise.broken", "promise", 7, promise.PromiseBroken),
    EventType("followup.scheduled", "followup", 1, followup.FollowupScheduled),
    EventType("followup.completed", "followup", 6, followup.FollowupCompleted),
    EventType("feedback.given", "voice", 1, voice.FeedbackGiven),
    EventType("feedback.answered", "voice", 6, voice.FeedbackAnswered),
    EventType("mention.posted", "voice", 1, voice.MentionPosted),
    EventType("mention.answered", "voice", 6, voice.MentionAnswered),
    EventType("identity.linked", "identity", 0, identity.IdentityLinked),
    EventType("account.opened", "life", 0, life.AccountOpened),
    EventType("account.closed", "life", 9, life.AccountClosed),
    EventType("subscription.cancelled", "life", 9, life.SubscriptionCancelled),
    EventType("staff.feedback_given", "staff", 1, staff.StaffFeedbackGiven),
    EventType("change.deployed", "change", 0, change.ChangeDeployed),
    EventType("case.assigned", "case", 1, case.CaseAssigned, internal=True),
    EventType("case.commented", "case", 5, case.CaseCommented, internal=True),
    EventType("case.closed", "case", 8, case.CaseClosed, internal=True),
    EventType("case.reopened", "case", 9, case.CaseReopened, internal=True),
    EventType("audit.step_passed", "audit", 6, audit.StepPassed, internal=True),
    EventType("audit.step_failed", "audit", 6, audit.StepFailed, internal=True),
)

EVENT_TYPES: Mapping[str, EventType] = MappingProxyType(
    {event_type.name: event_type for event_type in _TYPES}
)
"""Event types by name, in the order of their families."""

CUSTOM_FAMILY: Final = "custom"
"""The family of types that need no declaration: their data may be anything."""

_CUSTOM_NAME = re.compile(rf"{CUSTOM_FAMILY}\.\w{{1,100}}\Z")


class CustomData(EventData):
    """Something that a producer calls by a name of its own, as `custom.NAME`; its data may be anything."""


_CUSTOM = EventType(f"{CUSTOM_FAMILY}.*", CUSTOM_FAMILY, OWN_PHASE, CustomData)


def is_custom(name: str) -> bool:
    """Whether a type, or a pattern such as `custom.*`, is of the family `custom`."""
    return name.startswith(f"{CUSTOM_FAMILY}.")


def type_of(name: str, types: Mapping[str, EventType]) -> EventType | None:
    """The type with a name: one of `types`, or an undeclared one of the family `custom`; None if unknown."""
    found = types.get(name)
    return _CUSTOM if found is None and _CUSTOM_NAME.match(name) else found


def envelope_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of an event of any type."""
    schema = Envelope.model_json_schema()
    # Kinds that do not match the pattern are rejected.
    schema["properties"]["identifiers"]["additionalProperties"] = False
    return {"$schema": DIALECT, **schema}


def json_schema(name: str, types: Mapping[str, EventType] = EVENT_TYPES) -> dict[str, Any]:
    """JSON Schema (2020-12) of a whole event of one type: the envelope with the type's data.

    Raises:
        KeyError: none of the `types` has that name.
    """
    event_type = types[name]
    schema = envelope_schema()
    data = event_type.model.model_json_schema()
    schema["$defs"] |= data.pop("$defs", {})
    schema["properties"] |= {
        "type": {"const": name},
        "data": data,
    }
    if data.get("required"):
        schema["required"] = [*schema["required"], "data"]
    if event_type.channels:
        schema["properties"]["channel"] = {"enum": sorted(event_type.channels)}
    return schema | {"title": name, "description": event_type.doc}
