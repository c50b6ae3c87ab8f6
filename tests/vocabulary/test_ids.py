"""Derived ids are standard UUIDv5."""

from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from touchline.vocabulary.ids import NAMESPACE, derived_id


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_derived_id_is_a_uuid5(name: str) -> None:
    """A derived id equals the standard library's `uuid5`."""
    assert derived_id(name) == uuid5(NAMESPACE, name)
