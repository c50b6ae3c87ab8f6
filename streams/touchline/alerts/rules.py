"""Alert rules as data: what a rule watches, when it fires, and how often it notifies.

The result of a rule is a function of the set of frictions and events and their own times (ms since 1970),
never of their order of arrival. Six kinds:

- `threshold`: a number of different customers had one of the frictions or events within a time.
- `unusual`: the count is more, or fewer, than chance allows beside the same hours of earlier weeks.
- `measure`: a measure, such as the service level, is worse than a limit.
- `absence`: a producer that sent events sends none for longer than a time.
- `strike_out`: the journeys of a number of customers reached a number of strikes within a time.
- `loss`: the associated loss of the customers who met frictions within a time reached an amount.

A rule runs separately for each combination of the labels in `by`, so a storm of frictions is one incident.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from touchline.vocabulary.durations import DAY, SECOND, parse_duration
from touchline.vocabulary.personal import is_personal_field

Severity = Literal["critical", "warning", "info"]
"""`critical` wakes on-call; `info` is good to know."""

FRICTION_LABELS = ("rule", "channel", "source", "factor")
"""Labels of a rule on frictions, beside attributes of the event that a friction hangs on."""

EVENT_LABELS = ("type", "channel", "source", "producer")
"""Labels of a rule on events, beside attributes: fields `data.NAME` and `context.NAME`."""

STRIKE_LABELS = ("channel", "source")
"""Labels of the friction with which a journey reached its strikes."""

REFUSAL_LABELS = ("producer", "reason")
"""Labels of a rule on refused events."""

MEASURE_LABELS = ("channel", "source", "queue", "reason")
"""Labels of a rule on a measure."""

LONGEST_WINDOW = DAY
LONGEST = 30 * DAY
LEAST_PACE = 10 * SECOND

_ATTRIBUTE = re.compile(r"(data|context)(\.[A-Za-z_][A-Za-z0-9_]{0,63}){1,4}")
_EVENT_TYPE = r"^(\*|[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?)$"
_RATE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?) per (day|week|month)")
_A_WEEK = {"day": 7.0, "week": 1.0, "month": 7 / 30}
_RULE_NAME = r"^(\*|[a-z][a-z0-9_]*)$"


def is_attribute(name: str) -> bool:
    """Whether a label or a field of a condition is an attribute of events: `data.NAME` or `context.NAME`."""
    return name.startswith(("data.", "context."))


def label_name(name: str) -> str:
    """A label as a name that Alertmanager and Grafana take: `data.method` is `data_method`."""
    return name.replace(".", "_")


def _span(text: Any) -> int:
    span = parse_duration(text)
    if not 0 <= span <= LONGEST:
        raise ValueError(f"'{text}' is longer than 30 days: write a shorter time")
    return span


def _pace(text: Any) -> int:
    span = _span(text)
    if span < LEAST_PACE:
        raise ValueError(f"'{text}' is shorter than 10s")
    return span


def per_week(text: Any) -> float:
    """A rate such as `1 per week` or `0.5 per day`, per week.

    Raises:
        ValueError: the text is no rate.
    """
    match = _RATE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not float(match[1]):
        raise ValueError(f"{text!r} is not a rate: write one such as 1 per week or 0.5 per day")
    return float(match[1]) * _A_WEEK[match[2]]


def _window(text: Any) -> int:
    span = parse_duration(text)
    if not 0 < span <= LONGEST_WINDOW:
        raise ValueError(f"'{text}' is not between 1s and 1d")
    return span


def _listed(given: Any) -> Any:
    """A value that is no list, as a list of that value."""
    if isinstance(given, str):
        return (given,)
    return tuple(given) if isinstance(given, list) else given


Span = Annotated[int, BeforeValidator(_span)]
Pace = Annotated[int, BeforeValidator(_pace)]
Window = Annotated[int, BeforeValidator(_window)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Types = Annotated[tuple[Annotated[str, Field(pattern=_EVENT_TYPE)], ...], BeforeValidator(_listed)]
RuleNames = Annotated[tuple[Annotated[str, Field(pattern=_RULE_NAME)], ...], BeforeValidator(_listed)]


PerWeek = Annotated[float, BeforeValidator(per_week)]


class AlertRuleModel(BaseModel):
    """The fields of every kind. Durations are in milliseconds."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    title: str = Field(min_length=1, max_length=120)
    why: str = ""
    owner: str = ""
    runbook: str = Field(default="", max_length=500, pattern=r"^(https?://[^\s]+)?$")
    """The address of what to do about it."""
    severity: Severity = "warning"
    where: dict[str, Names] = {}
    """Allowed values by field; all fields must match."""
    without: dict[str, Names] = {}
    """Excluded values by field."""
    by: Names = ()
    """Labels; each combination of their values is a separate incident."""
    wait: Span = Field(default="30s", validate_default=True)
    """From the opening to the first message, so that one message covers all that opens at once."""
    interval: Pace = Field(default="5m", validate_default=True)
    """Between two messages if the incident changed."""
    repeat: Pace = Field(default="4h", validate_default=True)
    """Between two messages if the incident is unchanged and still open."""
    cooldown: Span = Field(default="5m", validate_default=True)
    """Quiet time until the incident resolves; a recurrence within it belongs to the same incident."""
    pause: Span = Field(default="10m", validate_default=True)
    """The third incident within an hour is notified once it has lasted this long: it may be flapping."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that this rule may use."""
        return EVENT_LABELS

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        known = ", ".join(self.labels)
        takes_attributes = self.labels in (EVENT_LABELS, FRICTION_LABELS)
        if takes_attributes:
            known += ", data.NAME or context.NAME"
        for name in self.by:
            if name in self.labels:
                continue
            if not (takes_attributes and _ATTRIBUTE.fullmatch(name)):
                raise ValueError(f"by: unknown label '{name}': write one of {known}")
            if is_personal_field(name):
                raise ValueError(f"by: '{name}' may identify a person: incidents name no persons")
        if len(set(map(label_name, self.by))) < len(self.by):
            raise ValueError("by: two labels have the same name, with _ for a dot: leave one out")
        for part, fields in (("where", self.where), ("without", self.without)):
            for name in fields:
                if name not in self.labels and not (takes_attributes and is_attribute(name)):
                    raise ValueError(f"{part}: unknown field '{name}': write one of {known}")
        return self


class Watching(AlertRuleModel):
    """A rule on frictions (ids of friction rules, or `*`) or on events (types, `contact.*`, or `*`)."""

    frictions: RuleNames = ()
    events: Types = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of frictions, or of events."""
        return FRICTION_LABELS if self.frictions else EVENT_LABELS

    @property
    def watched(self) -> Mapping[str, tuple[str, ...]]:
        """What may be watched, by field; one of them is set."""
        return {"frictions": self.frictions, "events": self.events}

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(map(bool, self.watched.values())) != 1:
            raise ValueError(f"write either {' or '.join(map(repr, self.watched))}")
        return self


class Threshold(Watching):
    """At least `customers` different customers in the last `within`."""

    kind: Literal["threshold"]
    customers: int = Field(ge=1)
    within: Window


class Unusual(Watching):
    """More, or fewer, in the last `within` than chance allows, beside the same hours of earlier weeks.

    The count is also at least `times` the usual one, which is the median of the same window in up to `weeks`
    earlier weeks; with `fewer`, at most the usual one divided by `times`. A week counts if the data begin
    before it by as long as the friction rule looks back; with fewer than two the rule never fires. Counts are
    per minute, or per twentieth of `within` if that is longer.
    """

    kind: Literal["unusual"]
    refused: Names = ()
    """Reasons for which events are refused, or `*`: the rule is on the events in the quarantine."""
    direction: Literal["more", "fewer"] = "more"
    at_least: int = Field(default=5, ge=1)
    """The smallest count that is too many; with `fewer`, the smallest usual count that it compares with."""
    times: float = Field(default=1.5, ge=1.0)
    within: Window = Field(default="1h", validate_default=True)
    weeks: int = Field(default=4, ge=2, le=8)
    false_alarms: PerWeek | None = None
    """How many incidents a week chance may open, over all series; by default a share of the file's."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of frictions, events or refused events."""
        return REFUSAL_LABELS if self.refused else super().labels

    @property
    def watched(self) -> Mapping[str, tuple[str, ...]]:
        """Refused events as well."""
        return {**super().watched, "refused": self.refused}


class Observations(NamedTuple):
    """What a rule on a measure needs to know of it.

    Attributes:
        title: The measure's name in sentences.
        noun: What one observation is: `contact` or `post`.
        is_share: Whether values are shares, so that each observation counts for or against the measure.
        higher_is_better: Whether values below the limit are worse, not those above it.
        rows: SQL for observations (at, channel, source, queue, reason, entity, numerator), for the period
            from `{since:DateTime64(3)}` to `{until:DateTime64(3)}`, end exclusive.
    """

    title: str
    noun: str
    is_share: bool
    higher_is_better: bool
    rows: str


class Measured(AlertRuleModel):
    """The mean of a measure's observations in the last `within` is worse than a limit.

    There are at least `at_least` of them. Of a contact the end may follow: each counts a minute after its
    time.
    """

    kind: Literal["measure"]
    measure: str
    worse_than: float
    at_least: int = Field(default=20, ge=1)
    within: Window = Field(default="1h", validate_default=True)
    _observations: Observations | None = PrivateAttr(default=None)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of observations."""
        return MEASURE_LABELS

    @property
    def observations(self) -> Observations:
        """The measure's observations; a rule of a file has them."""
        if self._observations is None:
            raise ValueError(f"{self.id}: the observations of {self.measure} are not known")
        return self._observations

    def observing(self, observations: Observations) -> Self:
        """The rule with the observations of its measure."""
        rule = self.model_copy()
        rule._observations = observations
        return rule


class Absence(AlertRuleModel):
    """No event for `longer_than` after an earlier one. After `forget` the absence is ignored."""

    kind: Literal["absence"]
    events: Types = ("*",)
    by: Names = ("producer",)
    longer_than: Window = Field(default="1h", validate_default=True)
    forget: Span = Field(default="7d", validate_default=True)
    cooldown: Span = Field(default="0s", validate_default=True)

    @model_validator(mode="after")
    def _over_at_once(self) -> Self:
        if self.cooldown:
            raise ValueError("an absence resolves with the next event: leave cooldown out")
        return self


class StrikeOut(AlertRuleModel):
    """At least `customers` customers reached `strikes` strikes in a journey in `within`."""

    kind: Literal["strike_out"]
    strikes: int = Field(ge=1)
    customers: int = Field(default=1, ge=1)
    worth: float = Field(default=0, ge=0)
    """Only customers whose orders of one currency, placed by then, have at least this value."""
    within: Window = Field(default="1h", validate_default=True)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the friction that brought the last strike."""
        return STRIKE_LABELS


class Loss(AlertRuleModel):
    """The associated loss of the last `within` is at least `amount`, in the currency of the orders.

    Each customer counts once for each friction rule, with the stored loss for each exposed customer of that
    rule, as it was last computed before the friction's day (UTC). Rules whose impact was no loss then, or
    unknown, count nothing.
    """

    kind: Literal["loss"]
    frictions: RuleNames = ("*",)
    amount: float = Field(gt=0)
    within: Window = Field(default="1h", validate_default=True)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of frictions."""
        return FRICTION_LABELS


AlertRule = Annotated[
    Threshold | Unusual | Measured | Absence | StrikeOut | Loss, Field(discriminator="kind")
]

KINDS: dict[str, type[AlertRuleModel]] = {
    "threshold": Threshold,
    "unusual": Unusual,
    "measure": Measured,
    "absence": Absence,
    "strike_out": StrikeOut,
    "loss": Loss,
}
"""Kinds by name."""
