"""What `lint` says of a file: its faults, which are errors, and its warnings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from touchline.documents import Fault


def by_level(faults: "Sequence[Fault]", warnings: "Sequence[Fault]") -> "list[tuple[Fault, str]]":
    """Each with `error` or `warning`, in the order of the file."""
    from touchline.documents import by_place

    found = [*((fault, "error") for fault in faults), *((fault, "warning") for fault in warnings)]
    return sorted(found, key=lambda entry: by_place(entry[0]))


def show_checked(summary: str, faults: "Sequence[Fault]", warnings: "Sequence[Fault]") -> None:
    """Print each on its line, then the summary with their numbers."""
    from touchline.vocabulary.wording import counted

    for fault, level in by_level(faults, warnings):
        typer.echo(f"{fault.place}: {level}: {fault.message}")
    typer.echo(f"{summary}, {counted(len(faults), 'error')}, {counted(len(warnings), 'warning')}")
