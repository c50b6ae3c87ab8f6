"""The team's goals: of `touchline.toml`, and those set on the live page, which come first."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from touchline.measures.catalogue import BY_NAME
from touchline.measures.measure import Unit
from touchline.measures.reading import Ask
from touchline.vocabulary.errors import ConfigurationError

RANGES: Mapping[Unit, tuple[float, float]] = {
    "share": (0.0, 1.0),
    "points": (-100.0, 100.0),
    "of 7": (1.0, 7.0),
}
"""The least and the greatest goal in each unit; other units have goals from 0 upwards."""

_MOST = 1e12
_SET = "SELECT id, value, author, toUnixTimestamp64Milli(written_at) FROM current_goals ORDER BY id"


class GoalsError(ConfigurationError):
    """Invalid goals: the message lists each mistake."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal in the unit of its measure.

    `author` set it on the page at `set_at` (ms since 1970); '' and 0 for a goal of `touchline.toml`.
    `in_file` is the goal there, None without one.
    """

    value: float
    author: str = ""
    set_at: int = 0
    in_file: float | None = None


def check_goals(goals: Mapping[str, float]) -> dict[str, float]:
    """The goals, if each names a measure and is in the range of its unit.

    Raises:
        GoalsError: a name is no measure, or a value is out of range.
    """
    mistakes = [mistake for name, goal in goals.items() if (mistake := _mistake(name, goal))]
    if mistakes:
        raise GoalsError("; ".join(mistakes))
    return dict(goals)


def goals_in_force(ask: Ask, in_file: Mapping[str, float]) -> dict[str, Goal]:
    """The goals by name of the measure: one that was set on the page replaces that of the file.

    Raises what `ask` raises. A goal of a measure that this version does not have is left out.
    """
    goals = {name: Goal(value, in_file=value) for name, value in in_file.items()}
    for name, value, author, at in ask(_SET, {}):
        if name in BY_NAME:
            goals[name] = Goal(float(value), author, int(at), in_file.get(name))
    return goals


def _mistake(name: str, goal: float) -> str:
    if name not in BY_NAME:
        return f"unknown measure '{name}'; expected one of {', '.join(BY_NAME)}"
    unit = BY_NAME[name].unit
    low, high = RANGES.get(unit, (0.0, _MOST))
    if isfinite(goal) and low <= goal <= high:
        return ""
    if unit == "share":
        return f"{name} is a share between 0 and 1: write {goal / 100:g} for {goal:g} %"
    if high == _MOST:
        return f"{name} is a number from 0 upwards ({unit}), not {goal:g}"
    return f"{name} is between {low:g} and {high:g} ({unit}), not {goal:g}"
