"""When incidents are not notified, as the alerts file says: windows, and rules that inhibit others."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from touchline.alerts.life.holds import Hold
from touchline.alerts.rules import Names, Severity
from touchline.rules.calendar import BusinessClock
from touchline.tables import AlertRow
from touchline.vocabulary.durations import DAY

BEFORE = 14 * DAY
AHEAD = DAY
"""Repeated windows are known from so long before an incident until so long after now (ms)."""


def _moment(given: Any) -> Any:
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            given = None
    if not isinstance(given, datetime) or given.tzinfo is None:
        raise ValueError("write a time with its zone, such as 2026-12-01T22:00:00+01:00")
    return int(given.timestamp() * 1000)


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list) else given


Moment = Annotated[int, BeforeValidator(_moment)]


class Window(BaseModel):
    """A time in which matching incidents are not notified: once, or in or outside a calendar's hours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80)
    begin: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    during: str | None = None
    outside: str | None = None
    rules: Names = ()
    severity: Annotated[tuple[Severity, ...], BeforeValidator(_listed)] = ()
    labels: dict[str, str] = {}
    channels: Names = ()

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        once = self.begin is not None and self.end is not None
        given = [self.begin is not None or self.end is not None, self.during, self.outside]
        if sum(map(bool, given)) != 1 or (given[0] and not once):
            raise ValueError("write from and to, or the name of a calendar at 'during' or 'outside'")
        if self.begin is not None and self.end is not None and self.begin >= self.end:
            raise ValueError("'to' is not after 'from'")
        return self

    def fits(self, alert: AlertRow) -> bool:
        """Whether the window is about an incident."""
        labels = {f"{name}={value}" for name, value in self.labels.items()}
        return (
            (not self.rules or alert.rule in self.rules)
            and (not self.severity or alert.severity in self.severity)
            and labels <= set(alert.labels)
        )


class Inhibition(BaseModel):
    """While the rule `when` fires, incidents of `mute` with the same values of `equal` are not notified."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str
    mute: Annotated[Names, Field(min_length=1)]
    equal: Names = ()

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.when in self.mute:
            raise ValueError(f"the rule '{self.when}' cannot mute itself: leave it out of 'mute'")
        return self

    def values(self, alert: AlertRow) -> tuple[str, ...] | None:
        """The incident's values of `equal`; None if it lacks one of these labels."""
        labels = {name: value for name, _, value in (label.partition("=") for label in alert.labels)}
        found = tuple(labels[name] for name in self.equal if name in labels)
        return found if len(found) == len(self.equal) else None


class HoldPlan(NamedTuple):
    """What the alerts file says about when incidents are not notified."""

    windows: tuple[Window, ...] = ()
    inhibit: tuple[Inhibition, ...] = ()
    clocks: Mapping[str, BusinessClock] = {}
    """The calendars, by name."""

    def holds_of_windows(self, alert: AlertRow, now: int) -> Iterator[Hold]:
        """The holds of windows that an incident meets until a day after `now` (ms)."""
        for window in self.windows:
            if not window.fits(alert):
                continue
            for begin, end in self._times(window, alert.opened_at - BEFORE, now + AHEAD):
                if end > alert.opened_at:
                    yield Hold("window", window.name, begin, end, window.channels)

    def _times(self, window: Window, since: int, until: int) -> Iterator[tuple[int, int]]:
        if window.begin is not None and window.end is not None:
            yield window.begin, window.end
        elif window.during is not None:
            yield from self.clocks[window.during].openings(since, until)
        elif window.outside is not None:
            closed_since = since
            for begin, end in self.clocks[window.outside].openings(since, until):
                yield closed_since, begin
                closed_since = end
            if closed_since < until:
                yield closed_since, until
