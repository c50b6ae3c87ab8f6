"""What a weekly digest says, as values. Times are ms since 1970."""

import msgspec

from touchline.reports.audit.audit import Cost


class Mover(msgspec.Struct, frozen=True, kw_only=True):
    """A rule at a touchpoint that found clearly more or less than in the week before, per 1,000 journeys.

    `why` are sentences on what distinguishes those affected.
    """

    channel: str
    source: str
    rule: str
    title: str
    before: float
    after: float
    low: float
    high: float | None
    owner: str
    factor: str
    why: tuple[str, ...] = ()

    @property
    def is_better(self) -> bool:
        """Whether there is less friction."""
        return self.after < self.before


class MeasureMover(msgspec.Struct, frozen=True, kw_only=True):
    """A measure that clearly differs from the week before; values as text."""

    title: str
    before: str
    after: str
    is_better: bool


class Costly(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose frictions go with a clear loss; `why` as in `Mover`."""

    rule: str
    title: str
    owner: str
    factor: str
    cost: Cost
    why: tuple[str, ...] = ()


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """Loops with customers of one kind that were opened in the week.

    `early` are open, and their 48 hours are not over.
    """

    title: str
    opened: int
    closed: int
    early: int


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A measure with its goal, as text; `met` is None without data."""

    title: str
    value: str
    before: str
    goal: str
    distance: str
    met: bool | None


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a customer, without identifiers: `event` is the id of the event that has them."""

    event: str
    text: str
    about: str
    at: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """How many frictions a rule found in a day, from `at` on; the rule is empty for all others together."""

    at: int
    rule: str
    title: str
    number: int


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """A week.

    Attributes:
        week: Its ISO name.
        since, until: Its begin and its end, which is exclusive.
        end: When the data end.
        zone: The time zone of texts.
        frictions: In the week.
        usual: The mean of earlier weeks; None without a baseline.
        affected: The share of active customers who met friction; None without any.
        affected_before: The same of the week before.
        unresolved: Frictions of the week that are not resolved.
        incomparable: Why the week before cannot be compared with; empty if it can.
        compared: Rules at touchpoints that were compared with the week before.
        together: The cost of all frictions together.
        costs_since: Losses are of the time from then to the end of the week.
        days: Frictions by day and rule, of four weeks.
    """

    week: str
    since: int
    until: int
    end: int
    zone: str
    frictions: int
    usual: float | None
    affected: float | None
    affected_before: float | None
    unresolved: int
    caveats: tuple[str, ...]
    incomparable: str
    compared: int
    movers: tuple[Mover, ...]
    measures: tuple[MeasureMover, ...]
    currency: str
    together: Cost
    costs_since: int
    costly: tuple[Costly, ...]
    loops: tuple[Loop, ...]
    goals: tuple[Goal, ...]
    voices: tuple[Voice, ...]
    days: tuple[Day, ...]

    @property
    def worse(self) -> tuple[Mover, ...]:
        """Rules that found clearly more."""
        return tuple(one for one in self.movers if not one.is_better)
