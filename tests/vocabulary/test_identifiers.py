"""Kinds of identifiers, their rank, and the values that can be one."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.vocabulary.identifiers import (
    RANK,
    STAND_INS,
    InvalidIdentifier,
    identifier_values,
    links_nobody,
    rank,
)

KINDS = st.sampled_from([*RANK, *STAND_INS, "staff", "cookie"])
IDENTIFIERS = st.builds("{}:{}".format, KINDS, st.text(max_size=6))


@given(
    st.lists(IDENTIFIERS, unique=True).flatmap(
        lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))
    )
)
def test_rank_is_a_total_order(orders: tuple[list[str], list[str]]) -> None:
    """Different identifiers never rank equal: any order of input gives one order."""
    drawn, shuffled = orders
    assert sorted(drawn, key=rank) == sorted(shuffled, key=rank)


def test_own_kinds_rank_between_device_and_terminal() -> None:
    """A producer's own kinds come after `device`, by name; then `terminal`, then the kinds of nobody."""
    kinds = ["session", "cookie", "order", "terminal", "device", "zip", "account", "cart", "contact"]
    ranked = sorted((f"{kind}:1" for kind in [*kinds, "social", "phone", "loyalty", "email"]), key=rank)
    assert ranked == [f"{kind}:1" for kind in (*RANK[:-1], "cookie", "zip", "terminal", *STAND_INS)]


def test_terminals_and_the_kinds_of_nobody_link_nobody() -> None:
    """No other kind, known or not, is one that links nobody."""
    assert all(map(links_nobody, ("terminal", "contact", "cart", "order", "session")))
    assert not any(map(links_nobody, (*RANK[:-1], "cookie", "")))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("u-1", ("u-1",)),
        ("", ("",)),
        (17, ("17",)),
        (-1, ("-1",)),
        (17.0, ("17",)),
        (-0.0, ("0",)),
        (2.0**53, ("9007199254740992",)),
        (12345678901234567890123, ("12345678901234567890123",)),
        (True, ("true",)),
        (None, ()),
        (float("nan"), ()),
        (Decimal("17.00"), ("17",)),
        (Decimal("NaN"), ()),
        ("ü".encode(), ("ü",)),
        (memoryview(b"u1"), ("u1",)),
        (UUID(int=7), ("00000000-0000-0000-0000-000000000007",)),
        (["u1", 2, None, 3.0], ("u1", "2", "3")),
        (("u1",), ("u1",)),
        ([], ()),
    ],
)
def test_values_become_text(value: Any, expected: tuple[str, ...]) -> None:
    """Whole numbers, UTF-8 and lists are values; null and NaN are none."""
    assert identifier_values(value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"id": 5}, "got an object"),
        (17.5, "got a fraction"),
        (Decimal("17.5"), "got a fraction"),
        (2.0**53 + 2, r"beyond 2\^53"),
        (1e300, r"beyond 2\^53"),
        (float("inf"), "got a fraction|whole number"),
        (Decimal("1e999999"), "at most 256 digits"),
        (Decimal("Infinity"), "at most 256 digits"),
        (10**300, "at most 256 digits"),
        (b"\xff\xfe", "not UTF-8"),
        (list("abcdef"), "at most 5 values, got a list of 6"),
        ([["u1"]], "a list in a list"),
        ([{"id": 5}], "got an object"),
        ({"a"}, "got a set"),
    ],
)
def test_what_cannot_be_an_identifier_is_refused(value: Any, message: str) -> None:
    """Objects, fractions, floats that lost digits and bytes that are no text are refused with a reason."""
    with pytest.raises(InvalidIdentifier, match=message):
        identifier_values(value)


@given(st.floats(allow_nan=False))
def test_different_floats_never_become_one_identifier(value: float) -> None:
    """A float that becomes text is read back as the same number."""
    try:
        (text,) = identifier_values(value)
    except InvalidIdentifier:
        return
    assert int(text) == value
