"""Durations and counts, as people write and read them."""

import pytest

from touchline.vocabulary.durations import exact_duration, parse_duration, parse_steps, rounded_duration
from touchline.vocabulary.wording import counted, word_list


@pytest.mark.parametrize(
    ("text", "ms"), [("45s", 45_000), ("30m", 1_800_000), ("4h", 14_400_000), ("7d", 604_800_000)]
)
def test_a_duration_is_a_whole_number_and_a_unit(text: str, ms: int) -> None:
    """Each of the four units parses, and is written back as it was read."""
    assert parse_duration(f" {text} ") == ms
    assert exact_duration(ms) == text


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "1d2h", "7 d", "७d", 7, None])
def test_anything_else_is_not_a_duration(text: object) -> None:
    """The message names the value and shows what to write."""
    with pytest.raises(ValueError, match="is not a duration: write one such as 45s"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "ms"), [("0m", 0), ("90m", 5_400_000), ("1d2h", 93_600_000), ("1h1h", 7_200_000)]
)
def test_steps_add_up(text: str, ms: int) -> None:
    """A duration of several units is their sum."""
    assert parse_steps(text) == ms


@pytest.mark.parametrize("text", ["", "1d 2h", "+5h", "2", 5])
def test_what_is_not_made_of_steps_is_refused(text: object) -> None:
    """The message shows what to write."""
    with pytest.raises(ValueError, match="write one such as 0m, 90m or 1d2h"):
        parse_steps(text)


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0s"), (999, "999ms"), (61_000, "1m1s"), (5_400_000, "1h30m"), (93_600_001, "1d2h1ms")],
)
def test_an_exact_duration_has_every_unit(ms: int, text: str) -> None:
    """Nothing is rounded."""
    assert exact_duration(ms) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0 s"), (45_400, "45 s"), (1_380_000, "23 min"), (7_500_000, "2 h 5 min"), (273_600_000, "3 d 4 h")],
)
def test_a_rounded_duration_has_two_units_at_most(ms: int, text: str) -> None:
    """Seconds are shown below a minute only."""
    assert rounded_duration(ms) == text


def test_a_noun_follows_its_number() -> None:
    """One is singular; thousands have commas; a fraction has one decimal place."""
    assert [counted(number, "file") for number in (0, 1, 1_000, 2.5)] == [
        "0 files",
        "1 file",
        "1,000 files",
        "2.5 files",
    ]


def test_a_list_names_its_last_word_with_or() -> None:
    """Lists of any length read as English."""
    assert [word_list(words) for words in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "",
        "a",
        "a or b",
        "a, b or c",
    ]
    assert word_list("ab", last="and") == "a and b"
