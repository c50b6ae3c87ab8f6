"""The alert rules as Grafana's: each asks for what the rule means, of what is in the store at a time."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from tests.live import rows as make
from touchline.alerts import AlertRule
from touchline.config.alerts_files import load_alerts
from touchline.grafana.alert_rules import alert_rules, rule_sql, rule_uid
from touchline.panels import expand
from touchline.vocabulary.ids import NAMESPACE

NOW = 1_790_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WEEK = 7 * DAY


def who(number: int) -> UUID:
    return uuid5(NAMESPACE, f"account:{number}")


def events(store: Any, found: list[tuple[str, int, int, str]]) -> None:
    """Rows (type, time, customer's number, source), each twice."""
    columns: dict[str, list[Any]] = {
        "id": [f"e{one[1]}-{place}" for place, one in enumerate(found)],
        "type": [one[0] for one in found],
        "time": [one[1] for one in found],
        "received_at": [one[1] for one in found],
        "channel": ["web" for _ in found],
        "source": [one[3] for one in found],
        "producer": [one[3] for one in found],
        "entity": [f"account:{one[2]}" for one in found],
        "identifiers": [[f"account:{one[2]}"] for one in found],
        "data": ["{}" for _ in found],
        "context": ["{}" for _ in found],
        "schema": [1 for _ in found],
        "log_offset": [1 for _ in found],
    }
    for token in ("once", "twice"):
        store.insert("events", columns, f"{token} {found[0][1]}")
    known = sorted({one[2] for one in found})
    store.insert(
        "identities",
        {
            "entity": [f"account:{number}" for number in known],
            "customer": [who(number) for number in known],
            "version": [1 for _ in known],
        },
        f"identities {found[0][1]}",
    )


def frictions(store: Any, found: list[tuple[str, int, int, str, int]]) -> None:
    """Rows (rule, opened_at, customer's number, status, weight), each twice."""
    columns: dict[str, list[Any]] = {
        "id": [uuid5(NAMESPACE, f"friction {place}") for place in range(len(found))],
        "rule": [one[0] for one in found],
        "rule_version": ["1" for _ in found],
        "customer": [who(one[2]) for one in found],
        "journey": [uuid5(NAMESPACE, f"journey {one[2]}") for one in found],
        "anchor": ["a" for _ in found],
        "channel": ["web" for _ in found],
        "source": ["shop" for _ in found],
        "opened_at": [one[1] for one in found],
        "detected_at": [one[1] for one in found],
        "resolved_at": [None for _ in found],
        "status": [one[3] for one in found],
        "count": [1 for _ in found],
        "evidence": [[] for _ in found],
        "weight": [one[4] for one in found],
        "factor": ["process" for _ in found],
        "version": [1 for _ in found],
    }
    for token in ("once", "twice"):
        store.insert("frictions", columns, token)


@pytest.fixture
def rule(tmp_path: Path) -> Any:
    """A rule by its YAML."""

    def _rule(text: str) -> AlertRule:
        path = tmp_path / "alerts.yaml"
        path.write_text(f"rules:\n  - {{id: one, title: One, {text}}}\n")
        [found] = load_alerts(path).rules
        return found

    return _rule


def fires(store: Any, rule: AlertRule, now: int = NOW) -> list[list[Any]]:
    """The rows that are above the threshold of Grafana's condition at a time."""
    [built] = alert_rules([rule], "here")
    query, condition = built["data"]
    [limit] = condition["model"]["conditions"][0]["evaluator"]["params"]
    span = query["relativeTimeRange"]
    assert query["model"]["rawSql"] == rule_sql(rule)
    answer = store.query(expand(rule_sql(rule), now - span["from"] * 1000, now - span["to"] * 1000, 60))
    assert answer.column_names[-1] == "value"
    return [row for row in answer.result_rows if row[-1] > limit]


def test_a_threshold_counts_customers(store: Any, rule: Any) -> None:
    """So many different ones within the time, apart for each label; more of one customer is one."""
    few = [("payment.failed", NOW - MINUTE, number % 2, "kiosk") for number in range(9)]
    many = [("payment.failed", NOW - number * MINUTE, number, "shop") for number in range(4)]
    old = [("payment.failed", NOW - 5 * MINUTE, 7, "shop")]
    events(store, few + many + old)
    one = rule("kind: threshold, events: payment.failed, by: source, customers: 4, within: 5m")
    assert fires(store, one) == [["shop", 4]]
    assert fires(store, one, NOW + 2 * MINUTE) == []
    assert fires(store, rule("kind: threshold, events: 'payment.*', customers: 5, within: 10m")) == [[5]]


def test_what_was_retracted_does_not_count(store: Any, rule: Any) -> None:
    """Of frictions only those that still are."""
    frictions(
        store,
        [
            ("order_failed", NOW - MINUTE, number, "retracted" if number == 2 else "open", 15)
            for number in range(3)
        ],
    )
    one = "kind: threshold, frictions: order_failed, by: [rule, channel], customers: {}, within: 5m"
    assert fires(store, rule(one.format(2))) == [["order_failed", "web", 2]]
    assert fires(store, rule(one.format(3))) == []


def test_an_unusual_number_is_what_touchline_found(store: Any, rule: Any) -> None:
    """Its firing incidents with their count; none that are resolved or of another rule."""
    written = (("one", "slow", "firing"), ("one", "late", "resolved"), ("other", "slow", "firing"))
    rows = [
        make.alert(rule_id + name, NOW, rule=rule_id, labels=[f"rule={name}"], status=status, count=number,
                   resolved_at=None if status == "firing" else NOW)
        for number, (rule_id, name, status) in enumerate(written, 12)
    ]  # fmt: skip
    make.put(store, "alerts", rows, "alerts")
    assert fires(store, rule("kind: unusual, frictions: '*', by: rule")) == [["slow", 12]]


def test_an_absence_is_of_who_used_to_send(store: Any, rule: Any) -> None:
    """Silent for longer than the time, and not forgotten yet."""
    events(
        store,
        [
            ("page.viewed", NOW - 2 * HOUR, 1, "shop"),
            ("page.viewed", NOW - 5 * HOUR, 1, "crm"),
            ("page.viewed", NOW - 9 * DAY, 1, "gone"),
        ],
    )
    one = rule("kind: absence, by: producer, longer_than: 3h")
    assert fires(store, one) == [["crm", 5 * 3600]]
    assert sorted(row[0] for row in fires(store, one, NOW + 2 * HOUR)) == ["crm", "shop"]


def test_a_strike_out_is_a_journey_s_sum(store: Any, rule: Any) -> None:
    """Customers whose journey came to so many strikes within the time."""
    frictions(
        store,
        [
            ("a", NOW - 2 * HOUR, 1, "open", 40),
            ("b", NOW - MINUTE, 1, "open", 20),
            ("a", NOW - MINUTE, 2, "open", 59),
            ("a", NOW - 2 * HOUR, 3, "open", 70),
            ("b", NOW - MINUTE, 3, "open", 10),
            ("b", NOW - MINUTE, 4, "retracted", 60),
        ],
    )
    strikes = "kind: strike_out, by: channel, strikes: 60, customers: {}, within: 1h"
    assert fires(store, rule(strikes.format(1))) == [["web", 1]]
    assert fires(store, rule(strikes.format(2))) == []


def test_every_rule_of_the_default_pack_is_written(store: Any) -> None:
    """With what it is, how bad, whose, and where to look; on an empty store none fires."""
    rules = load_alerts().rules
    built = alert_rules(rules, "here")
    assert [one["uid"] for one in built] == [f"touchline-{rule.id}" for rule in rules]
    for one, rule in zip(built, rules, strict=True):
        assert one["labels"]["severity"] == rule.severity
        assert one["annotations"]["summary"].startswith(rule.title)
        assert one["annotations"]["__dashboardUid__"].startswith("touchline-")
        assert fires(store, rule) == []


def test_a_long_name_fits_into_a_uid() -> None:
    """Of two long names that begin alike each has its own."""
    names = [f"{'x' * 50}_{number}" for number in range(2)]
    uids = {rule_uid(name) for name in names}
    assert len(uids) == 2
    assert all(len(uid) <= 40 for uid in uids)


def test_an_incident_of_touchlines_own_ends_with_it() -> None:
    """What Touchline evaluates has had its cooldown: Grafana does not add another."""
    built = {rule["uid"]: rule for rule in alert_rules(load_alerts().rules, "here")}
    unusual = built["touchline-friction_unusual"]
    assert (unusual["keep_firing_for"], unusual["missingSeriesEvalsToResolve"]) == ("0s", 2)


def test_a_rule_names_its_runbook(tmp_path: Path) -> None:
    """The annotation has the name that Grafana shows as a link."""
    rules = tmp_path / "alerts.yaml"
    rules.write_text(
        "rules: [{id: one, title: One, kind: threshold, events: '*', customers: 5, within: 1h, "
        "runbook: 'https://wiki.shop.example/one'}]"
    )
    [built] = alert_rules(load_alerts(rules).rules, "here")
    assert built["annotations"]["runbook_url"] == "https://wiki.shop.example/one"
    assert "description" not in built["annotations"]
