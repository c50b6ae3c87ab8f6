"""*Verbatims*: what customers write after a friction."""

from tests.live import rows as make
from touchline.panels import BY_ID, expand
from touchline.store import Store

NOW, DAY = 1_800_000_000_000, 86_400_000


def test_a_customer_is_shown_three_times_at_most(store: Store) -> None:
    """Of a customer with many texts the newest three are shown; texts before a friction are not."""
    texts = [("a", time) for time in range(-1, 5)] + [("b", 2)]
    events = [
        make.event([f"account:{who}"], f"{who}{time}", NOW + time, "feedback.given", comment=f"{who} {time}")
        for who, time in texts
    ]
    make.put(store, "events", events, "events")
    make.put(store, "frictions", [make.friction(f"account:{who}", "r", NOW) for who in "ab"], "frictions")
    sql = expand(BY_ID["voice_verbatims"].sql, NOW - DAY, NOW + DAY, 60)
    assert [row[2] for row in store.query(sql).result_rows] == ["a 4", "a 3", "a 2", "b 2"]
