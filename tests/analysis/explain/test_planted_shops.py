"""What explain says of alerts on events, rules of one event and of repeats, and points, over whole stores."""

from pathlib import Path

import pytest
from benchmarks.support.planted_shops import CAUSES, causes_named, explained, fill

from touchline.analysis.explain.explanation import Explanation, sentence
from touchline.store import open_store

SHOPS = [pytest.param(5, marks=pytest.mark.slow), pytest.param(20, marks=pytest.mark.long)]
"""Shops of a run: an explanation of each takes a second."""


def _all_explained(folder: Path, seeds: int, *, causes: bool) -> list[dict[str, Explanation]]:
    with open_store(folder / "store") as store:
        fill(store, range(seeds), causes=causes)
        return [explained(store, seed) for seed in range(seeds)]


def test_the_affected_are_compared_at_the_last_step_that_others_took_too(tmp_path: Path) -> None:
    """Failed payments are compared at the payment step, long waits in the queue; only the cause is named."""
    [shop] = _all_explained(tmp_path, 1, causes=True)
    paid = "others who also had checkout step completed (step payment)"
    assert {name: one.compared.partition(" ")[2] for name, one in shop.items()} == {
        "alert on events": paid,
        "rule of repeats": paid,
        "rule of one event": "others who also had contact queued",
        "point": paid,
    }
    assert {name: causes_named(one) for name, one in shop.items()} == {
        name: [cause] for name, cause in CAUSES.items()
    }
    outage = shop["alert on events"]
    assert "times as frequent" in sentence(outage.findings[0], outage.affected)


@pytest.mark.parametrize("seeds", SHOPS)
def test_a_planted_cause_comes_first_everywhere(tmp_path: Path, seeds: int) -> None:
    """In each shop the planted cause is the first finding, whatever is explained."""
    shops = _all_explained(tmp_path, seeds, causes=True)
    for name, cause in CAUSES.items():
        assert [causes_named(shop[name])[:1] for shop in shops] == [[cause]] * seeds, name


@pytest.mark.parametrize("seeds", SHOPS)
def test_without_a_cause_hardly_anything_is_named_anywhere(tmp_path: Path, seeds: int) -> None:
    """An outage that hits all payments alike has no cause to name; nor have the others. One in 20 may."""
    shops = _all_explained(tmp_path, seeds, causes=False)
    named = [causes_named(one) for shop in shops for one in shop.values()]
    assert all(one.affected >= 20 for shop in shops for one in shop.values())
    assert sum(map(bool, named)) <= 0.05 * len(named), named
