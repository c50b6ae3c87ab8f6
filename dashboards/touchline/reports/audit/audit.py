"""What an audit found, as values; and how touchpoints are ranked. Times are ms since 1970."""

from typing import Final

import msgspec

from touchline.vocabulary.durations import WEEK

FOLLOWED: Final = WEEK
"""How long (ms) after a friction it is said what customers did next."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """The associated loss of a rule: what `analysis.impact` says of it, in the currency of the orders.

    `missing` is why nothing can be said; `doubtful` is whether those affected had differed before.
    """

    verdict: str
    missing: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    e_value: float | None = None
    at_risk: float | None = None
    doubtful: bool = False

    @property
    def is_clear(self) -> bool:
        """Whether there is a loss that is not chance."""
        return self.verdict == "loss" and not self.doubtful and (self.value or 0) > 0


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found at one touchpoint. `cost` is of that touchpoint; None where it was not computed.

    `sums_up` is whether the rule finds frictions of frictions, such as several in a week.
    """

    rule: str
    title: str
    factor: str
    owner: str
    frictions: int
    unresolved: int
    customers: int
    strikes: int
    sums_up: bool = False
    cost: Cost | None = None


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What customers did in the week after their first friction at a touchpoint.

    Each counts once: in the first of these that applies. `early` are those whose week is not over, `unnamed`
    those of whom no event says who they are. None: no event of that kind is recorded at all.
    """

    customers: int
    left: int | None
    ordered: int | None
    contacted: int | None
    returned: int
    unseen: int
    early: int
    unnamed: int = 0


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A journey that shows what happens at a touchpoint; `rules` are the titles of its frictions there."""

    customer: str
    start: int
    last: int
    path: tuple[str, ...]
    events: int
    strikes: int
    grade: str
    outcome: str
    rules: tuple[str, ...]


class Weakness(msgspec.Struct, frozen=True, kw_only=True):
    """A touchpoint where customers meet friction; `hits` has the costliest rule first.

    `customers` were active there, `affected` of them met friction there. `distinguishes` are sentences on
    what those had in common, or why there are none.
    """

    channel: str
    source: str
    customers: int
    affected: int
    frictions: int
    strikes: int
    hits: tuple[Hit, ...]
    next: Next | None = None
    cases: tuple[Case, ...] = ()
    distinguishes: tuple[str, ...] = ()

    @property
    def worst(self) -> Hit:
        """The rule that costs most, or has the most strikes."""
        return self.hits[0]

    @property
    def burden(self) -> int:
        """Strike points times customers."""
        return self.strikes * self.affected


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A clear change of a rule at a touchpoint since the last audit; rates are per 1,000 journeys."""

    channel: str
    source: str
    title: str
    before: float
    after: float

    @property
    def is_better(self) -> bool:
        """Whether there is less friction."""
        return self.after < self.before


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """What changed since an earlier audit. `missing` is why frictions cannot be compared.

    `ranks` are the earlier ranks of touchpoints, from 1.
    """

    until: int
    ranks: tuple[tuple[str, str, int], ...]
    moved: tuple[Moved, ...] = ()
    missing: str = ""
    days: float = 0.0

    def rank(self, channel: str, source: str) -> int | None:
        """The earlier rank of a touchpoint; None if it was not listed."""
        return next((rank for *place, rank in self.ranks if place == [channel, source]), None)


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a walked audit: its last result, since when (ms) it has it, and the share that passed."""

    walk: str
    step: str
    passed: bool
    since: int
    share: float
    message: str


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """An audit of a span, the end exclusive.

    Attributes:
        since, until: The span.
        end: When the data end.
        zone: The time zone of its texts.
        customers: Customers with an event in the span.
        affected: Customers with a friction in the span.
        frictions: Frictions in the span.
        currency: Of losses.
        together: The cost of all frictions together.
        caveats: What to know before reading the figures.
        weak: Touchpoints with friction, the weakest first.
        others: Touchpoints with friction that are not in `weak`.
        changes: What changed since the last audit; None without one.
        walked: Steps of walked audits in the span, failed ones first.
    """

    since: int
    until: int
    end: int
    zone: str
    customers: int
    affected: int
    frictions: int
    currency: str
    together: Cost
    caveats: tuple[str, ...]
    weak: tuple[Weakness, ...]
    others: int = 0
    changes: Since | None = None
    walked: tuple[Walked, ...] = ()


def ranked(weak: list[Weakness]) -> list[Weakness]:
    """Touchpoints with a clear loss first, the largest first; then by strike points times customers."""
    return sorted(
        (msgspec.structs.replace(one, hits=tuple(sorted(one.hits, key=_hit_order))) for one in weak),
        key=lambda one: (-_loss(one.worst), -one.burden, one.channel, one.source),
    )


def _hit_order(hit: Hit) -> tuple[bool, float, int, str]:
    return hit.sums_up, -_loss(hit), -hit.strikes * hit.customers, hit.rule


def _loss(hit: Hit) -> float:
    """The clear loss of a rule; that of a rule that sums up others is theirs."""
    if hit.cost is None or hit.sums_up or not hit.cost.is_clear:
        return 0.0
    return hit.cost.value or 0.0


def portion(cost: Cost, share: float) -> Cost:
    """The part of a rule's cost that a share of its customers bears."""

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * share

    return msgspec.structs.replace(
        cost,
        value=scaled(cost.value),
        low=scaled(cost.low),
        high=scaled(cost.high),
        at_risk=scaled(cost.at_risk),
    )
