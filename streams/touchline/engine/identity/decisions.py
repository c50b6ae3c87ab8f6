"""Operators' decisions as a worker knows them: the entries of the ledger, and what they put in force."""

from collections.abc import Iterable
from typing import NamedTuple

from touchline.identity import Entry, Pair, Suppression, bans, kept


class Taken(NamedTuple):
    """What new entries of the ledger change.

    Attributes:
        entries: The entries to keep, in the form in which the ledger keeps them.
        lifted: Pairs that are no longer banned.
        banned: Pairs that are banned from now on.
        gone: Identifiers to forget: every event that names one of them goes.
    """

    entries: list[Entry]
    lifted: frozenset[Pair]
    banned: frozenset[Pair]
    gone: frozenset[str]


class Decisions:
    """The entries so far, and the identifiers that they forget."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self.suppression = Suppression(self._entries.values())

    @property
    def bans(self) -> frozenset[Pair]:
        """The pairs that are banned."""
        return bans(self._entries.values())

    def take(self, entries: Iterable[Entry]) -> Taken:
        """Add entries; one that came before changes nothing."""
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
        # If the record comes again, an identifier that was readmitted since stays.
        gone = frozenset(
            identifier
            for entry in entries
            if entry.what == "erase"
            for identifier in entry.identifiers
            if self.suppression.suppresses((identifier,))
        )
        return Taken([kept(entry) for entry in entries], before - in_force, in_force - before, gone)

    def forget(self, gone: frozenset[str]) -> list[Entry]:
        """Remove and return the entries that name one of the identifiers."""
        naming = [entry for entry in self._entries.values() if not gone.isdisjoint(entry.identifiers)]
        for entry in naming:
            del self._entries[entry.id]
        return naming
