"""Where messages go: channels by name, and routes that choose among them by severity and rule."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from touchline.alerts.rules import Names, Pace, Severity, Span
from touchline.documents import Secret


class AddressModel(BaseModel):
    """The fields of every kind of channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: Span = Field(default="10s", validate_default=True)
    """How long one attempt may take (ms)."""


FrictionChangeKind = Literal["opened", "changed", "resolved", "retracted"]

Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class Alertmanager(AddressModel):
    """Prometheus' Alertmanager, API v2. Firing alerts are resent, as it expects."""

    kind: Literal["alertmanager"]
    url: Url
    token: Secret | None = None
    """For a proxy in front of it that asks for a bearer token."""


class PagerDuty(AddressModel):
    """PagerDuty, Events API v2: the integration key of a service."""

    kind: Literal["pagerduty"]
    routing_key: Secret
    url: Url = "https://events.pagerduty.com/v2/enqueue"
    changes: bool = True
    """Whether it gets deployed changes as change events."""


class Slack(AddressModel):
    """Slack: the address of an incoming webhook, which is a secret."""

    kind: Literal["slack"]
    url: Secret


class SlackBot(AddressModel):
    """Slack, by a bot's token: one message an incident, which is changed, and its story in the thread."""

    kind: Literal["slack_bot"]
    token: Secret
    channel: str
    """The id of the channel, such as C0123456789; not its name."""
    url: Url = "https://slack.com/api"

    @field_validator("channel")
    @classmethod
    def _is_an_id(cls, given: str) -> str:
        if not re.fullmatch(r"[CDG][A-Z0-9]{8,20}", given):
            raise ValueError(f"'{given}' is not a channel's id: write one such as C0123456789, not a name")
        return given


class Email(AddressModel):
    """E-mail by SMTP."""

    kind: Literal["email"]
    host: str
    port: int = Field(default=25, ge=1, le=65_535)
    security: Literal["none", "starttls", "tls"] = "none"
    user: str | None = None
    password: Secret | None = None
    sender: str = Field(pattern=r"^[^\s@]+@[^\s@]+$")
    to: Annotated[tuple[Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")], ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _one_is_short(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("to"), str):
            return {**given, "to": (given["to"],)}
        return given

    @model_validator(mode="after")
    def _password_is_kept(self) -> Self:
        if self.user is not None and self.security == "none":
            raise ValueError("a password is not sent in the clear: write security: starttls or tls")
        return self


class Webhook(AddressModel):
    """Any address that takes JSON; signed with HMAC-SHA256 if there is a secret."""

    kind: Literal["webhook"]
    url: Url
    secret: Secret | None = None


class Teams(AddressModel):
    """Microsoft Teams: the address of a workflow's webhook, which is a secret."""

    kind: Literal["teams"]
    url: Secret


class Jira(AddressModel):
    """Jira Service Management: the key of an API integration of a team's operations."""

    kind: Literal["jira"]
    key: Secret
    url: Url = "https://api.atlassian.com/jsm/ops/integration/v2"


class Opsgenie(AddressModel):
    """Opsgenie, until it ends on 5 April 2027: the key of an API integration."""

    kind: Literal["opsgenie"]
    key: Secret
    url: Url = "https://api.opsgenie.com/v2"


class IncidentIo(AddressModel):
    """incident.io: the address and the token of an HTTP alert source."""

    kind: Literal["incident_io"]
    token: Secret
    url: Url


class Apprise(AddressModel):
    """A service that Apprise supports, by its Apprise URL."""

    kind: Literal["apprise"]
    url: Secret


Address = Annotated[
    Alertmanager
    | PagerDuty
    | Slack
    | SlackBot
    | Teams
    | Jira
    | Opsgenie
    | IncidentIo
    | Email
    | Webhook
    | Apprise,
    Field(discriminator="kind"),
]

ADDRESSES: dict[str, type[AddressModel]] = {
    "alertmanager": Alertmanager,
    "pagerduty": PagerDuty,
    "slack": Slack,
    "slack_bot": SlackBot,
    "teams": Teams,
    "jira": Jira,
    "opsgenie": Opsgenie,
    "incident_io": IncidentIo,
    "email": Email,
    "webhook": Webhook,
    "apprise": Apprise,
}
"""Every kind of channel by its name."""

INCIDENT_KINDS = frozenset({"alertmanager", "pagerduty", "jira", "opsgenie", "incident_io"})
"""Kinds of channels that take incidents alone, and no reports."""


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list) else given


class FrictionWebhook(AddressModel):
    """A program that gets the changes of frictions of these rules, all where none is named."""

    url: Url
    secret: Secret
    rules: Names = ()
    changes: Annotated[tuple[FrictionChangeKind, ...], BeforeValidator(_listed)] = ()
    """The kinds of changes that it gets; all if none is named."""


class Escalation(BaseModel):
    """If nobody acknowledges within `after` (ms) of the first notification, these channels are notified."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Pace
    channels: Annotated[Names, Field(min_length=1)]


def _steps(given: Any) -> Any:
    return (given,) if isinstance(given, dict) else tuple(given) if isinstance(given, list) else given


class Route(BaseModel):
    """Incidents of these severities and rules (all, where none is named) go to these channels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: Annotated[tuple[Severity, ...], BeforeValidator(_listed)] = ()
    rules: Names = ()
    channels: Names
    remind: Pace | None = None
    """Between two notifications of an unchanged incident that nobody has acknowledged (ms)."""
    escalate: Annotated[tuple[Escalation, ...], BeforeValidator(_steps)] = ()

    def fits(self, rule: str, severity: str) -> bool:
        """Whether the route matches an incident."""
        return (not self.severity or severity in self.severity) and (not self.rules or rule in self.rules)


def routed(
    rule: str, severity: str, routes: Iterable[Route] | None, channels: Iterable[str]
) -> frozenset[str]:
    """The channels notified of a rule's incidents: those of all matching routes, or all without routes.

    Channels of an escalation are among them: their first notification is due later.
    """
    if routes is None:
        return frozenset(channels)
    return frozenset(
        name
        for route in routes
        if route.fits(rule, severity)
        for names in (route.channels, *(step.channels for step in route.escalate))
        for name in names
    )
