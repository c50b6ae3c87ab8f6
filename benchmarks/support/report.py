"""A benchmark's report: figures, ratios and the machine, as one JSON object or as tables."""

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson


@dataclass
class Report:
    """The result of one benchmark.

    Attributes:
        benchmark: Its name.
        figures: What was measured; a dictionary is one row of a table.
        ratios: Comparisons within the run, which hold across machines.
        notes: What a reader must know to read the figures.
        failed: Why the result is void; empty if it is valid.
    """

    benchmark: str
    figures: dict[str, Any]
    ratios: dict[str, float]
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def json(self) -> str:
        """The report as one JSON object."""
        return orjson.dumps(
            {
                "benchmark": self.benchmark,
                "figures": self.figures,
                "ratios": self.ratios,
                "machine": machine(),
                "notes": self.notes,
                "failed": self.failed,
            },
            option=orjson.OPT_INDENT_2,
        ).decode()

    def text(self) -> str:
        """The report as tables; figures with the same columns share a table."""
        lines = [self.benchmark, "=" * len(self.benchmark)]
        singles = {name: value for name, value in self.figures.items() if not isinstance(value, dict)}
        tables: dict[tuple[str, ...], list[tuple[str, dict[str, Any]]]] = {}
        for name, value in self.figures.items():
            if isinstance(value, dict):
                tables.setdefault(tuple(value), []).append((name, value))
        lines += _table([], list(singles.items()))
        for columns, rows in tables.items():
            lines += ["", *_table(["", *columns], [(name, *row.values()) for name, row in rows])]
        if self.ratios:
            lines += ["", *_table(["ratios", ""], list(self.ratios.items()))]
        lines += ["", *_table([], list(machine().items()))]
        lines += ["", *(f"note: {note}" for note in self.notes)] if self.notes else []
        lines += [f"VOID: {reason}" for reason in self.failed]
        return "\n".join(lines)


def machine() -> dict[str, Any]:
    """The machine. `load` is the one-minute average: well above 1, other work has slowed the benchmark."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(terse=True),
        "load": round(os.getloadavg()[0], 2),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _table(header: list[str], rows: list[tuple[Any, ...]]) -> list[str]:
    cells = [header] if header else []
    cells += [[_shown(value) for value in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    return [
        "  ".join(
            cell.ljust(width) if at == 0 or (not _is_number(cell) and not header) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").isdigit()


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)
