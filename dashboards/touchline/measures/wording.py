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
    """A distance to a goal in words: `3.1 points short`, `12 s ahead`; empty for None."""
    if distance is None:
        return ""
    far = abs(distance)
    said = f"{100 * far:.1f} points" if unit == "share" else shown(far, unit)
    return f"{said.removeprefix('+').removesuffix(' of 7')} {'ahead' if distance >= 0 else 'short'}"
