"""The table of event types, and the JSON Schema of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from touchline.vocabulary.data import EventData
from touchline.vocabulary.envelope import Envelope
from touchline.vocabulary.families import (
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


@dataclass(frozen=True)
class EventType:
    """An event type: its name, its family, the model of its data, and the model's version."""

    name: str
    family: str
    model: type[EventData]
    version: int = 1

    @property
    def doc(self) -> str:
        """When to send it, in one line."""
        return (self.model.__doc__ or "").strip().partition("\n")[0]


_TYPES = (
    EventType("campaign.delivered", "marketing", marketing.CampaignDelivered),
    EventType("campaign.opened", "marketing", marketing.CampaignOpened),
    EventType("campaign.clicked", "marketing", marketing.CampaignClicked),
    EventType("coupon.redeemed", "marketing", marketing.CouponRedeemed),
    EventType("page.viewed", "web", web.PageViewed),
    EventType("search.performed", "web", web.SearchPerformed),
    EventType("element.clicked", "web", web.ElementClicked),
    EventType("element.rage_clicked", "web", web.ElementRageClicked),
    EventType("element.dead_clicked", "web", web.ElementDeadClicked),
    EventType("error.shown", "web", web.ErrorShown),
    EventType("form.started", "web", web.FormStarted),
    EventType("form.field_failed", "web", web.FormFieldFailed),
    EventType("form.submitted", "web", web.FormSubmitted),
    EventType("help.searched", "selfservice", selfservice.HelpSearched),
    EventType("help.viewed", "selfservice", selfservice.HelpViewed),
    EventType("help.failed", "selfservice", selfservice.HelpFailed),
    EventType("help.succeeded", "selfservice", selfservice.HelpSucceeded),
    EventType("cart.updated", "order", order.CartUpdated),
    EventType("checkout.started", "order", order.CheckoutStarted),
    EventType("checkout.step_completed", "order", order.CheckoutStepCompleted),
    EventType("payment.failed", "order", order.PaymentFailed),
    EventType("order.placed", "order", order.OrderPlaced),
    EventType("order.failed", "order", order.OrderFailed),
    EventType("order.cancelled", "order", order.OrderCancelled),
    EventType("delivery.scheduled", "order", order.DeliveryScheduled),
    EventType("delivery.completed", "order", order.DeliveryCompleted),
    EventType("return.requested", "order", order.ReturnRequested),
    EventType("refund.issued", "order", order.RefundIssued),
    EventType("contact.started", "contact", contact.ContactStarted),
    EventType("contact.menu_entered", "contact", contact.ContactMenuEntered),
    EventType("contact.queued", "contact", contact.ContactQueued),
    EventType("contact.answered", "contact", contact.ContactAnswered),
    EventType("contact.held", "contact", contact.ContactHeld),
    EventType("contact.resumed", "contact", contact.ContactResumed),
    EventType("contact.transferred", "contact", contact.ContactTransferred),
    EventType("contact.escalated", "contact", contact.ContactEscalated),
    EventType("contact.reauthenticated", "contact", contact.ContactReauthenticated),
    EventType("contact.abandoned", "contact", contact.ContactAbandoned),
    EventType("contact.ended", "contact", contact.ContactEnded),
    EventType("visit.started", "store", store.VisitStarted),
    EventType("assistance.requested", "store", store.AssistanceRequested),
    EventType("assistance.given", "store", store.AssistanceGiven),
    EventType("request.denied", "store", store.RequestDenied),
    EventType("visit.ended", "store", store.VisitEnded),
    EventType("promise.made", "promise", promise.PromiseMade),
    EventType("promise.kept", "promise", promise.PromiseKept),
    EventType("promise.broken", "promise", promise.PromiseBroken),
    EventType("followup.scheduled", "followup", followup.FollowupScheduled),
    EventType("followup.completed", "followup", followup.FollowupCompleted),
    EventType("feedback.given", "voice", voice.FeedbackGiven),
    EventType("feedback.answered", "voice", voice.FeedbackAnswered),
    EventType("mention.posted", "voice", voice.MentionPosted),
    EventType("mention.answered", "voice", voice.MentionAnswered),
    EventType("identity.linked", "identity", identity.IdentityLinked),
    EventType("account.opened", "life", life.AccountOpened),
    EventType("account.closed", "life", life.AccountClosed),
    EventType("subscription.cancelled", "life", life.SubscriptionCancelled),
    EventType("staff.feedback_given", "staff", staff.StaffFeedbackGiven),
    EventType("change.deployed", "change", change.ChangeDeployed),
)

EVENT_TYPES: Mapping[str, EventType] = MappingProxyType(
    {event_type.name: event_type for event_type in _TYPES}
)
"""Event types by name, in the order of their families."""


def envelope_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of an event of any type."""
    schema = Envelope.model_json_schema()
    # Kinds that do not match the pattern are rejected.
    schema["properties"]["identifiers"]["additionalProperties"] = False
    return {"$schema": DIALECT, **schema}


def json_schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a whole event of one type: the envelope with the type's data.

    Raises:
        KeyError: the type is unknown.
    """
    event_type = EVENT_TYPES[name]
    schema = envelope_schema()
    data = event_type.model.model_json_schema()
    schema["$defs"] |= data.pop("$defs", {})
    schema["properties"] |= {
        "type": {"const": name},
        "data": data,
    }
    if data.get("required"):
        schema["required"] = [*schema["required"], "data"]
    return schema | {"title": name, "description": event_type.doc}
