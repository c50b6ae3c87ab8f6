"""Keyed hashes of identifiers: what becomes of identifiers that may not be stored in clear."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.privacy import parse_privacy
from touchline.vocabulary.normaliser import Normaliser

KEY = "0123456789abcdef0123456789abcdef"
RULES = parse_privacy(
    "identifiers: {email: hash, phone: hash, account: hash, device: hash, social: drop}", KEY
)
SEALED = Normaliser("DE", terminals=("phone:030 123400", "device:till-*"), seal=RULES.seal)
KINDS = st.sampled_from(["email", "phone", "account", "device", "social", "loyalty", "own_kind"])


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [("email", ["Ann@Shop.example", " ann@shop.example "]), ("phone", ["030 901820", "+49 30 901820"])],
)
def test_equal_identifiers_stay_equal(kind: str, spellings: list[str]) -> None:
    """Spellings of one identifier have one hash, which keeps the kind and says nothing of the value."""
    found = {SEALED.identifier(kind, spelling) for spelling in spellings}
    assert len(found) == 1
    assert re.fullmatch(rf"{kind}:hmac-[0-9a-f]{{32}}", str(found.pop()))


def test_a_hash_depends_on_the_key_and_the_kind() -> None:
    """Another key, or another kind, gives another hash of the same value."""
    other = Normaliser(seal=parse_privacy("identifiers: {email: hash}", KEY[::-1]).seal)
    assert other.identifier("email", "a@b.example") != SEALED.identifier("email", "a@b.example")
    assert (
        str(SEALED.identifier("account", "17")).partition(":")[2]
        != (str(SEALED.identifier("device", "17")).partition(":")[2])
    )


def test_other_kinds_stay_in_clear_and_dropped_ones_go() -> None:
    """Only kinds that the rules name are changed."""
    given = {"loyalty": ["L-1"], "social": ["@ann"], "email": ["undefined"]}
    assert SEALED.identifiers(given, "web") == ("loyalty:L-1",)


def test_the_companys_own_devices_are_known_in_clear() -> None:
    """Terminals are recognised before the hash, and are nobody's data."""
    assert SEALED.identifier("phone", "+4930123400") == "terminal:+4930123400"
    assert SEALED.identifier("device", "till-7") == "terminal:till-7"


@given(KINDS, st.text(max_size=30) | st.emails() | st.from_regex(r"hmac-[0-9a-fA-F]{32}", fullmatch=True))
def test_normalising_again_changes_nothing(kind: str, value: str) -> None:
    """An exported event keeps its identifiers when it is replayed, with the rules and without them."""
    once = SEALED.identifier(kind, value)
    if once is None:
        return
    stored_kind, _, stored = once.partition(":")
    assert SEALED.identifier(stored_kind, stored) == once
    if stored.startswith("hmac-"):
        assert Normaliser("DE").identifier(stored_kind, stored) == once
