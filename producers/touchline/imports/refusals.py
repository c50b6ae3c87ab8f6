"""The refused rows of a file: how many, why, and whether they are too many to import the others."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from touchline.imports.errors import FileError
from touchline.vocabulary.wording import counted

MOST_REFUSED: Final = 0.05
"""The share of refused rows above which an import stops, unless the user sets another."""

_GROUPS: Final = 200
_ROWS_NAMED: Final = 10
_SHOWN: Final = 3

# What differs from row to row in one kind of message: quoted values and numbers.
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|-?\d+(?:[.,]\d+)*")

_OTHERS: Final = "other reasons"


class TooManyRefused(FileError):
    """More rows of a file are refused than the import allows. Nothing was stored."""


class NoRows(FileError):
    """A file has no rows, and must have some. Nothing was stored."""


class Refusal(NamedTuple):
    """One refused row, or group of `rows` rows from `row` on, and why."""

    row: int
    rows: int
    why: str


@dataclass(slots=True)
class Reason:
    """Rows that are refused for one reason. `why` is the first row's message, `at` the first row numbers."""

    why: str
    rows: int = 0
    at: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """The rows of one file so far. It keeps a bounded number of reasons, whatever the file holds."""

    file: str
    rows: int = 0
    events: int = 0
    refused: int = 0
    _reasons: dict[str, Reason] = field(default_factory=dict)

    def add(self, rows: int, events: int, refusals: Iterable[Refusal]) -> None:
        """Count rows, their accepted events, and those of the rows that are refused."""
        self.rows += rows
        self.events += events
        for refusal in refusals:
            self.refused += refusal.rows
            kind = _VALUE.sub("…", refusal.why)
            if kind not in self._reasons and len(self._reasons) >= _GROUPS:
                kind = _OTHERS
            why = _OTHERS if kind == _OTHERS else refusal.why
            reason = self._reasons.setdefault(kind, Reason(why))
            reason.rows += refusal.rows
            if len(reason.at) < _ROWS_NAMED:
                reason.at.append(refusal.row)

    @property
    def share(self) -> float:
        """The share of refused rows; 0 without any row."""
        return self.refused / self.rows if self.rows else 0.0

    @property
    def reasons(self) -> list[Reason]:
        """Why rows are refused, the commonest reason first."""
        return sorted(self._reasons.values(), key=lambda reason: (-reason.rows, reason.at))

    def exceeds(self, most: float) -> bool:
        """Whether more than the share `most` of the rows is refused. With 0, no row may be."""
        return self.refused > most * self.rows

    def check(self, most: float) -> None:
        """Check the share of refused rows.

        Raises:
            TooManyRefused: it is above `most`; the message names the commonest reasons.
        """
        if not self.exceeds(most):
            return
        refused = f"{self.refused:,} of {counted(self.rows, 'row')} refused ({percent(self.share)})"
        reasons = "".join(f"\n  {line(reason)}" for reason in self.reasons[:_SHOWN])
        allowed, otherwise = (
            (f"more than {percent(most)}", ", or allow more with --most-refused")
            if most
            else ("and none may be", "")
        )
        raise TooManyRefused(
            f"{self.file}: {refused}, {allowed}: nothing was imported. Commonest reasons:{reasons}\n"
            f"Correct the file or the mapping (--dry-run shows more){otherwise}"
        )

    def check_rows(self) -> None:
        """Check that there are rows.

        Raises:
            NoRows: there are none.
        """
        if not self.rows:
            raise NoRows(f"{self.file} has no rows: nothing was imported. Export it again")


def line(reason: Reason) -> str:
    """One reason as a line: how many rows, which, and why."""
    more = ", …" if reason.rows > len(reason.at) else ""
    named = ", ".join(f"{row:,}" for row in reason.at)
    return f"{counted(reason.rows, 'row')} ({named}{more}): {reason.why}"


def percent(share: float) -> str:
    """A share in percent: `5 %`, `0.04 %`."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def share_of(text: str) -> float:
    """The share that a text such as `5%` or `0.5 %` names; a number without a sign is percent too.

    Raises:
        ValueError: it is none.
    """
    number = text.strip().removesuffix("%").strip()
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", number) or float(number) > 100:
        raise ValueError(f"{text!r} is no share of rows: write a percentage from 0% to 100%, such as 5%")
    return float(number) / 100
