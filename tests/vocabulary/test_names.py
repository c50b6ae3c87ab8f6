"""Plain names of channels, kinds of feedback and languages."""

from typing import get_args

import pytest

from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.families.voice import Metric
from touchline.vocabulary.names import CHANNELS, FEEDBACK, plain_name


def test_every_channel_has_a_name() -> None:
    """Each channel has a name of its own."""
    assert set(CHANNELS) == set(Channel)
    assert len(set(CHANNELS.values())) == len(CHANNELS)


def test_every_score_has_a_name() -> None:
    """Each metric of `feedback.given` has a name, and so have public posts."""
    assert set(FEEDBACK) == {*get_args(Metric), "mention"}


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("channel", "email", "E-mail"),
        ("channel", "drone", "drone"),
        ("metric", "csat", "Customer satisfaction"),
        ("kind", "mention", "Mention"),
        ("language", "de", "German"),
        ("language", "unknown", "unknown"),
        ("touchpoint", "social · web", "Social media · web"),
        ("touchpoint", "phone", "Phone"),
        ("touchpoint", "", ""),
        ("channels", "web → email → web", "Web → E-mail → Web"),
        ("source", "web", "web"),
        ("store", "mail", "mail"),
    ],
)
def test_a_value_is_shown_by_its_name(field: str, value: str, name: str) -> None:
    """A known value of a field has its name; other values, and those of other fields, stay as they are."""
    assert plain_name(field, value) == name
