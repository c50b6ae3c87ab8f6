"""The page *Impact*: amounts have their currency, and figures their age."""

import pytest

from tests.live import rows as make
from tests.live.boards import NOW, panel, seen
from touchline.panels.losses import OF
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR


@pytest.mark.parametrize("currency", ["USD", ""])
def test_losses_have_their_currency(store: Store, currency: str) -> None:
    """The table has a column for it and the chart names it at its axis, if orders have one."""
    make.put(store, "frictions", [make.friction("account:a", "queue", NOW - 2 * DAY)], "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - 3 * DAY, NOW)], "j")
    cost = {"rule": "queue", "loss": 600.0, "loss_low": 400.0, "loss_high": 800.0, "verdict": "loss"}
    cost |= {"computed_at": NOW, "since": NOW - 20 * DAY, "until": NOW - HOUR, "exposed": 30}
    cost |= {"currency": currency}
    store.insert("rule_impact", {name: [value] for name, value in cost.items()}, "cost")
    found = seen(store, "30d", "impact", ["impact_by_rule", "impact_over_time"])
    view = panel(found, "impact_by_rule")
    [row] = view.rows
    shown = dict(zip(view.columns, [cell.text for cell in row], strict=True))
    assert shown["Associated loss"] == "600"
    assert shown.get("Currency", "") == currency
    axis = found.charts["impact_over_time"]["yAxis"]
    assert axis.get("name", "") == currency


@pytest.mark.parametrize(
    ("seconds", "age"), [(0, "just now"), (330, "5 min ago"), (7800, "2 h ago"), (4 * 86400, "4 days ago")]
)
def test_the_figures_of_a_moment_ago_are_from_just_now(store: Store, seconds: int, age: str) -> None:
    """The text of what a loss is about names its age; within the first minute it has no number."""
    moments = f"now() - {seconds} AS computed_at, now() - 86400 AS since, now() AS until, 0 AS within"
    [[said]] = store.query(f"SELECT {OF} FROM (SELECT {moments})").result_rows
    assert said.endswith(f", computed {age}")
