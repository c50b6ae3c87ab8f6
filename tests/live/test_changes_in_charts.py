"""Deployed changes in the charts of dashboards."""

from tests.live import rows as make
from tests.live.boards import NOW, panel, seen
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR


def test_deployed_changes_are_marked_in_charts(store: Store) -> None:
    """A change deployed in the period is a vertical line with its name, clipped; the page has all of it."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    name = "release-" * 8 + "7"
    make.put(
        store,
        "events",
        [
            make.event(
                ["account:ci"], "d", NOW - 2 * HOUR, "change.deployed", change_id=name, title="Menu " * 40
            )
        ],
        "e",
    )
    found = seen(store, only=["friction_rate"])
    [change] = found.board.changes
    assert (change.at, change.full) == (NOW - 2 * HOUR, f"{name}: {'Menu ' * 40}".strip())
    assert change.name == f"{change.full[:119]}…"
    drawn = found.charts["friction_rate"]
    [line] = drawn["series"][0]["markLine"]["data"]
    assert line["label"]["formatter"] == f"{name[:39]}…"
    assert name in drawn["xAxis"]["axisPointer"]["label"][":formatter"]
    assert line["xAxis"] in drawn["xAxis"]["data"]
    assert 0 <= NOW - 2 * HOUR - int(line["xAxis"]) < 2 * HOUR


def test_changes_of_one_moment_share_a_line(store: Store) -> None:
    """Changes that were deployed at one point of a chart are one line with both names."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - HOUR)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    deployed = [
        make.event(["account:ci"], name, NOW - 2 * HOUR, "change.deployed", change_id=name)
        for name in ("first", "second")
    ]
    make.put(store, "events", deployed, "e")
    found = seen(store, only=["friction_rate"])
    assert [change.name for change in found.board.changes] == ["first", "second"]
    assert found.board.changes[0].href == "/fixes?change=first"
    # What a change did is computed later: until then, its row names no rule.
    fixes = seen(store, dashboard="fixes", only=["change_effects"], change="first")
    [row] = panel(fixes, "change_effects").rows
    assert [cell.text for cell in row if cell.text] == ["first", "Not computed yet"]
    [line] = found.charts["friction_rate"]["series"][0]["markLine"]["data"]
    assert line["label"]["formatter"] == "first; second"
