"""*On the way to an order*: the last step before a friction."""

from tests.live import rows as make
from touchline.panels import BY_ID, expand
from touchline.store import Store

NOW, DAY = 1_800_000_000_000, 86_400_000


def _shown(store: Store) -> dict[str, int]:
    panel = BY_ID["friction_on_the_way"]
    answer = store.query(expand(panel.sql, NOW - DAY, NOW + DAY, 60))
    return {str(label): int(number) for label, number in answer.result_rows}


def test_the_last_step_counts_up_to_the_time_of_the_friction(store: Store) -> None:
    """At the friction itself the furthest step counts; a later one, or one over 7 days before, does not."""
    steps = (
        ("same", "cart.updated", NOW),
        ("both", "cart.updated", NOW),
        ("both", "checkout.started", NOW),
        ("after", "cart.updated", NOW + 1),
        ("week", "checkout.step_completed", NOW - 7 * DAY),
        ("old", "checkout.step_completed", NOW - 7 * DAY - 1),
    )
    events = [make.event([f"account:{who}"], f"{who}-{kind}", time, kind) for who, kind, time in steps]
    make.put(store, "events", events, "events")
    who = ("same", "both", "after", "week", "old", "nobody")
    make.put(store, "frictions", [make.friction(f"account:{one}", "r", NOW) for one in who], "frictions")
    assert _shown(store) == {
        "Before a cart": 3,
        "After: cart filled": 1,
        "After: checkout started": 1,
        "After: checkout continued": 1,
    }
