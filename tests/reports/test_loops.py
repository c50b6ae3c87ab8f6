"""Which loops the weekly digest counts."""

from tests.live import rows as make
from touchline.reports.weekly.loops import read_loops
from touchline.store import Store

NOW, HOUR = 1_800_000_000_000, 3_600_000


def test_feedback_is_a_loop_by_its_kind(store: Store) -> None:
    """A net promoter score up to 6 and a complaint wait for an answer; other feedback does not."""
    given: list[dict[str, object]] = [
        {"metric": "nps", "score": 6},
        {"metric": "nps", "score": 7},
        {"metric": "csat", "score": 1},
        {"metric": "complaint"},
        {"metric": "complaint"},
    ]
    events = [
        make.event(["account:a"], f"e{at}", NOW + at, "feedback.given", feedback_id=f"f{at}", **data)
        for at, data in enumerate(given)
    ]
    events.append(make.event(["account:a"], "a", NOW + HOUR, "feedback.answered", feedback_id="f3"))
    make.put(store, "events", events, "events")
    loops = read_loops(
        lambda sql, parameters: store.query(sql, dict(parameters)).result_rows,
        NOW,
        NOW + HOUR,
        NOW + 72 * HOUR,
    )
    assert [(loop.title, loop.opened, loop.closed) for loop in loops] == [
        ("Detractors answered", 1, 0),
        ("Complaints answered", 2, 1),
    ]
