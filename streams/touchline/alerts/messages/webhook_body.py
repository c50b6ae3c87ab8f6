"""The body of a webhook, and its JSON Schema, which `docs/reference/webhook.schema.json` publishes."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.incident_text import rfc3339
from touchline.alerts.messages.message import Message

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339, in UTC."""


class Body(BaseModel):
    """An object of a body; its fields are all there are, and all of them are always there."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Journey(Body):
    """A journey that shows the incident."""

    journey: str
    """Its id."""
    link: str
    """Its page; empty without `public_url`."""


class Action(Body):
    """A link by which a reader acts on the incident."""

    label: str
    url: str


class IncidentBody(Body):
    """A notification of an incident."""

    type: Literal["incident"]
    status: Literal["firing", "resolved", "followup"]
    """`followup` reports what became of an incident after its end."""
    taken_back: bool
    """Whether late events showed that the incident did not happen."""
    fingerprint: str
    """Equal for all incidents of a rule with the same labels: deduplicate by it."""
    incident: str
    """The id of this incident alone."""
    version: int
    """Grows with every change of the incident."""
    rule: str
    """The id of the alert rule."""
    severity: Literal["critical", "warning", "info"]
    title: str
    """The title of the alert rule."""
    summary: str
    """One sentence: what, where, since when, how many customers, and what is usual."""
    labels: dict[str, str]
    """Where: the labels of the rule and of the installation."""
    since: Time
    """When it began."""
    until: Time | None
    """When it ended; null while it fires."""
    count: int
    """Frictions or events."""
    customers: int
    """Affected customers."""
    usual: float | None
    """The usual number at this hour; null without a baseline."""
    evidence: tuple[Journey, ...]
    """Up to three journeys."""
    link: str
    """The live page; empty without `public_url`."""
    sent_at: Time
    zone: str
    """The time zone of the texts."""
    subject: str
    """One line, from the template."""
    body: str
    """The text in plain lines, from the template."""
    ended: str
    """When and after how long it ended, in words; empty while it fires."""
    causes: tuple[str, ...]
    """Likely causes, or why there are none: up to three sentences."""
    changes: tuple[str, ...]
    """Changes that were deployed in the hour before it began: up to three sentences."""
    cost: str
    """The associated loss in words; empty where it is not known."""
    owner: str
    """The owner of the rule; may be empty."""
    why: str
    """Why the rule matters; may be empty."""
    runbook: str
    """The address of the rule's runbook; may be empty."""
    story: tuple[str, ...]
    """What people did about it: up to ten lines."""
    acknowledged_by: str
    """Who acknowledged it; empty if nobody did."""
    actions: tuple[Action, ...]
    """Up to five."""


class ReportBody(Body):
    """A report, such as the weekly digest."""

    type: Literal["report"]
    key: str
    """Its identity, such as `weekly.2026-W48`: deduplicate by it."""
    subject: str
    summary: str
    """The most important of it, as a few plain lines."""
    text: str
    """All of it, as Markdown."""
    html: str
    """All of it, as a page of HTML."""
    link: str
    """The page that shows it; empty without `public_url`."""
    sent_at: Time


def incident_body(message: Message) -> IncidentBody:
    """The body about an incident."""
    until = None if message.until is None else rfc3339(message.until)
    times = {"since": rfc3339(message.since), "until": until, "sent_at": rfc3339(message.sent_at)}
    return IncidentBody.model_validate({"type": "incident", **asdict(message), **times})


def report_body(bulletin: Bulletin) -> ReportBody:
    """The body with a report."""
    times = {"sent_at": rfc3339(bulletin.sent_at)}
    return ReportBody.model_validate({"type": "report", **asdict(bulletin), **times})


def webhook_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of every body."""
    models = (IncidentBody, ReportBody)
    references, defined = models_json_schema([(model, "serialization") for model in models])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Body of a Touchline webhook",
        "oneOf": [references[model, "serialization"] for model in models],
        **defined,
    }
