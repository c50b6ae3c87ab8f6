"""What a program knows of frictions if it applies their changes one after the other."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

from touchline.engine.customers import announcing
from touchline.engine.memory import MemoryStore
from touchline.tables import FrictionChangeRow

_FOREVER = 2**60


@contextmanager
def everything_announced() -> Iterator[None]:
    """No friction counts as history: cases last for years, and their clocks jump."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("RECENT", "FOLLOWED", "CUT_OFF"):
            patch.setattr(announcing, limit, _FOREVER)
        yield


def in_order(store: MemoryStore) -> list[FrictionChangeRow]:
    """The stored changes, in the order in which they are read."""
    rows = [FrictionChangeRow(**row) for row in store.tables["friction_changes"].values()]
    return sorted(rows, key=lambda row: (row.position, row.version, row.id))


def known(changes: Iterable[FrictionChangeRow]) -> dict[UUID, FrictionChangeRow]:
    """What is true after all changes, by subject. The last one counts: their order must be right."""
    found: dict[UUID, FrictionChangeRow] = {}
    for change in changes:
        found[change.subject] = change
    return {subject: change for subject, change in found.items() if change.kind != "retracted"}


def signals(changes: Iterable[FrictionChangeRow]) -> list[list[Any]]:
    """What is true after all changes, in the form of the offline result."""
    return sorted(
        [
            str(change.customer),
            str(change.friction),
            change.rule,
            change.anchor,
            change.opened_at,
            change.resolved_at,
            list(change.evidence),
        ]
        for change in known(changes).values()
    )


def check_kinds(changes: Iterable[FrictionChangeRow], *, opened_once: bool = True) -> None:
    """Each change follows from the one before it, and a repeat is the same as the first time.

    While an identifier is forgotten in a cluster, a worker may not know what it opened: `opened_once` False.
    """
    before: dict[UUID, FrictionChangeRow] = {}
    for change in changes:
        last = before.get(change.subject)
        if last is not None and last.id == change.id:
            assert (last.version, last.status) == (change.version, change.status)
            continue
        assert last is None or last.version < change.version
        open_before = last is not None and last.status != "retracted"
        expected = {
            # Of a forgotten customer, only the last change is kept.
            "retracted": change.status == "retracted" and (open_before or change.customer == UUID(int=0)),
            "opened": change.status == "open" and not (open_before and opened_once),
            "resolved": change.status == "resolved"
            and not (opened_once and last is not None and last.status == "resolved"),
            "changed": change.status != "retracted" and open_before,
        }
        assert expected[change.kind], (change.kind, last and last.status, change.status)
        before[change.subject] = change
