"""What the page of alerts needs from the process: the alert rules, and simulations of other numbers."""

from dataclasses import dataclass, field

from touchline.live.rules.workshop import Slider


@dataclass(frozen=True)
class AlertRuleSheet:
    """An alert rule in force, and its numbers to try."""

    id: str
    title: str
    why: str
    severity: str
    owner: str
    sliders: list[Slider]


@dataclass(frozen=True)
class AlertTrialResult:
    """How many incidents the rule opened in `days` days: with the numbers in force, and with those tried.

    `notes` are sentences about false alarms and short incidents; `yaml` puts the tried numbers in force.
    """

    before: int
    after: int
    days: float
    yaml: str
    notes: list[str] = field(default_factory=list)
