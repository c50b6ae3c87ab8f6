"""*Scores after friction*: whose score counts, and which friction came before it."""

from tests.live import rows as make
from touchline.measures.voice import AFTER_DAYS, scores_after
from touchline.panels import expand
from touchline.panels.sql import of_period
from touchline.store import Store

NOW, DAY = 1_800_000_000_000, 86_400_000


def _shown(store: Store) -> list[list[object]]:
    """Of each rule: customers, their mean score, and of customers without a friction the same."""
    sql = f"SELECT rule, customers, score, unaffected, usual FROM ({scores_after()})"
    return store.query(expand(of_period(sql), NOW - DAY, NOW + DAY, 60)).result_rows


def _put(store: Store, scores: list[tuple[str, int, int]], frictions: list[tuple[str, int]]) -> None:
    """Store NPS scores (account, ms after `NOW`, score) and frictions (account, ms after `NOW`)."""
    given = [
        make.event(
            [f"account:{who}"], f"{who}{at}-{score}", NOW + at, "feedback.given", metric="nps", score=score
        )
        for who, at, score in scores
    ]
    make.put(store, "events", given, "events")
    met = [make.friction(f"account:{who}", "r", NOW + at) for who, at in frictions]
    make.put(store, "frictions", met, "frictions")


def test_a_customer_counts_once_with_the_last_score(store: Store) -> None:
    """Of several scores the last counts, and two frictions of a rule before it are one customer."""
    _put(store, [("a", 3, 0), ("a", 5, 10), ("a", 4, 0), ("b", 1, 10), ("b", 2, 0)], [("a", 1), ("a", 2)])
    assert _shown(store) == [["r", 1, 100, 1, -100]]


def test_a_friction_counts_before_the_score_for_two_weeks(store: Store) -> None:
    """At the time of the score, or more than 14 days before it, a friction does not count."""
    long = AFTER_DAYS * DAY
    _put(
        store,
        [("now", 0, 0), ("just", 0, 0), ("long", 0, 0), ("longer", 0, 10)],
        [("now", 0), ("just", -1), ("long", -long), ("longer", -long - 1)],
    )
    assert _shown(store) == [["r", 2, -100, 2, 0]]
