"""The types that names of open formats mean."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.collector.dialects.custom_types import custom_type
from touchline.collector.dialects.vocabulary_names import LONGEST_NAME, fault_of, meant_type, named
from touchline.vocabulary.registry import EVENT_TYPES, is_custom, type_of

values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
fields = st.sampled_from(sorted({field for each in EVENT_TYPES.values() for field in each.fields}))
data = st.dictionaries(fields | st.text(max_size=9), values, max_size=6)
names = st.sampled_from(sorted(EVENT_TYPES)) | st.text(max_size=40)


@settings(max_examples=max(100, settings().max_examples // 5))
@given(names, data)
def test_any_name_and_data_have_a_type_that_takes_them(name: str, given_data: dict[str, Any]) -> None:
    """The type is of the vocabulary only if the data fits it; else it is a valid custom type."""
    found = named(name, given_data)
    assert type_of(found.type, EVENT_TYPES) is not None
    assert is_custom(found.type) or fault_of(found.type, found.data) is None
    assert len(found.data) == len(given_data)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@pytest.mark.parametrize("around", ["{}", "{}.v1", "com.example.{}", "com.example.{}.v1", "a.b.c.{}.2"])
def test_every_type_is_meant_by_its_name_with_and_without_a_prefix(name: str, around: str) -> None:
    """A version may follow."""
    assert meant_type(around.format(name)) == name


@pytest.mark.parametrize(
    "name", ["", ".", "started", "checkout", "checkout.started.", "checkout_started", "Checkout.Started"]
)
def test_other_names_mean_no_type(name: str) -> None:
    """A name is compared as it is, word by word."""
    assert meant_type(name) is None


@pytest.mark.parametrize("number", [-1, 2**64, True, 1.5])
def test_numbers_that_are_no_ids_are_not_made_ids(number: Any) -> None:
    """The event does not fit the type."""
    assert named("order.placed", {"order_id": number}).type == "custom.order_placed"
    assert named("order.placed", {"order_id": 10**5_000}).type == "custom.order_placed"


def test_a_long_name_is_not_remembered() -> None:
    """Names of any length have a type, and a client who sends many long ones fills no memory."""
    long = "x" * (LONGEST_NAME + 1)
    assert custom_type(long) == custom_type(long)
    assert custom_type(long) is not custom_type(long)
    assert custom_type("x") is custom_type("x")
    assert meant_type(f"{long}.checkout.started") is None
