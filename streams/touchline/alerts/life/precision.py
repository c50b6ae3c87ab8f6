"""The precision of alert rules: how many of their incidents people judged to be real."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from touchline.alerts.life.acts import concerns, periods
from touchline.tables import AlertActRow, AlertRow

FEWEST = 5
"""Below so many verdicts, no share is stated."""


class Precision(NamedTuple):
    """How many incidents of a rule there were, and how many of them got each verdict."""

    incidents: int = 0
    real: int = 0
    known: int = 0
    noise: int = 0

    @property
    def judged(self) -> int:
        """Incidents with a verdict."""
        return self.real + self.known + self.noise

    @property
    def share(self) -> float | None:
        """The share of judged incidents that were no noise; None with fewer than `FEWEST` verdicts."""
        return (self.real + self.known) / self.judged if self.judged >= FEWEST else None

    @property
    def words(self) -> str:
        """The precision as text; empty without verdicts."""
        if not self.judged:
            return ""
        counts = f"{self.real:,} real, {self.known:,} known, {self.noise:,} noise"
        if self.share is None:
            return f"{counts}: fewer than {FEWEST} verdicts"
        return f"{self.share:.0%} of {self.judged:,} were no noise ({counts})"


def precisions(alerts: Iterable[AlertRow], acts: Iterable[AlertActRow]) -> Mapping[str, Precision]:
    """The precision of each rule that has incidents; the newest verdict on an incident counts."""
    verdicts: dict[str, list[AlertActRow]] = defaultdict(list)
    for act in acts:
        if act.act == "verdict":
            verdicts[act.fingerprint].append(act)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for alert in alerts:
        if alert.status == "retracted":
            continue
        own = [act for act in verdicts.get(str(alert.fingerprint), ()) if concerns(act, alert)]
        counts[alert.rule]["incidents"] += 1
        if own:
            counts[alert.rule][periods(own)[-1].act.verdict] += 1
    return {
        rule: Precision(count["incidents"], count["real"], count["known"], count["noise"])
        for rule, count in counts.items()
    }
