"""Operators' decisions as a worker knows them: the entries of the ledger, and what they put in force."""

from collections.abc import Iterable
from typing import NamedTuple

from touchline.identity import Entry, Pair, Suppression, bans, kept, shares


class Taken(NamedTuple):
    """What new entries of the ledger change.

    Attributes:
        entries: The entries to keep, in the form in which the ledger keeps them.
        lifted: Pairs that are no longer banned.
        banned: Pairs that are banned from now on.
        unshared: Identifiers that operators no longer share.
        shared: Identifiers that they share from now on.
        gone: Identifiers to forget: every event that names one of them goes.
    """

    entries: list[Entry]
    lifted: frozenset[Pair]
    banned: frozenset[Pair]
    unshared: frozenset[str]
    shared: frozenset[str]
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

    @property
    def shares(self) -> frozenset[str]:
        """The identifiers that operators share."""
        return shares(self._entries.values())

    def take(self, entries: Iterable[Entry]) -> Taken:
        """Add entries; one that came before changes nothing."""
        entries = list(entries)
        bans_before, shares_before = self.bans, self.shares
        known = {**self._entries, **{entry.id: kept(entry) for entry in entries}}
        self.suppression = Suppression(known.values())
        # Nothing in the ledger names what is forgotten.
        entries = [
            entry
            for entry in entries
            if entry.what == "erase" or not self.suppression.suppresses(entry.identifiers)
        ]
        self._entries.update((entry.id, kept(entry)) for entry in entries)
        bans_now, shares_now = self.bans, self.shares
        # If the record comes again, an identifier that was readmitted since stays.
        gone = frozenset(
            identifier
            for entry in entries
            if entry.what == "erase"
            for identifier in entry.identifiers
            if self.suppression.suppresses((identifier,))
        )
        return Taken(
            [kept(entry) for entry in entries],
            lifted=bans_before - bans_now,
            banned=bans_now - bans_before,
            unshared=shares_before - shares_now,
            shared=shares_now - shares_before,
            gone=gone,
        )

    def forget(self, gone: frozenset[str]) -> list[Entry]:
        """Remove and return the entries that name one of the identifiers."""
        naming = [entry for entry in self._entries.values() if not gone.isdisjoint(entry.identifiers)]
        for entry in naming:
            del self._entries[entry.id]
        return naming
