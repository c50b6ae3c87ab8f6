"""The tally of a file's rows: how many are refused, why, and whether they are too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.imports.refusals import Refusal, Tally, TooManyRefused, percent, share_of


def _tally(*whys: str, rows: int = 100) -> Tally:
    tally = Tally("calls.csv")
    tally.add(rows, rows - len(whys), [Refusal(row, 1, why) for row, why in enumerate(whys, 2)])
    return tally


def test_messages_that_differ_in_values_are_one_reason() -> None:
    """Rows that are refused for the same reason are counted together, whatever value each has."""
    tally = _tally("column wait: cannot read 'x'", "column wait: cannot read 'y'", "12 fields, header has 3")
    assert [(reason.why, reason.rows, reason.at) for reason in tally.reasons] == [
        ("column wait: cannot read 'x'", 2, [2, 3]),
        ("12 fields, header has 3", 1, [4]),
    ]


@pytest.mark.parametrize(
    ("refused", "rows", "most", "exceeds"),
    [(5, 100, 0.05, False), (6, 100, 0.05, True), (0, 0, 0.0, False), (1, 100_000, 0.0, True)],
)
def test_the_limit_itself_is_allowed(refused: int, rows: int, most: float, exceeds: bool) -> None:
    """An import stops above the limit, not at it; a limit of zero allows no refused row."""
    tally = _tally(*["no"] * refused, rows=rows)
    assert tally.exceeds(most) is exceeds
    if exceeds:
        with pytest.raises(TooManyRefused, match=r"calls\.csv: .* nothing was imported"):
            tally.check(most)
    else:
        tally.check(most)


def test_the_error_names_the_commonest_reasons_first() -> None:
    """The error shows three reasons with counts and row numbers, the most frequent first."""
    with pytest.raises(TooManyRefused) as error:
        _tally("a", "b", "b", "c", "d", "d", "d").check(0.05)
    first, *reasons, last = str(error.value).splitlines()
    assert "7 of 100 rows refused (7 %), more than 5 %" in first
    assert reasons == ["  3 rows (6, 7, 8): d", "  2 rows (3, 4): b", "  1 row (2): a"]
    assert "--most-refused" in last


@given(st.lists(st.text(max_size=8), max_size=1_000))
def test_memory_is_bounded_and_no_refusal_is_lost(whys: list[str]) -> None:
    """Whatever the messages are, the reasons are few and their rows add up."""
    tally = _tally(*(f"{why}{chr(0x4E00 + at)}" for at, why in enumerate(whys)), rows=2_000)
    assert len(tally.reasons) <= 201
    assert sum(reason.rows for reason in tally.reasons) == tally.refused == len(whys)


@pytest.mark.parametrize(
    ("text", "share"), [("5%", 0.05), ("5 %", 0.05), ("0.5", 0.005), ("100%", 1.0), ("0", 0.0)]
)
def test_a_share_is_a_percentage(text: str, share: float) -> None:
    """A share is written in percent, with or without the sign."""
    assert share_of(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "five", "-1%", "101%", "1e2", "5%%", "nan"])
def test_anything_else_is_no_share(text: str) -> None:
    """What is no percentage from 0 to 100 is refused, with an example."""
    with pytest.raises(ValueError, match="such as 5%"):
        share_of(text)


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.0512, "5.1 %"), (0.0004, "0.04 %"), (0.6, "60 %"), (1.0, "100 %")]
)
def test_a_share_in_words(share: float, text: str) -> None:
    """Small shares have two digits, larger ones are whole percent."""
    assert percent(share) == text


def test_a_strict_import_is_not_advised_to_allow_more() -> None:
    """If no row may be refused, the message does not name the option that allows some."""
    with pytest.raises(TooManyRefused) as error:
        _tally("column wait: cannot read 'x'").check(0.0)
    assert "and none may be: nothing was imported" in str(error.value)
    assert "--most-refused" not in str(error.value)
