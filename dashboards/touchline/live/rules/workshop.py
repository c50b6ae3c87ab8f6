"""What pages of rules need from the process: the rules as written, and trials of other numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from touchline.vocabulary.errors import TouchlineError


class TrialFailed(TouchlineError):
    """A trial has no result; the message says why and what to do."""


@dataclass(frozen=True)
class Slider:
    """A number of a rule: its name, the texts of the values to choose from, and the position in force."""

    name: str
    values: list[str]
    current: int


@dataclass(frozen=True)
class RuleSheet:
    """A rule as it is in force; `yaml` is the rule as written."""

    id: str
    title: str
    why: str
    kind: str
    factor: str
    owner: str
    weight: int
    yaml: str
    sliders: list[Slider] = field(default_factory=list)


@dataclass(frozen=True)
class TrialResult:
    """Frictions a day in force and as tried, how many only one of both finds in all, over `days` days.

    `share` is the share of the customers that was looked at; the figures are scaled to all. `yaml` puts the
    tried numbers in force.
    """

    before: float
    after: float
    new: int
    gone: int
    days: float
    share: float
    yaml: str


Sheet = TypeVar("Sheet", covariant=True)
Result = TypeVar("Result", covariant=True)


class Workshop(Protocol[Sheet, Result]):
    """The rules in force, and trials. Its methods may be called from any thread."""

    def sheets(self) -> Sequence[Sheet]:
        """All rules in force."""

    def run(
        self,
        rule: str,
        positions: Mapping[str, int],
        days: int,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Result:
        """Try a rule with other numbers over the last days; this takes up to a minute.

        Args:
            rule: Its id.
            positions: The positions of sliders, by name; others stay as they are.
            days: How many days of the data.
            progress: Called with the share that is done.
            cancelled: Returns whether nobody waits for the result any more.

        Raises:
            TrialFailed: there is no such rule or slider, no data, or nobody waits.
        """
