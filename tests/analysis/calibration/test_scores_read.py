"""Which scores a calibration takes for low."""

from tests.live import rows as make
from touchline.analysis.reading.calibration import CalibrationReader
from touchline.store import Store

NOW, DAY = 1_800_000_000_000, 86_400_000


def test_a_score_is_low_on_its_own_scale(store: Store) -> None:
    """Where lower is better, 1 is the best; on a scale of 10, 3 is low; middling scores are left out."""
    given: list[dict[str, object]] = [
        {"metric": "csat", "score": 1},
        {"metric": "csat", "score": 1, "lower_is_better": True},
        {"metric": "csat", "score": 3, "scale": 10},
        {"metric": "csat", "score": 3},
        {"metric": "complaint"},
    ]
    events = [
        make.event(["account:a"], f"e{number}", NOW + number, "feedback.given", **data)
        for number, data in enumerate(given)
    ]
    make.put(store, "events", events, "events")
    known = [{"entity": "account:a", "customer": make.of("account:a"), "version": 1}]
    make.put(store, "identities", known, "identities")
    reader = CalibrationReader(
        lambda sql, parameters: store.query(sql, dict(parameters)).result_rows, NOW, NOW + DAY
    )
    assert reader.scores(("r",)).outcome.tolist() == [True, False, True]
