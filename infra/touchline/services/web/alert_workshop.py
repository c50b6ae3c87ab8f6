"""The alert rules in force as the live page shows them, and simulations of other numbers over the store."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from touchline.alerts import AlertRule, AlertsFile, Unusual
from touchline.alerts.detection import WHOLE_BUDGET
from touchline.live.alerts.workshop import AlertRuleSheet, AlertTrialResult
from touchline.live.rules.workshop import Slider, TrialFailed
from touchline.runtime.alerting.queries import Query
from touchline.runtime.alerting.simulation import Simulation, ladder, simulate
from touchline.services.web.workshop import EXTENT
from touchline.vocabulary.durations import DAY, exact_duration
from touchline.vocabulary.wording import counted

TRIAL_SECONDS = 60.0
"""How long a simulation may take."""

_BUDGETS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""False alarms a week to choose from."""


class _Knob(NamedTuple):
    field: str
    values: Sequence[float]
    current: int

    def text(self, position: int) -> str:
        """The value at a position, as an alerts file has it."""
        value = self.values[position]
        if self.field == "longer_than":
            return exact_duration(int(value))
        return f"{value:.10g}" + (" per week" if self.field == "false_alarms" else "")


class SimulatedAlerts:
    """The alert rules in force, and simulations.

    Args:
        file: What is in force.
        path: The alerts file; None where the default pack is in force.
        query: Queries the store.
        clock: Returns monotonic seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        file: AlertsFile,
        path: Path | None,
        query: Query,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rules = {rule.id: rule for rule in file.rules}
        self._path, self._query, self._clock, self._sleep = path, query, clock, sleep
        self._own = _own_rules(path)

    def sheets(self) -> list[AlertRuleSheet]:
        """All alert rules in force."""
        return [
            AlertRuleSheet(
                id=rule.id,
                title=rule.title,
                why=rule.why,
                severity=rule.severity,
                owner=rule.owner,
                sliders=[
                    Slider(knob.field, [knob.text(place) for place in range(len(knob.values))], knob.current)
                    for knob in _knobs(rule)
                ],
            )
            for rule in self._rules.values()
        ]

    def run(
        self,
        rule: str,
        positions: Mapping[str, int],
        days: int,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> AlertTrialResult:
        """Simulate a rule over the last days of the data, as `Workshop.run`."""
        in_force = self._rules.get(rule)
        if in_force is None:
            raise TrialFailed(f"There is no alert rule {rule!r} any more: load the page again")
        chosen = {
            knob.field: (knob.values[place], knob.text(place))
            for knob in _knobs(in_force)
            if (place := positions.get(knob.field, knob.current)) != knob.current
            and 0 <= place < len(knob.values)
        }
        if not chosen:
            raise TrialFailed("Move a slider first: these are the numbers in force")
        tried = in_force.model_copy(update={name: value for name, (value, _) in chosen.items()})
        oldest, newest = self._query(EXTENT, {})[0]
        if not newest:
            raise TrialFailed("There are no events yet: send or import some first")
        until = newest + 1
        since = max(oldest, until - days * DAY)
        pauses = self._pauses(progress, cancelled)
        before, after = simulate(self._query, [in_force, tried], since, until, pauses)
        return AlertTrialResult(
            before=len(before.incidents),
            after=len(after.incidents),
            days=(until - since) / DAY,
            yaml=self._yaml(rule, {name: text for name, (_, text) in chosen.items()}),
            notes=_notes(after, until),
        )

    def _pauses(
        self, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Callable[[int, int], None]:
        """Called after each part: rests as long as the part took, since events have priority."""
        began = rested = self._clock()

        def pause(done: int, parts: int) -> None:
            nonlocal rested
            progress(done / parts)
            if cancelled():
                raise TrialFailed("Cancelled")
            now = self._clock()
            if now - began >= TRIAL_SECONDS:
                raise TrialFailed("This takes too long here: run `touchline alerts simulate`")
            self._sleep(now - rested)
            rested = self._clock()

        return pause

    def _yaml(self, rule: str, fields: Mapping[str, str]) -> str:
        lines = [f"{name}: {text}" for name, text in fields.items()]
        if rule in self._own:
            return "\n".join([f"# {self._path}: in the rule {rule}, instead of the same fields", *lines, ""])
        new = 'alerts.yaml; in touchline.toml: alerts = "alerts.yaml"'
        place = new if self._path is None else f"{self._path}: add what it lacks"
        indented = [f"    {line}" for line in lines]
        return "\n".join([f"# {place}", "extends: default", "change:", f"  {rule}:", *indented, ""])


def _knobs(rule: AlertRule) -> list[_Knob]:
    """The numbers of a rule that can be tried, from small to large."""
    field, values = ladder(rule)
    fields = {field: values}
    if isinstance(rule, Unusual):
        fields["false_alarms"] = _BUDGETS
    knobs = []
    for name, choices in fields.items():
        current = getattr(rule, name)
        ordered = sorted({*choices, current})
        knobs.append(_Knob(name, ordered, ordered.index(current)))
    return knobs


def _notes(simulation: Simulation, until: int) -> list[str]:
    notes = []
    if isinstance(simulation.rule, Unusual):
        budget, chance = simulation.rule.false_alarms or WHOLE_BUDGET, simulation.forecast
        notes.append(
            "False alarms: not known yet, as there are less than two weeks of data"
            if chance is None
            else f"False alarms: at most {chance:.2g} a week, of {budget:.2g} allowed"
        )
    if (known := simulation.known_from) is not None:
        part = "not known yet" if known >= until else "known for a part of the time"
        notes.append(f"The losses of frictions are {part}")
    if (short := simulation.transients) is not None:
        notes.append(
            f"{short.ended:,} of {counted(short.notified, 'notified incident')} end by themselves "
            f"before a wait of {exact_duration(short.wait)}"
        )
    return notes


def _own_rules(path: Path | None) -> set[str]:
    """The ids of the rules that the file has itself; it is valid."""
    if path is None:
        return set()
    written: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {str(rule["id"]) for rule in written.get("rules") or ()}
