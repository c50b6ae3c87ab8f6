"""Deployed changes and the associated loss: as messages name them, and as PagerDuty's change events."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.alerts.receivers import PagerDuty
from touchline.config.alerts_files import load_alerts
from touchline.config.settings import Settings
from touchline.runtime.alerting.context import changes_before, cost_of
from touchline.runtime.alerting.queries import query_of
from touchline.services.jobs.changes import changes
from touchline.store import Store, open_store

T = 1_795_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
RULES = {rule.id: rule for rule in load_alerts().rules}


@pytest.fixture(scope="module")
def store(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with deployed changes and the loss of a rule, shared by the tests of this file."""
    folder = tmp_path_factory.mktemp("deployed") / "store"
    copytree(new_store, folder, symlinks=True)
    with open_store(folder) as opened:
        deployed = {
            "r1": (T - 2 * DAY, "Old"),
            "r2": (T - 50 * MINUTE, "<b>Two</b>"),
            "r3": (T - HOUR // 12, ""),
        }
        _deploy(opened, deployed)
        impact = {
            "computed_at": T, "rule": "order_failed", "since": T, "until": T, "currency": "EUR",
            "exposed": 10, "verdict": "loss", "loss": 880.0, "loss_low": 600.0, "loss_high": 1_200.0,
        }  # fmt: skip
        opened.insert("rule_impact", {name: [value] for name, value in impact.items()}, "impact")
        yield opened


def _deploy(store: Store, deployed: dict[str, tuple[int, str]]) -> None:
    """Changes: id → time and title; each is there twice."""
    rows: dict[str, list[Any]] = {
        "id": list(deployed),
        "time": [at for at, _ in deployed.values()],
        "data": [f'{{"change_id": "{id_}", "title": "{one[1]}"}}' for id_, one in deployed.items()],
    }
    same = {
        "type": "change.deployed", "received_at": T, "channel": "web", "source": "webshop",
        "producer": "ci", "entity": "terminal:ci", "identifiers": ["terminal:ci"], "context": "{}",
        "schema": 1, "log_offset": 1,
    }  # fmt: skip
    repeated: dict[str, list[Any]] = {name: [value] * len(deployed) for name, value in same.items()}
    for token in ("once", "twice"):
        store.insert("events", rows | repeated, f"{token} {min(deployed)}")


def test_changes_of_the_hour_before_are_named(store: Store) -> None:
    """Each change once, the newest first; what was deployed earlier or later is left out."""
    two, three = "10:16 UTC: <b>Two</b> (Web · webshop)", "11:01 UTC: r3 (Web · webshop)"
    query = query_of(store)
    both = (f"Deployed 2026-11-18 {three}", f"Deployed 2026-11-18 {two}")
    assert changes_before(query, T, "UTC") == both
    assert changes_before(query, T - 6 * MINUTE, "UTC") == both[1:]
    assert changes_before(query, T + 11 * MINUTE, "UTC") == both[:1]


@pytest.mark.parametrize(
    ("rule", "labels", "customers", "known"),
    [
        ("orders_fail", ("source=webshop",), 12, True),
        ("friction_unusual", ("rule=order_failed",), 12, True),
        ("friction_unusual", ("rule=rage_clicks",), 12, False),
        ("payment_outage", (), 12, False),
        ("orders_fail", ("source=webshop",), 0, False),
    ],
)
def test_the_loss_of_one_friction_rule_is_known(
    store: Store, rule: str, labels: tuple[str, ...], customers: int, known: bool
) -> None:
    """The stored loss of each customer times the affected, with its interval; else nothing is said."""
    said = "Associated loss: about 1,056 EUR (720 to 1,440) for 12 customers"
    assert cost_of(query_of(store), RULES[rule], labels, customers) == (said if known else "")


def test_each_new_change_is_announced_once(store: Store, receiver: Any, tmp_path: Path) -> None:
    """In order, again after a failure, and not an old one; a channel without `changes` gets none."""
    far = PagerDuty()
    receiver.respond = far.respond
    key = "R" * 32
    (tmp_path / "alerts.yaml").write_text(
        f"rules: []\nchannels:\n"
        f"  pager: {{kind: pagerduty, routing_key: {key}, url: '{receiver.url}/v2/enqueue'}}\n"
        f"  quiet: {{kind: pagerduty, routing_key: {key}, url: '{receiver.url}/quiet', changes: false}}\n"
    )
    settings = Settings(data=tmp_path, alerts=tmp_path / "alerts.yaml", public_url="https://live.example")
    job = changes(settings, lambda: None)  # type: ignore[arg-type,return-value]
    query = query_of(store)
    receiver.answers += [(202, {}, b"{}"), (503, {}, b"away")]
    for at in (T, T, T + 1):
        job.run(query, store.insert, at)
    _deploy(store, {"r4": (T + MINUTE, "x" * 5_000 + "\u202e")})
    job.run(query, store.insert, T + HOUR)
    assert [path for path, _, _ in receiver.got] == ["/v2/change/enqueue"] * 4
    assert receiver.bodies[0]["payload"]["summary"] == "Deployed: <b>Two</b>"
    assert receiver.bodies[0]["payload"]["timestamp"] == "2026-11-18T10:16:40.000Z"
    assert receiver.bodies[0]["links"] == [{"href": "https://live.example/", "text": "Live page"}]
    assert far.said[0] == "Deployed: r3"
    assert far.said[1].endswith("…")
    assert far.refusals == []
