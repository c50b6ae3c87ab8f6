"""The rules in force as the live page shows them, and trials of other numbers over the store."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from touchline.analysis.rule_trial import Knob, Trial, changed, changed_yaml, knobs_of, try_rule
from touchline.config.rule_packs import Pack
from touchline.friction import RuleSet
from touchline.live.rules.workshop import RuleSheet, Slider, TrialFailed, TrialResult
from touchline.rules.rule import Rule
from touchline.store import parse_answer
from touchline.store.histories import histories
from touchline.store.reader import Reader
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.event import Event
from touchline.vocabulary.internal import IS_TOUCHPOINT
from touchline.vocabulary.names import plain_name

TRIAL_SECONDS = 60.0
"""How long a trial may take; after that, its figures are of the customers that were looked at until then."""

WORK_SECONDS = 0.02
"""A trial works for this time, then rests as long: events have priority."""

EXTENT = (
    "SELECT toUnixTimestamp64Milli(min(time)), toUnixTimestamp64Milli(max(time)) FROM events "  # noqa: S608
    f"WHERE {IS_TOUCHPOINT}"
)
"""The times (ms) of the oldest and the newest touchpoint."""

_HASHES = 2**32


class RuleWorkshop:
    """The rules in force, and trials.

    Args:
        rules: The rules in force.
        pack: The same rules as written.
        file: The name of the team's rules file; empty where the default pack is in force.
        reader: Reads the store.
        clock: Returns monotonic seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        rules: RuleSet,
        pack: Pack,
        file: str,
        reader: Reader,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rules, self._pack, self._file, self._reader = rules, pack, file, reader
        self._clock, self._sleep = clock, sleep

    def sheets(self) -> list[RuleSheet]:
        """All rules in force."""
        return [self._sheet(rule) for rule in self._rules.rules]

    def run(
        self,
        rule: str,
        positions: Mapping[str, int],
        days: int,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> TrialResult:
        """Try a rule with other numbers over the last days of the data, as `Workshop.run`."""
        in_force, chosen = self._chosen(rule, positions)
        oldest, newest = parse_answer(self._reader.reply(EXTENT, "JSONCompact").body).result_rows[0]
        if not newest:
            raise TrialFailed("There are no events yet: send or import some first")
        until = newest + 1
        since = max(oldest, until - days * DAY)
        sample = _Sample(self._reader, self._rules, progress, cancelled, self._clock, self._sleep)
        found = try_rule(
            sample,
            in_force,
            changed(in_force, chosen),
            self._rules.rules,
            since,
            until,
            lambda: sample.share,
            self._rules.phases,
        )
        if cancelled():
            raise TrialFailed("Cancelled")
        if found is None:
            raise TrialFailed(
                f"Too few customers were read within {TRIAL_SECONDS:.0f} s: run `touchline backtest`"
            )
        return self._result(in_force, chosen, found)

    def _chosen(self, rule: str, positions: Mapping[str, int]) -> tuple[Rule, list[tuple[Knob, int]]]:
        known = next((one for one in self._rules.rules if one.id == rule), None)
        if known is None:
            raise TrialFailed(f"There is no rule {rule!r} any more: load the page again")
        knobs = {_slider_name(knob): knob for knob in knobs_of(known)}
        chosen = [
            (knobs[name], position)
            for name, position in positions.items()
            if name in knobs and 0 <= position < len(knobs[name].values) and position != knobs[name].current
        ]
        if not chosen:
            raise TrialFailed("Move a slider first: these are the numbers in force")
        return known, chosen

    def _sheet(self, rule: Rule) -> RuleSheet:
        entry = self._pack.entries.get(rule.id)
        raw: Mapping[str, Any] = entry.raw if entry else {"id": rule.id, "kind": rule.kind}
        return RuleSheet(
            id=rule.id,
            title=rule.title or rule.id,
            why=rule.why,
            kind=rule.kind,
            factor=plain_name("factor", rule.factor),
            owner=rule.owner,
            weight=rule.weight,
            yaml=yaml.safe_dump(dict(raw), sort_keys=False, allow_unicode=True, width=88),
            sliders=[
                Slider(_slider_name(knob), [knob.text(n) for n in range(len(knob.values))], knob.current)
                for knob in knobs_of(rule)
            ],
        )

    def _result(self, rule: Rule, chosen: Sequence[tuple[Knob, int]], found: Trial) -> TrialResult:
        fields = changed_yaml(rule, chosen)
        if self._file and rule.id in self._pack.own:
            text = f"# {self._file}: in the rule {rule.id}, instead of the same fields\n{fields}\n"
        else:
            new = 'rules.yaml; in touchline.toml: rules = "rules.yaml"'
            place = f"{self._file}: add what it lacks" if self._file else new
            indented = "".join(f"    {line}\n" for line in fields.splitlines())
            text = f"# {place}\nextends: default\nchange:\n  {rule.id}:\n{indented}"
        return TrialResult(
            before=found.before / found.days,
            after=found.after / found.days,
            new=round(found.new),
            gone=round(found.gone),
            days=found.days,
            share=found.share,
            yaml=text,
        )


def _slider_name(knob: Knob) -> str:
    return knob.name if len(knob.path) == 1 else " ".join((knob.path[0], knob.name, knob.path[-1]))


class _Sample:
    """The histories of customers until the time is over; the order of customers is that of a hash."""

    def __init__(
        self,
        reader: Reader,
        rules: RuleSet,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._reader, self._rules = reader, rules
        self._progress, self._cancelled = progress, cancelled
        self._clock, self._sleep = clock, sleep
        self._part = (0, 1)
        self.share = 0.0

    def __iter__(self) -> Iterator[tuple[str, list[Event]]]:
        end = self._clock() + TRIAL_SECONDS
        rested = self._clock()
        for customer, events in histories(self._reader, self._on_part, phases=self._rules.phases):
            done, parts = self._part
            # Within a part, customers come in the order of their ids, which are hashes.
            self.share = min(1.0, (done + int(customer[:8], 16) / _HASHES) / parts)
            self._progress(self.share)
            now = self._clock()
            if self._cancelled() or now >= end:
                return
            if now - rested >= WORK_SECONDS:
                self._sleep(now - rested)
                rested = self._clock()
            yield customer, events
        self.share = 1.0

    def _on_part(self, done: int, parts: int) -> None:
        self._part = (done, parts)
