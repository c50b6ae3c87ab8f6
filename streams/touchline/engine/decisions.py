"""What operators decided, as a worker knows it: the entries of the ledger, and what is in force by them."""

from collections.abc import Iterable
from typing import NamedTuple

from touchline.identity import Entry, Pair, Suppression, bans, kept


class Taken(NamedTuple):
    """What some new entries of the ledger change.

    `entries` are those to keep, as they are kept; `lifted` pairs are banned no more, `banned` ones are
    from now on; every event that names one of `gone` goes.
    """

    entries: list[Entry]
    lifted: frozenset[Pair]
    banned: frozenset[Pair]
    gone: frozenset[str]


class Decisions:
    """The entries so far, and the identifiers that are forgotten by them."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self.suppression = Suppression(self._entries.values())

    @property
    def bans(self) -> frozenset[Pair]:
        """The pairs that are banned."""
        return bans(self._entries.values())

    def take(self, entries: Iterable[Entry]) -> Taken:
        """Take in entries, whether they came before or not."""
        entries = list(entries)
        before = self.bans
        known = {**self._entries, **{entry.id: kept(entry) for entry in entries}}
        self.suppression = Suppression(known.values())
        # Nothing in the ledger names what is forgotten.
        entries = [
            entry
            for entry in entries
            if entry.what == "erase" or not self.suppression.suppresses(entry.identifiers)
        ]
        self._entries.update((entry.id, kept(entry)) for entry in entries)
        in_force = self.bans
        # One that was let in again since stays, should the record come once more.
        gone = frozenset(
            one
            for entry in entries
            if entry.what == "erase"
            for one in entry.identifiers
            if self.suppression.suppresses((one,))
        )
        return Taken([kept(entry) for entry in entries], before - in_force, in_force - before, gone)

    def forget(self, gone: frozenset[str]) -> list[Entry]:
        """Take out the entries that name one of the identifiers."""
        naming = [entry for entry in self._entries.values() if not gone.isdisjoint(entry.identifiers)]
        for entry in naming:
            del self._entries[entry.id]
        return naming
