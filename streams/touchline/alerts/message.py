"""A message: what a channel sends about an incident, with all text made safe once for every channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from touchline.alerts.incident_text import LONGEST_SENTENCE, place, plain
from touchline.tables import AlertRow
from touchline.vocabulary.durations import rounded_duration
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.moments import UTC, in_words


@dataclass(frozen=True, slots=True)
class Origin:
    """The installation that sends notifications.

    Args:
        url: The address of the live page as receivers reach it; empty for notifications without links.
        labels: Labels of the installation. They are part of the identity of its incidents at a receiver.
        zone: The time zone of texts.
    """

    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    zone: str = UTC

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
class Message:
    """A notification. Times are ms since 1970; each text is one line without control characters."""

    status: str
    """`firing` or `resolved`."""
    taken_back: bool
    """Whether late events showed that the incident did not happen."""
    fingerprint: str
    """Equal for all incidents of a rule with the same labels: receivers deduplicate by it."""
    incident: str
    version: int
    rule: str
    severity: str
    title: str
    summary: str
    labels: dict[str, str]
    since: int
    until: int | None
    count: int
    customers: int
    usual: float | None
    evidence: tuple[Evidence, ...]
    link: str
    """The live page; empty without its address."""
    sent_at: int
    zone: str
    """The time zone of the texts."""

    @property
    def state(self) -> str:
        """The severity while the incident fires; then how it ended."""
        return self.severity if self.status == "firing" else "taken back" if self.taken_back else "resolved"

    @property
    def subject(self) -> str:
        """One line of at most 200 characters, unchanged while the incident fires."""
        where = place(tuple(f"{name}={value}" for name, value in self.labels.items()))
        return plain(f"[{self.state}] {self.title}" + (f" ({where})" if where else ""), 200)

    @property
    def text(self) -> str:
        """The text in plain lines."""
        lines = [self.summary]
        if self.taken_back:
            lines.insert(0, "Retracted: late events show that it did not happen.")
        elif self.until is not None:
            lasted = rounded_duration(self.until - self.since)
            lines.insert(0, f"Resolved at {in_words(self.until, self.zone, seconds=True)}, after {lasted}.")
        lines += (
            f"Journey {number}: {journey.link or journey.journey}"
            for number, journey in enumerate(self.evidence, 1)
        )
        if self.link:
            lines.append(f"Live page: {self.link}")
        return "\n".join(lines)


def message(row: AlertRow, status: str, origin: Origin, sent_at: int) -> Message:
    """The message about an incident.

    Args:
        row: The incident in its current state.
        status: `firing` or `resolved`: what the channel reports.
        origin: The installation that sends it.
        sent_at: Now (ms).
    """
    parts = (label.partition("=") for label in row.labels)
    return Message(
        status=status,
        taken_back=status == "resolved" and row.status == "retracted",
        fingerprint=origin.fingerprint(row),
        incident=str(row.id),
        version=row.version,
        rule=row.rule,
        severity=row.severity,
        title=plain(row.title, 120),
        summary=plain(row.summary, LONGEST_SENTENCE),
        labels={**origin.labels, **{name: plain(value) for name, _, value in parts}},
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
    )
