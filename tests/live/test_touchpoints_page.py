"""The page of touchpoints."""

from tests.live import rows as make
from tests.live.boards import NOW, seen
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR


def test_a_heat_map_adds_up_the_hours_of_all_days(store: Store) -> None:
    """Frictions of one hour on different days share a cell; the touchpoint with the most is on top."""
    midnight = NOW // DAY * DAY
    opened = [midnight - DAY + 9 * HOUR, midnight + 9 * HOUR - 5 * DAY, midnight - 3 * DAY + 23 * HOUR]
    rows = [make.friction(f"account:{at}", "queue", at) for at in opened]
    rows += [make.friction(f"account:{n}", "queue", opened[0] + n, channel="web") for n in range(4)]
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - 6 * DAY, NOW)], "j")
    options = seen(store, "7d", "touchpoints", ["touchpoint_hours"]).charts["touchpoint_hours"]
    assert options["yAxis"]["data"] == ["Web · desk", "Phone · desk"]
    assert options["series"][0]["data"] == [["9", 0, 4], ["9", 1, 2], ["23", 1, 1]]
    assert options["visualMap"]["max"] == 4
