"""The ledger: what operators decided about customers, in entries that are added and never edited.

What is in force is a function of the set of entries: of those about one pair, one shared identifier or one
forgotten identifier, the last by (at, id) stands. So entries may come in any order, and twice.

A **split** bans a pair of identifiers, an **unsplit** lifts the ban: a banned pair is no link. A **share**
says that an identifier links nobody, an **unshare** leaves that to the limits again. An
**erase** forgets identifiers: every event that names one of them goes, and later ones are suppressed
until a **readmit** lets them in again. The ledger keeps forgotten identifiers as salted hashes alone.
A **withdraw** takes events back that an import gave, as if they had never come. It carries them in the log;
the ledger keeps who did it, and why.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from touchline.identity.customers import is_account
from touchline.identity.sharing import LIMITS, Limits, Pair, Policy
from touchline.vocabulary.identifiers import rank

What = Literal["split", "unsplit", "share", "unshare", "erase", "readmit", "withdraw"]

Key = TypeVar("Key", bound=Hashable)

_HASH_BYTES = 16


class Entry(Struct, frozen=True, kw_only=True):
    """One decision: who took it, when (ms) and why.

    `identifiers` are the pair of a split or unsplit, the one of a share or unshare, or what an erase forgets;
    the entry that is kept of an erase has `hashes` under a `salt` in their place, as a readmit has from the
    beginning. `events` are what a withdraw takes back, ids with identifiers, strongest first, and `refused`
    the ids of its refused rows; the entry that is kept has neither.
    """

    id: str
    at: int
    who: str
    what: What
    identifiers: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    salt: str = ""
    reason: str = ""
    events: tuple[tuple[str, tuple[str, ...]], ...] = ()
    refused: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.is_split:
            if len(set(self.identifiers)) != 2:
                raise ValueError(f"a {self.what} is of two identifiers")
        elif self.is_share:
            if len(self.identifiers) != 1 or is_account(self.identifiers[0]):
                raise ValueError(f"a {self.what} is of one identifier that is no account")
        elif self.what in ("erase", "readmit"):
            named = self.hashes or (self.what == "erase" and self.identifiers)
            if not self.salt or not named:
                raise ValueError(f"this {self.what} names no identifiers, or has no salt")

    @property
    def pair(self) -> Pair:
        """The two identifiers of a split or an unsplit, the stronger first."""
        one, other = sorted(self.identifiers, key=rank)
        return one, other

    @property
    def is_split(self) -> bool:
        """Whether it bans a pair, or lifts the ban."""
        return self.what in ("split", "unsplit")

    @property
    def is_share(self) -> bool:
        """Whether it shares an identifier, or undoes that."""
        return self.what in ("share", "unshare")

    @property
    def is_about_links(self) -> bool:
        """Whether it decides what links; else it decides what is forgotten."""
        return self.is_split or self.is_share

    @property
    def order(self) -> tuple[int, str]:
        """The key by which the last entry is found: `(at, id)`."""
        return self.at, self.id


@lru_cache(maxsize=65_536)
def hashed(identifier: str, salt: str) -> str:
    """A forgotten identifier as the ledger keeps it."""
    return blake2b(identifier.encode(), digest_size=_HASH_BYTES, key=salt.encode()).hexdigest()


def kept(entry: Entry) -> Entry:
    """What the ledger keeps of an entry: of an erase no identifier, of a withdraw not what it takes back."""
    if entry.events or entry.refused:
        return replace(entry, events=(), refused=())
    if entry.what != "erase" or not entry.identifiers:
        return entry
    hashes = tuple(sorted(hashed(one, entry.salt) for one in entry.identifiers))
    return replace(entry, identifiers=(), hashes=hashes)


def bans(entries: Iterable[Entry]) -> frozenset[Pair]:
    """The pairs that are banned."""
    last = _last((entry.pair, entry) for entry in entries if entry.is_split)
    return frozenset(pair for pair, entry in last.items() if entry.what == "split")


def shares(entries: Iterable[Entry]) -> frozenset[str]:
    """The identifiers that operators share."""
    last = _last((entry.identifiers[0], entry) for entry in entries if entry.is_share)
    return frozenset(identifier for identifier, entry in last.items() if entry.what == "share")


def policy_of(entries: Sequence[Entry], limits: Limits = LIMITS) -> Policy:
    """The policy that entries put in force."""
    return Policy(limits, bans(entries), shares(entries))


class Suppression:
    """The identifiers that are forgotten, by the entries that the ledger keeps."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        last = _last(((entry.salt, one), entry) for entry in entries for one in entry.hashes)
        self._hashes: dict[str, set[str]] = defaultdict(set)
        for (salt, one), entry in last.items():
            if entry.what == "erase":
                self._hashes[salt].add(one)

    def __bool__(self) -> bool:
        """Whether anything is forgotten."""
        return bool(self._hashes)

    def suppresses(self, identifiers: Sequence[str]) -> bool:
        """Whether one of the identifiers is forgotten."""
        return any(
            hashed(one, salt) in hashes for salt, hashes in self._hashes.items() for one in identifiers
        )


def _last(entries: Iterable[tuple[Key, Entry]]) -> dict[Key, Entry]:
    """The last entry of each key, by (at, id)."""
    last: dict[Key, Entry] = {}
    for key, entry in entries:
        if key not in last or entry.order > last[key].order:
            last[key] = entry
    return last
