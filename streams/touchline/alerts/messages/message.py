"""A message: what a channel sends about an incident, with all text made safe once for every channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from touchline.alerts.messages.incident_text import LONGEST_SENTENCE, place
from touchline.alerts.messages.templates import Templates, body_of, subject_of
from touchline.alerts.rules import AlertRule
from touchline.tables import AlertRow
from touchline.vocabulary.durations import rounded_duration
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.moments import UTC, in_words
from touchline.vocabulary.wording import plain

MOST_CAUSES = 3
LONGEST_CAUSE = 300
LONGEST_WHY = 500
MOST_STORY_LINES = 10
MOST_ACTIONS = 5
NOT_IN_TIME = "Cause: not computed in time"


@dataclass(frozen=True, slots=True)
class Origin:
    """The installation that sends notifications.

    Args:
        url: The address of the live page as receivers reach it; empty for notifications without links.
        labels: Labels of the installation. They are part of the identity of its incidents at a receiver.
        zone: The time zone of texts.
        explains: Whether it looks for the causes of incidents.
        templates: How it words messages.
    """

    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    zone: str = UTC
    explains: bool = False
    templates: Templates = field(default_factory=Templates)

    def fingerprint(self, row: AlertRow) -> str:
        """The identity of an incident's rule and labels at a receiver."""
        if not self.labels:
            return str(row.fingerprint)
        labels = ",".join(f"{name}={value}" for name, value in sorted(self.labels.items()))
        return str(derived_id(f"alert:{row.fingerprint}:{labels}"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A journey that shows the incident, and the link to it; empty without an address of the live page."""

    journey: str
    link: str


@dataclass(frozen=True, slots=True)
class Link:
    """A labelled address, shown as a button where the receiver has buttons."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What people did about an incident, as a message reports it.

    Args:
        story: Lines for people: acknowledged by whom, reminder, escalation, what became of it.
        acknowledged_by: A name; empty if nobody did.
        actions: Links by which readers act, such as to acknowledge. Empty without the live page's address.
    """

    story: tuple[str, ...] = ()
    acknowledged_by: str = ""
    actions: tuple[Link, ...] = ()


NOTHING_DONE = Notice()


@dataclass(frozen=True, slots=True)
class Message:
    """A notification. Times are ms since 1970; texts are plain lines without control characters."""

    status: str
    """`firing`, `resolved`, or `followup`: what became of it, after its end."""
    taken_back: bool
    """Whether late events showed that the incident did not happen."""
    fingerprint: str
    """Equal for all incidents of a rule with the same labels: receivers deduplicate by it."""
    incident: str
    """The id of this incident alone."""
    version: int
    """Grows with every change of the incident."""
    rule: str
    severity: str
    """`critical`, `warning` or `info`."""
    title: str
    summary: str
    """One sentence: what, where, since when, how many customers, and what is usual."""
    labels: dict[str, str]
    """Where: the rule's labels and those of the installation."""
    since: int
    """When it began."""
    until: int | None
    """When it ended; null while it fires."""
    count: int
    """Frictions or events."""
    customers: int
    """Affected customers."""
    usual: float | None
    """The usual number at this hour; null without a baseline."""
    evidence: tuple[Evidence, ...]
    """Up to three journeys."""
    link: str
    """The live page; empty without its address."""
    sent_at: int
    zone: str
    """The time zone of the texts."""
    subject: str
    """One line, from the template; unchanged while the incident fires."""
    body: str
    """The text in plain lines, from the template, without links to the live page."""
    ended: str = ""
    """When and after how long it ended, or that it was retracted; empty while it fires."""
    causes: tuple[str, ...] = ()
    """What distinguishes the affected, or why it is not known: up to three sentences."""
    changes: tuple[str, ...] = ()
    """Changes that were deployed in the hour before it began: up to three sentences."""
    cost: str = ""
    """The associated loss; empty where it is not known."""
    owner: str = ""
    why: str = ""
    """Why the rule matters."""
    runbook: str = ""
    """The address of the rule's runbook; empty if it has none."""
    story: tuple[str, ...] = ()
    """What people did about it: up to ten lines."""
    acknowledged_by: str = ""
    """Who acknowledged it; empty if nobody did."""
    actions: tuple[Link, ...] = ()
    """Links by which readers act on it."""

    @property
    def state(self) -> str:
        """The severity while the incident fires; then how it ended."""
        return _state(self.status, self.severity, self.taken_back)

    @property
    def delivery(self) -> str:
        """The identity of what the message says; equal in repeated attempts."""
        told = derived_id("\n".join((*self.story, self.acknowledged_by))).hex[:8] if self.story else "0"
        return f"{self.incident}.{self.status}.{self.version}.{told}"

    @property
    def where(self) -> str:
        """The labels in parentheses; empty without labels."""
        return _where(self.labels)

    @property
    def links(self) -> tuple[Link, ...]:
        """Links to the journeys and the runbook; only the runbook without the live page's address."""
        journeys = (
            Link(f"Journey {number}", journey.link)
            for number, journey in enumerate(self.evidence, 1)
            if journey.link
        )
        runbook = (Link("Runbook", self.runbook),) if self.runbook else ()
        return (*journeys, *runbook)

    @property
    def page(self) -> tuple[Link, ...]:
        """The link to the live page; none without its address."""
        return (Link("Live page", self.link),) if self.link else ()

    @property
    def details(self) -> str:
        """The body, and the ids of journeys without links: for channels that show links themselves."""
        journeys = (
            f"Journey {number}: {journey.journey}"
            for number, journey in enumerate(self.evidence, 1)
            if not journey.link
        )
        return "\n".join((self.body, *journeys))

    @property
    def text(self) -> str:
        """All of it in plain lines."""
        lines = [self.body]
        lines += (
            f"Journey {number}: {journey.link or journey.journey}"
            for number, journey in enumerate(self.evidence, 1)
        )
        lines += (f"{action.label}: {action.url}" for action in self.actions)
        if self.link:
            lines.append(f"Live page: {self.link}")
        return "\n".join(lines)


def message(
    row: AlertRow,
    status: str,
    origin: Origin,
    sent_at: int,
    rule: AlertRule | None = None,
    notice: Notice = NOTHING_DONE,
) -> Message:
    """The message about an incident.

    Args:
        row: The incident in its current state.
        status: `firing`, `resolved` or `followup`: what the channel reports.
        origin: The installation that sends it.
        sent_at: Now (ms).
        rule: The alert rule, for its owner, reason and runbook; None if it was deleted.
        notice: What people did about it.
    """
    parts = (label.partition("=") for label in row.labels)
    labels = {**origin.labels, **{name: plain(value) for name, _, value in parts}}
    taken_back = status != "firing" and row.status == "retracted"
    values: dict[str, str | tuple[str, ...]] = {
        "state": _state(status, row.severity, taken_back),
        "severity": row.severity,
        "title": plain(row.title, 120),
        "where": _where(labels),
        "summary": plain(row.summary, LONGEST_SENTENCE),
        "since": in_words(row.opened_at, origin.zone, seconds=True),
        "customers": f"{row.customers:,}",
        "count": f"{row.count:,}",
        "usual": "" if row.usual is None else f"{row.usual:g}",
        "ended": _ended(row, taken_back, origin.zone),
        "story": tuple(plain(line, LONGEST_CAUSE) for line in notice.story[:MOST_STORY_LINES]),
        "cost": plain(row.cost, LONGEST_CAUSE),
        "causes": _causes(row, origin),
        "changes": tuple(plain(change, LONGEST_CAUSE) for change in row.changes),
        "why": "" if rule is None else plain(rule.why, LONGEST_WHY),
        "owner": "" if rule is None else plain(rule.owner),
        "runbook": "" if rule is None else rule.runbook,
        "rule": row.rule,
    }
    return Message(
        status=status,
        taken_back=taken_back,
        fingerprint=origin.fingerprint(row),
        incident=str(row.id),
        version=row.version,
        rule=row.rule,
        severity=row.severity,
        title=str(values["title"]),
        summary=str(values["summary"]),
        labels=labels,
        since=row.opened_at,
        until=row.resolved_at,
        count=row.count,
        customers=row.customers,
        usual=row.usual,
        evidence=tuple(
            Evidence(journey, f"{origin.url}/customer/{journey}" if origin.url else "")
            for journey in row.evidence
        ),
        link=f"{origin.url}/" if origin.url else "",
        sent_at=sent_at,
        zone=origin.zone,
        # A template whose fields are all empty leaves nothing, which receivers refuse.
        subject=subject_of(origin.templates.subject, values) or str(values["title"]),
        body=body_of(origin.templates.text, values) or str(values["summary"]),
        ended=str(values["ended"]),
        causes=tuple(values["causes"]),
        changes=tuple(values["changes"]),
        cost=str(values["cost"]),
        owner=str(values["owner"]),
        why=str(values["why"]),
        runbook=str(values["runbook"]),
        story=tuple(values["story"]),
        acknowledged_by=plain(notice.acknowledged_by),
        actions=notice.actions[:MOST_ACTIONS] if origin.url else (),
    )


def _state(status: str, severity: str, taken_back: bool) -> str:
    return severity if status == "firing" else "taken back" if taken_back else "resolved"


def _where(labels: Mapping[str, str]) -> str:
    found = place(tuple(f"{name}={value}" for name, value in labels.items()))
    return f"({found})" if found else ""


def _ended(row: AlertRow, taken_back: bool, zone: str) -> str:
    if taken_back:
        return "Retracted: late events show that it did not happen."
    if row.resolved_at is None:
        return ""
    lasted = rounded_duration(row.resolved_at - row.opened_at)
    return f"Resolved at {in_words(row.resolved_at, zone, seconds=True)}, after {lasted}."


def _causes(row: AlertRow, origin: Origin) -> tuple[str, ...]:
    """The causes that are stored; without any, that they are not there in time, if they are looked for."""
    if row.causes or not origin.explains or not row.customers:
        return tuple(plain(cause, LONGEST_CAUSE) for cause in row.causes[:MOST_CAUSES])
    return (NOT_IN_TIME,)
