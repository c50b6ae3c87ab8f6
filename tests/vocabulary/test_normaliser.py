"""Normal forms of identifiers."""

import time
from unicodedata import is_normalized

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from touchline.vocabulary.identifiers import RANK, STAND_INS
from touchline.vocabulary.normaliser import PLACEHOLDERS, PLAIN, WITHHELD, Normaliser, is_placeholder

NORMALISERS = {
    region: Normaliser(region, {"account": ["Test"]}, ["phone:+4930*", "device:till-*"])
    for region in (None, "DE", "US", "IT", "BR", "GB", "AU")
}
KINDS = st.sampled_from([*RANK, *STAND_INS, "staff", "cookie"])
REGIONS = st.sampled_from([*NORMALISERS])
PHONES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "+", "00", "0", "+49", "+39", "011", "'+", "2026-11-"]),
    st.text("0123456789 -./eE+", max_size=17),
    st.sampled_from(["", " x12", ";ext=5", ".0", ".0.0", '"']),
)
ENDS = st.text(" \t\n\"'“”„«»\u2018\u2019\u201a\ufeff\u200b\u00ad\u200e\u3000", max_size=5)
VALUES = st.one_of(st.text(max_size=20), PHONES, st.builds("{}{}{}".format, ENDS, st.text(max_size=5), ENDS))
ZEROS = ["0", "0000", "00000000-0000-0000-0000-000000000000"]


def letters(text: str) -> st.SearchStrategy[str]:
    """The text with any of its letters in upper case."""
    return st.lists(st.booleans(), min_size=len(text), max_size=len(text)).map(
        lambda upper: "".join(c.upper() if up else c for c, up in zip(text, upper, strict=True))
    )


@given(KINDS, VALUES, REGIONS)
@example("phone", "+490042012", None)
@example("phone", "00577106", "AU")
@example("phone", "1234567.0.0", None)
@example("email", "\u0130@mail.example", None)
@example("email", "J\u030c@mail.example", None)
@example("account", '""\'a\'""', None)
@example("account", "''''", None)
def test_normalising_twice_changes_nothing(kind: str, value: str, region: str | None) -> None:
    """A normal form is in Unicode NFC, and normalising it again changes nothing."""
    normaliser = NORMALISERS[region]
    once = normaliser.identifier(kind, value)
    if once is not None:
        assert is_normalized("NFC", once)
        assert normaliser.identifier(*once.split(":", 1)) == once


@given(KINDS, st.sampled_from([*sorted(PLACEHOLDERS), *ZEROS]).flatmap(letters), ENDS, REGIONS)
def test_placeholders_are_dropped(kind: str, text: str, end: str, region: str | None) -> None:
    """A placeholder is dropped in any letter case, and with anything invisible around it."""
    blank = "".join(character for character in end if not character.isprintable() or character == " ")
    assert NORMALISERS[region].identifier(kind, blank + text + blank) is None
    assert NORMALISERS[region].identifier(kind, f'"{text}"') is None
    assert is_placeholder(f" {text} ")


@given(KINDS, st.text("\0\x01\x7f\x85\x9f \u200b", max_size=9), REGIONS)
@example("device", "\0", None)
def test_control_characters_alone_are_no_value(kind: str, text: str, region: str | None) -> None:
    """A text of control characters is dropped; beside others they stay, since they may tell values apart."""
    assert NORMALISERS[region].identifier(kind, text) is None
    assert NORMALISERS[region].identifier(kind, f'"{text}"') is None
    assert is_placeholder(text)
    assert PLAIN.identifier("account", "\0u-1") == "account:\0u-1"


@given(st.sampled_from(sorted(WITHHELD)).flatmap(letters), REGIONS)
def test_withheld_numbers_are_dropped(text: str, region: str | None) -> None:
    """What stands for a withheld number is no phone number; of another kind it may be a value."""
    assert NORMALISERS[region].identifier("phone", text) is None
    assert PLAIN.identifier("account", text) == f"account:{text}"


@pytest.mark.parametrize("value", ["nullable", "00010", "0-8", "-10", "none@mail.example", "unknown-7"])
def test_only_whole_values_are_placeholders(value: str) -> None:
    """A value that only contains a placeholder is kept."""
    assert PLAIN.identifier("account", value) == f"account:{value}"
    assert not is_placeholder(value)


def test_settings_add_placeholders_by_kind() -> None:
    """A value of the settings is dropped for its kind, in any case; a phone number in any spelling."""
    normaliser = Normaliser("DE", {"account": [" Test "], "phone": ["030 1234567"], "cart": ["none-yet"]})
    assert normaliser.identifier("account", "TEST") is None
    assert normaliser.identifier("device", "test") == "device:test"
    assert normaliser.identifier("phone", "+49 30 1234567") is None
    assert normaliser.nobody({"cart_id": "none-yet", "order_id": "o1"}) == ("order:o1",)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("email", "  A.B@Mail.Example ", "email:a.b@mail.example"),
        ("account", " U-17 ", "account:U-17"),
        ("account", "\ufeffu1\u200b", "account:u1"),
        ("account", '"u1"', "account:u1"),
        ("account", "' u1 '", "account:u1"),
        ("account", "“u1”", "account:u1"),
        ("account", "it's", "account:it's"),
        ("account", '"u1', 'account:"u1'),
        ("account", "\"u1'", "account:\"u1'"),
        ("account", "Mu\u0308ller", "account:M\u00fcller"),
        ("account", "a\u200db", "account:a\u200db"),
        ("account", "17.0", "account:17.0"),
    ],
)
def test_normal_forms(kind: str, value: str, expected: str) -> None:
    """The ends are cleaned, text is in Unicode NFC, e-mail is lower case."""
    assert PLAIN.identifier(kind, value) == expected


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("+44 20 7946 0018", None, "+442079460018"),
        ("+44 20 7946 0018", "DE", "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("0044 20 7946 0018", "DE", "+442079460018"),
        ("020 7946 0018", None, "020 7946 0018"),
        ("442079460018.0", "GB", "+442079460018"),
        ("442079460018.0", None, "442079460018"),
        ("'+442079460018", None, "+442079460018"),
        ('="+442079460019"', None, "+442079460019"),
        ("4.4207946e+11", None, None),
        ("4.4207946E+11", "GB", None),
        ("100", None, None),
        ("100", "GB", None),
        ("2026-11-20", None, None),
        ("2026-11-20T10:00:00Z", "GB", None),
        ("20.11.2026", "DE", None),
        ("11/20/2026", "US", None),
        ("20261120", None, None),
        ("20261120.0", None, None),
        ("reception", None, None),
        ("reception", "GB", None),
        ("extension 1234567", None, "extension 1234567"),
        ("+49 1", None, None),
        ("+490042012", None, "+4942012"),
        ("1234567" * 20, "GB", None),
    ],
)
def test_phone_numbers(value: str, region: str | None, expected: str | None) -> None:
    """A possible number is E.164. Another is dropped if a region is configured or if it holds no number."""
    assert Normaliser(region).identifier("phone", value) == (expected and f"phone:{expected}")


def test_an_event_names_each_identifier_once_and_the_strongest_first() -> None:
    """Values with one normal form are one identifier; of one kind, text order decides."""
    given = {"device": ["b", "a", "0"], "email": ["A@x.example", " a@X.example", "null"]}
    assert PLAIN.identifiers(given, "web") == ("email:a@x.example", "device:a", "device:b")


def test_only_placeholders_leave_nothing() -> None:
    """An event with placeholders only has no identifier."""
    assert PLAIN.identifiers({"account": ["anonymous"], "device": ["", "0"]}, "web") == ()


@pytest.mark.parametrize("channel", ["kiosk", "store"])
def test_a_device_of_the_company_is_a_terminal(channel: str) -> None:
    """On the channels of the company's own devices, a device is renamed; other kinds are not."""
    given = {"device": ["k-1"], "cookie": ["c"], "email": ["a@x.example"]}
    assert PLAIN.identifiers(given, channel) == ("email:a@x.example", "cookie:c", "terminal:k-1")
    assert PLAIN.identifiers(given, "web") == ("email:a@x.example", "device:k-1", "cookie:c")


@pytest.mark.parametrize(
    ("pattern", "identifier", "expected"),
    [
        ("phone:+49 30 123400", "phone:030 123400", "terminal:+4930123400"),
        ("phone:030123400", "phone:+4930123400", "terminal:+4930123400"),
        ("phone:+4930123400", "phone:+4930123401", "phone:+4930123401"),
        ("device:till-*", "device:till-", "terminal:till-"),
        ("device:till-*", "device:xtill-1", "device:xtill-1"),
        ("device:till-*", "account:till-1", "account:till-1"),
        ("device:k[0-9]?", "device:k7a", "terminal:k7a"),
        ("email:*@SHOP.example", "email:a@shop.example", "terminal:a@shop.example"),
    ],
)
def test_a_pattern_of_the_settings_makes_a_terminal(pattern: str, identifier: str, expected: str) -> None:
    """What matches in its normal form is a terminal, on every channel."""
    kind, value = identifier.split(":")
    assert Normaliser("DE", terminals=[pattern]).identifiers({kind: [value]}, "web") == (expected,)


@pytest.mark.parametrize("pattern", ["till-*", "device:", "Device:x", "device:null", "phone:x"])
def test_a_pattern_that_matches_nothing_is_refused(pattern: str) -> None:
    """A pattern without a kind, or whose value stands for no value, is an error that repeats it."""
    with pytest.raises(ValueError, match=pattern.replace("*", r"\*")):
        Normaliser("DE", terminals=[pattern])


def test_hostile_values_take_linear_time() -> None:
    """Long values of quotes, zeros, digits or stars do not slow normalisation down."""
    normaliser = Normaliser("DE", terminals=["device:*a*a*a*a*a*b", "device:*-*-*-*-*x"])
    began = time.process_time()
    for unit in ('"', "0", "0-", "a", "a-", "1.0", ".0", "2026-", "\u200b", "e9", "'\u3000"):
        for kind in ("device", "phone", "email"):
            normaliser.identifier(kind, unit * (256 // len(unit)))
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"contact_id": "c1", "cart_id": "k1", "order_id": "o1", "session_id": "s1"}, ("contact:c1",)),
        ({"cart_id": "k1", "order_id": "o1", "session_id": "s1"}, ("cart:k1",)),
        ({"order_id": "o1", "session_id": "s1"}, ("order:o1",)),
        ({"session_id": 17}, ("session:17",)),
        (
            {"contact_id": "null", "cart_id": {"a": 1}, "order_id": None, "session_id": " s1 "},
            ("session:s1",),
        ),
        ({"contact": "c1"}, ()),
    ],
)
def test_an_event_that_names_nobody_is_of_its_own_story(
    fields: dict[str, object], expected: tuple[str, ...]
) -> None:
    """The first of contact, cart, order and session that has an id gives the identifier."""
    assert PLAIN.nobody(fields) == expected
    assert PLAIN.nobody({}, fields) == expected
