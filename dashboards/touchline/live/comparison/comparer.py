"""What the page of comparisons needs from the process."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Question:
    """What is compared: a change by its id, or two periods in ms since 1970 (end exclusive)."""

    change: str = ""
    before: tuple[int, int] | None = None
    after: tuple[int, int] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether there is something to compare."""
        return bool(self.change) or (self.before is not None and self.after is not None)


@dataclass(frozen=True)
class KnownChange:
    """A change that was deployed, at a time in ms since 1970."""

    id: str
    title: str
    at: int


@dataclass(frozen=True)
class ComparedRow:
    """A rule at a touchpoint: the result in a sentence, the counts and their interval.

    `verdict` is `fell`, `rose`, or another word where there is no clear change. `targeted`: the change is
    meant for this rule.
    """

    sentence: str
    detail: str
    verdict: str
    rule: str
    targeted: bool


@dataclass(frozen=True)
class ComparedPeriods:
    """Two compared periods in ms since 1970, the clearest difference first.

    `nowhere` are touchpoints without a journey in one of both, `hidden` is the number of rows left out.
    """

    title: str
    before: tuple[int, int]
    after: tuple[int, int]
    rows: list[ComparedRow] = field(default_factory=list)
    hidden: int = 0
    nowhere: list[str] = field(default_factory=list)


class Comparer(Protocol):
    """Compares. Its methods may be called from any thread, and raise what the store raises."""

    def changes(self) -> Sequence[KnownChange]:
        """The latest deployed changes, newest first."""

    def compare(self, question: Question) -> ComparedPeriods:
        """The answer to a complete question. Raises ValueError with the reason where there is none."""
