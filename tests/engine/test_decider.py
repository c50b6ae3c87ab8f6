"""What the decider reads of a much-shared identifier is bounded, and what it says is exact."""

from collections.abc import Iterable, Sequence

from touchline.engine.batch import columns
from touchline.engine.identity.decider import Decider
from touchline.engine.memory import MemoryStore
from touchline.tables.rows import OccurrenceRow

KIOSK = "device:kiosk"


class ObservedStore(MemoryStore):
    """A store that counts the sets that it gives."""

    read = 0

    def sets_naming(self, identifiers: Sequence[str], most: int | None = None) -> Iterable[tuple[str, ...]]:
        found = list(super().sets_naming(identifiers, most))
        self.read += len(found)
        return found


def _decider(visitors: int) -> tuple[Decider, ObservedStore]:
    store = ObservedStore()
    sets = [(f"email:{n}@b.example", KIOSK) for n in range(visitors)]
    rows = [OccurrenceRow(identifier, named) for named in sets for identifier in named]
    store.insert("occurrences", columns(rows), "a")
    return Decider(store), store


def test_an_erasure_reads_no_more_of_a_kiosk_with_more_visitors() -> None:
    """To see that a kiosk stays, some of its sets are enough."""
    read = []
    for visitors in (300, 3_000):
        decider, store = _decider(visitors)
        erasure = decider.erasure(frozenset(["email:7@b.example"]))
        assert erasure.entities == erasure.unseen == {"email:7@b.example"}
        assert decider.unseen([KIOSK, "device:gone"]) == {"device:gone"}
        read.append(store.read)
    assert read[0] == read[1] < 300


def test_a_kiosk_goes_with_the_last_of_its_visitors() -> None:
    """All sets of an identifier are read before it counts as named by nothing else."""
    decider, _ = _decider(300)
    everyone = frozenset(f"email:{n}@b.example" for n in range(300))
    assert decider.erasure(everyone).unseen == everyone | {KIOSK}
    decider, _ = _decider(300)
    assert decider.erasure(everyone - {"email:0@b.example"}).unseen == everyone - {"email:0@b.example"}
