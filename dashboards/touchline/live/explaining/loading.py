"""Loads an explanation, as the sentences that the dialog shows."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from touchline.analysis.explain.explanation import Explanation, Finding, sentence, shares
from touchline.live.boards.spans import Period, window
from touchline.live.queries import Store
from touchline.panels import BY_ID
from touchline.panels.points import Point
from touchline.vocabulary.durations import DAY

RULE_DAYS = 28
"""How many days of a rule are explained."""

MOST_FINDINGS = 10


class Explainer(Protocol):
    """Explains over the store, in threads. Each method raises what the store raises."""

    def rule(self, rule: str, since: int, until: int) -> Explanation:
        """What distinguishes those who met a rule between two times (ms)."""

    def alert(self, name: str, until: int) -> Explanation:
        """What distinguishes those whom an incident affects; `name` is its id."""

    def point(self, point: Point) -> Explanation:
        """What distinguishes those whose frictions a point of a panel counts."""


class Target(NamedTuple):
    """What to explain: a rule, an incident by its id, or a panel's point between two times (ms)."""

    kind: Literal["rule", "alert", "point"]
    name: str
    series: str = ""
    between: tuple[int, int] = (0, 0)
    chosen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FindingView:
    """A finding: its sentence, the shares in words, and both shares for a bar."""

    sentence: str
    detail: str
    share: float
    share_of_others: float


@dataclass(frozen=True)
class Explained:
    """An explanation. `verdict` is set if there is no finding; `hidden` counts findings left out."""

    affected: int
    compared: str
    verdict: str
    findings: list[FindingView] = field(default_factory=list)
    hidden: int = 0


def load(store: Store, explainer: Explainer, target: Target, now: int) -> Explained:
    """Explain a target at the time `now` (ms). Raises what the store raises."""
    explanation = _explanation(store, explainer, target, now)
    shown = explanation.findings[:MOST_FINDINGS]
    return Explained(
        explanation.affected,
        explanation.compared,
        explanation.verdict,
        [_view(finding, explanation.affected) for finding in shown],
        len(explanation.findings) - len(shown),
    )


def _explanation(store: Store, explainer: Explainer, target: Target, now: int) -> Explanation:
    if target.kind == "alert":
        return explainer.alert(target.name, now)
    if target.kind == "point":
        chosen = {name: [value] for name, value in target.chosen}
        return explainer.point(Point(BY_ID[target.name], target.between, target.series, chosen))
    period = window(store, Period("24h"), now)
    end = now if period is None else period.end
    return explainer.rule(target.name, end - RULE_DAYS * DAY, end)


def _view(finding: Finding, affected: int) -> FindingView:
    words = sentence(finding, affected)
    return FindingView(words[0].upper() + words[1:], shares(finding), finding.share, finding.share_of_others)
