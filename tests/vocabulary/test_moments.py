"""Times as people read them."""

import pytest

from touchline.vocabulary.moments import check_zone, in_words

SUMMER = 1_790_000_000_000


@pytest.mark.parametrize(("zone", "text"), [
    ("UTC", "2026-09-21 14:13 UTC"), ("Europe/Berlin", "2026-09-21 16:13 CEST"),
    ("America/New_York", "2026-09-21 10:13 EDT"),
])  # fmt: skip
def test_a_time_names_its_zone(zone: str, text: str) -> None:
    """A time is written in the given zone, and names it."""
    assert in_words(SUMMER, zone) == text
    assert in_words(SUMMER, zone, seconds=True) == text.replace(":13 ", ":13:20 ")


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "../../etc/passwd"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    """A name that is no zone is refused with an example."""
    with pytest.raises(ValueError, match="write one such as Europe/Berlin"):
        check_zone(name)
