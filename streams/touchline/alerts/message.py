"""A message: all that a channel says of an incident, made harmless once and for all of them."""

from dataclasses import dataclass

from touchline.alerts.wording import LONGEST_SENTENCE, moment, place, plain
from touchline.tables import AlertRow
from touchline.vocabulary.durations import rounded_duration


@dataclass(frozen=True, slots=True)
class Evidence:
    """A journey that shows it, and where to look at it."""

    journey: str
    link: str


@dataclass(frozen=True, slots=True)
class Message:
    """What is told. Times are ms since 1970; texts are one line each, without control characters."""

    status: str
    """`firing` or `resolved`."""
    taken_back: bool
    """Whether later events showed that there was no such incident."""
    fingerprint: str
    """By which the receiver knows that it is the same one."""
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
    """The live page."""
    sent_at: int

    @property
    def state(self) -> str:
        """How grave it is while it fires; then how it ended."""
        return self.severity if self.status == "firing" else "taken back" if self.taken_back else "resolved"

    @property
    def subject(self) -> str:
        """One line of at most 200 characters, the same for as long as it fires."""
        where = place(tuple(f"{name}={value}" for name, value in self.labels.items()))
        return plain(f"[{self.state}] {self.title}" + (f" ({where})" if where else ""), 200)

    @property
    def text(self) -> str:
        """Some lines of plain text."""
        lines = [self.summary]
        if self.taken_back:
            lines.insert(0, "Taken back: events that came later show that it was not so.")
        elif self.until is not None:
            lasted = rounded_duration(self.until - self.since)
            lines.insert(0, f"Over since {moment(self.until)}, after {lasted}.")
        lines += (f"Journey {number}: {one.link}" for number, one in enumerate(self.evidence, 1))
        lines.append(f"Live page: {self.link}")
        return "\n".join(lines)


def message(row: AlertRow, status: str, url: str, sent_at: int) -> Message:
    """What to tell of an incident.

    Args:
        row: The incident, as it is now.
        status: `firing` or `resolved`: what the channel is told.
        url: The address of the live page.
        sent_at: Now (ms).
    """
    parts = (label.partition("=") for label in row.labels)
    return Message(
        status=status,
        taken_back=status == "resolved" and row.status == "retracted",
        fingerprint=str(row.fingerprint),
        incident=str(row.id),
        version=row.version,
        rule=row.rule,
        severity=row.severity,
        title=plain(row.title, 120),
        summary=plain(row.summary, LONGEST_SENTENCE),
        labels={name: plain(value) for name, _, value in parts},
        since=row.opened_at,
        until=row.resolved_at,
        count=row.count,
        customers=row.customers,
        usual=row.usual,
        evidence=tuple(Evidence(journey, f"{url}/customer/{journey}") for journey in row.evidence),
        link=f"{url}/",
        sent_at=sent_at,
    )
