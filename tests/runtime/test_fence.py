"""A store for one that may have been superseded."""

from typing import get_type_hints

import pytest

from touchline.engine.memory import MemoryStore
from touchline.engine.messages import Announcer
from touchline.engine.ports import InForce, Store
from touchline.runtime.fence import CHANGES, Superseded, fenced


def test_what_changes_a_store_is_all_known() -> None:
    """Every method of a store or an announcer that answers nothing changes something."""
    every = {**vars(Store), **vars(Announcer)}
    methods = {name: one for name, one in every.items() if callable(one) and not name.startswith("_")}
    silent = {name for name, one in methods.items() if get_type_hints(one)["return"] is type(None)}
    assert silent == set(CHANGES)


def test_a_superseded_store_reads_and_changes_nothing() -> None:
    """The check runs before each change and not before reads; its error is raised."""
    store = MemoryStore()

    def others() -> None:
        raise Superseded("others have it")

    superseded = fenced(store, others)
    assert superseded.last_version() == 0
    with pytest.raises(Superseded, match="others have it"):
        superseded.put_in_force(InForce("rules"), 1)
    assert store.rules_in_force() is None
    fenced(store, lambda: None).put_in_force(InForce("rules"), 1)
    assert store.rules_in_force() == "rules"
