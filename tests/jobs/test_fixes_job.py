"""The stored effects of deployed changes, over a store that is filled by hand."""

from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from touchline.config.rule_packs import load_rules
from touchline.config.settings import Settings
from touchline.runtime.alerting.queries import query_of
from touchline.services.jobs.fixes import fixes
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR

NOW = 1_790_000_000_000
FIXED = NOW - 10 * DAY
SPACE = UUID(int=0)


def _fill(store: Store) -> None:
    """At two touchpoints, 20 % of 600 visitors a week meet rage clicks; after a change 5 % at one of them."""
    events: list[tuple[str, str, int, str, dict[str, Any]]] = []
    frictions: list[tuple[str, str, int]] = []
    for channel in ("web", "app"):
        for week in range(-3, 2):
            for number in range(600):
                who, at = f"account:{channel}{week}-{number}", FIXED + week * 7 * DAY + number * DAY // 86
                if at >= NOW:
                    continue
                events.append((who, channel, at, "page.viewed", {}))
                if number % 20 < (1 if channel == "web" and week >= 0 else 4):
                    frictions.append((who, channel, at + HOUR))
    changes = [
        ("fix", FIXED, "rage_clicks", "web"),
        ("new", NOW - 2 * DAY, "", "app"),
        ("soon", NOW - HOUR, "", "web"),
    ]
    events += [
        ("change:1", channel, at, "change.deployed", {"change_id": name, "title": "T", "rule": rule})
        for name, at, rule, channel in changes
    ]
    store.insert(
        "events",
        {
            "id": [f"e{number}" for number in range(len(events))],
            "entity": [one[0] for one in events],
            "channel": [one[1] for one in events],
            "source": ["shop"] * len(events),
            "time": [one[2] for one in events],
            "type": [one[3] for one in events],
            "data": [orjson.dumps(one[4]).decode() for one in events],
        },
        "events",
    )
    everyone = sorted({one[0] for one in events})
    rows: dict[str, list[Any]] = {"entity": everyone, "customer": [uuid5(SPACE, who) for who in everyone]}
    store.insert("identities", rows | {"version": [1] * len(everyone)}, "identities")
    found: dict[str, list[Any]] = {
        "id": [uuid5(SPACE, f"friction {who}") for who, _, _ in frictions],
        "customer": [uuid5(SPACE, who) for who, _, _ in frictions],
        "channel": [channel for _, channel, _ in frictions],
        "opened_at": [at for *_, at in frictions],
    }
    same = {"source": "shop", "rule": "rage_clicks", "status": "open", "version": 1}
    store.insert(
        "frictions", found | {name: [one] * len(frictions) for name, one in same.items()}, "frictions"
    )
    price = {"rule": "rage_clicks", "exposed": 100, "loss": 500.0, "loss_low": 400.0, "loss_high": 600.0}
    price |= {"currency": "EUR", "computed_at": NOW, "until": NOW}
    store.insert("rule_impact", {name: [value] for name, value in price.items()}, "price")


def test_each_change_has_its_rows(store: Store) -> None:
    """What fell has its rates, its interval and its price by a plain count; a young change has a reason."""
    _fill(store)
    fixes(Settings(), load_rules).run(query_of(store), store.insert, NOW)
    answer = store.query("SELECT * FROM current_change_effects ORDER BY deployed_at, rule")
    rows = [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
    assert [(row["change"], row["verdict"], row["sentence"]) for row in rows[1:]] == [
        ("new", "early", "Too early to say (2 of 7 days)"),
        ("soon", "early", "Too early to say (0 of 7 days)"),
    ]
    fix = rows[0]
    assert (fix["change"], fix["rule"], fix["meant"], fix["days"]) == ("fix", "rage_clicks", 1, 7.0)

    def count(table: str, channel: str, since: int, time: str) -> int:
        of = "entity" if table == "events" else "customer"
        sql = f"SELECT uniqExact({of}) FROM {table} WHERE channel = '{channel}' AND {time} >= " + (
            f"fromUnixTimestamp64Milli({since}) AND {time} < fromUnixTimestamp64Milli({since + 7 * DAY})"
        )
        if table == "events":
            sql += " AND type != 'change.deployed'"
        number: int = store.query(sql).result_rows[0][0]
        return number

    def rate(channel: str, since: int) -> float:
        return count("frictions", channel, since, "opened_at") / count("events", channel, since, "time")

    before, after = FIXED - 7 * DAY, FIXED
    assert fix["before"] == count("frictions", "web", before, "opened_at")
    assert fix["after"] == count("frictions", "web", after, "opened_at")
    assert fix["before"] / fix["journeys_before"] == pytest.approx(rate("web", before), rel=0.02)
    assert fix["after"] / fix["journeys_after"] == pytest.approx(rate("web", after), rel=0.02)
    elsewhere = rate("app", after) / rate("app", before)
    assert fix["elsewhere"] == pytest.approx(elsewhere, rel=0.02)
    assert fix["beside"] == pytest.approx(rate("web", after) / rate("web", before) / elsewhere, rel=0.03)
    assert fix["verdict"] == "fell"
    assert fix["sentence"].startswith("Fell by ")
    avoided = rate("web", before) * elsewhere * fix["journeys_after"] - fix["after"]
    assert fix["saved"] == pytest.approx(avoided * 5, rel=0.05)
    assert 0 < fix["saved_low"] < fix["saved"] < fix["saved_high"]
    assert fix["currency"] == "EUR"


def test_without_changes_nothing_is_written(store: Store) -> None:
    """A store without a change has no row."""
    store.insert("events", {"id": ["a"], "type": ["page.viewed"], "time": [NOW]}, "events")
    fixes(Settings(), load_rules).run(query_of(store), store.insert, NOW)
    assert store.query("SELECT count() FROM change_effects").result_rows == [[0]]
