"""The names of types of a producer's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.collector.dialects.custom_types import custom_type
from touchline.vocabulary.registry import EVENT_TYPES, type_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Quiz Finished", "quiz_finished"),
        ("quizFinished", "quiz_finished"),
        ("com.acme.QuizFinished", "com_acme_quiz_finished"),
        ("$pageleave", "pageleave"),
        ("HTTPError", "http_error"),
        ("Checkout Step 2 Viewed", "checkout_step_2_viewed"),
        ("Bestätigung geprüft", "bestatigung_gepruft"),
        ("quiz__finished-", "quiz_finished"),
        ("  ", "unnamed"),
        ("3ds failed", "n3_ds_failed"),
        ("\u7d50\u679c", "\u7d50\u679c"),
    ],
)
def test_a_name_becomes_words(name: str, words: str) -> None:
    """A name is split into words, in lower case and without accents."""
    assert custom_type(name) == f"custom.{words}"


@given(st.text(max_size=300))
def test_any_name_gives_a_valid_type(name: str) -> None:
    """Whatever a client calls an event, its type is accepted, and stays the same if it is named so again."""
    type_name = custom_type(name)
    assert type_of(type_name, EVENT_TYPES) is not None
    assert len(type_name) <= 104


def test_long_names_stay_different() -> None:
    """Names that are equal up to where they are cut give different types."""
    assert custom_type("a" * 200 + " b") != custom_type("a" * 200 + " c")
