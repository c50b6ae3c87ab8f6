"""How a value reads, with its unit: the same wherever it is shown."""

_TIMES = ((86_400, "d"), (3_600, "h"), (60, "min"))


def shown(value: float | None, unit: str) -> str:
    """A value in words: `74.2 %`, `28 s`, `1.5 h`, `+31 points`, `1,204 EUR`; `-` for None."""
    if value is None:
        return "-"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "seconds":
        size, name = next(((size, name) for size, name in _TIMES if abs(value) >= 2 * size), (1, "s"))
        return f"{value / size:.1f} {name}" if size > 1 else f"{value:.0f} s"
    if unit == "points":
        return f"{value:+.0f} points"
    if unit in ("steps", "strikes", "of 7"):
        return f"{value:.2f} {unit}"
    return f"{value:,.0f} {unit}".rstrip()


def ahead(distance: float | None, unit: str) -> str:
    """A distance to a goal in words: `3.1 % short`, `12 s ahead`; empty for None."""
    if distance is None:
        return ""
    said = shown(abs(distance), unit).removeprefix("+").replace(" of 7", "")
    return f"{said} {'ahead' if distance >= 0 else 'short'}"
