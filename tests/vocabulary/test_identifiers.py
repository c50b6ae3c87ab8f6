"""Normal forms and ranks of identifiers."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from touchline.vocabulary.identifiers import RANK, normalise, normalised, rank

KINDS = st.sampled_from([*RANK, "staff", "cookie"])
REGIONS = st.sampled_from([None, "DE", "US", "IT", "BR", "GB"])
PHONES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "+", "00", "0", "+49", "+39", "011"]),
    st.text("0123456789 -./", max_size=17),
    st.sampled_from(["", " x12", ";ext=5"]),
)
VALUES = st.one_of(st.text(max_size=20), PHONES)
PLACEHOLDERS = [
    "",
    "null",
    "undefined",
    "none",
    "anonymous",
    "unknown",
    "0",
    "0000",
    "-1",
    "00000000-0000-0000-0000-000000000000",
]


@given(KINDS, VALUES, REGIONS)
@example("phone", "+490042012", None)
@example("phone", "00577106", "AU")
@example("email", "\u0130@mail.example", None)
def test_normalising_twice_changes_nothing(kind: str, value: str, region: str | None) -> None:
    """Normalising a normalised value changes nothing."""
    once = normalise(kind, value, region)
    if once is not None:
        assert normalise(kind, once.removeprefix(f"{kind}:"), region) == once


@given(
    KINDS,
    st.sampled_from(PLACEHOLDERS).flatmap(
        lambda text: st.lists(st.booleans(), min_size=len(text), max_size=len(text)).map(
            lambda upper: "".join(c.upper() if up else c for c, up in zip(text, upper, strict=True))
        )
    ),
    st.text(" \t\n", max_size=3),
    st.text(" \t\n", max_size=3),
)
def test_placeholders_are_dropped(kind: str, placeholder: str, before: str, after: str) -> None:
    """A placeholder is dropped in any letter case and with any white space around it."""
    assert normalise(kind, before + placeholder + after) is None


@pytest.mark.parametrize("value", ["nullable", "00010", "0-8", "-10", "none@mail.example", "unknown-7"])
def test_only_whole_values_are_placeholders(value: str) -> None:
    """A value that only contains a placeholder is kept."""
    assert normalise("account", value) == f"account:{value}"


@pytest.mark.parametrize(
    ("kind", "value", "region", "expected"),
    [
        ("email", "  A.B@Mail.Example ", None, "email:a.b@mail.example"),
        ("account", " U-17 ", None, "account:U-17"),
        ("phone", "+44 20 7946 0018", None, "phone:+442079460018"),
        ("phone", "+44 20 7946 0018", "DE", "phone:+442079460018"),
        ("phone", "020 7946 0018", "GB", "phone:+442079460018"),
        ("phone", "0044 20 7946 0018", "DE", "phone:+442079460018"),
        ("phone", "020 7946 0018", None, "phone:020 7946 0018"),
        ("phone", " reception ", "GB", "phone:reception"),
        ("phone", "+490042012", None, "phone:+490042012"),
        ("phone", "020 7946 0018", "no region", "phone:020 7946 0018"),
    ],
)
def test_normal_forms(kind: str, value: str, region: str | None, expected: str) -> None:
    """E-mail is lower case, a valid phone number is E.164, and everything else is trimmed."""
    assert normalise(kind, value, region) == expected


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


def test_known_kinds_rank_before_unknown_ones() -> None:
    """Kinds rank account, loyalty, email, phone, social, device, then the others by name."""
    kinds = ["cookie", "device", "zip", "account", "social", "phone", "loyalty", "email"]
    ranked = sorted((f"{kind}:1" for kind in kinds), key=rank)
    assert ranked == [f"{kind}:1" for kind in (*RANK, "cookie", "zip")]


def test_of_equal_rank_text_decides() -> None:
    """Among identifiers of one kind the first in text order is the strongest."""
    assert normalised({"device": ["b", "a"], "email": "Z@z.example"}) == (
        "email:z@z.example",
        "device:a",
        "device:b",
    )


def test_an_event_names_each_identifier_once() -> None:
    """Values with the same normal form are one identifier; placeholders are none."""
    assert normalised({"email": ["A@x.example", " a@X.example", "null"], "device": "0"}) == (
        "email:a@x.example",
    )


def test_only_placeholders_leave_nothing() -> None:
    """An event with placeholders only has no identifier."""
    assert normalised({"account": "anonymous", "device": ["", "0"]}) == ()
