"""Values with their units as text: the same on the page, in Grafana and in command output."""

_TIME_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def format_value(value: float | None, unit: str) -> str:
    """A value with its unit: `74.2 %`, `28 s`, `1.5 h`, `+31 points`, `1,204 EUR`; `–` for None."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "seconds":
        size, name = next(((size, name) for size, name in _TIME_UNITS if abs(value) >= 2 * size), (1, "s"))
        return f"{value / size:.1f} {name}" if size > 1 else f"{value:.0f} s"
    if unit == "points":
        return f"{value:+.0f} points"
    if unit in ("steps", "strikes", "of 7"):
        return f"{value:.2f} {'strike points' if unit == 'strikes' else unit}"
    return f"{value:,.0f} {unit}".rstrip()


def format_goal(goal: float, unit: str, *, higher_is_better: bool) -> str:
    """A goal with its direction: `at least 80.0 %`, `at most 28 s`."""
    return f"at {'least' if higher_is_better else 'most'} {format_value(goal, unit).removeprefix('+')}"


def format_distance(value: float | None, goal: float | None, unit: str) -> str:
    """How far a value is from its goal: `3.1 percentage points under goal`, `43 s over goal`.

    Empty without a value or a goal.
    """
    if value is None or goal is None:
        return ""
    if value == goal:
        return "exactly at goal"
    gap = abs(value - goal)
    amount = f"{100 * gap:.1f} percentage points" if unit == "share" else format_value(gap, unit)
    amount = amount.removeprefix("+").removesuffix(" of 7")
    return f"{amount} {'over' if value > goal else 'under'} goal"
