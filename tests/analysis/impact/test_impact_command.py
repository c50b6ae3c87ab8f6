"""`touchline impact`, over a store that is filled by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import orjson
import pytest

from touchline.analysis.reading.steps import StepReader
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, WEEK

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]

BEGAN = 1_780_000_000_000
SPACE = UUID(int=0)
CUSTOMERS = 2_000


def _fill(store: Store, *, lost: float) -> None:
    """Each customer visits the shop; a fifth meet dead clicks, and `lost` of those do not buy who would."""
    random = Random(8)
    events: list[tuple[str, int, str, str, dict[str, Any]]] = []
    frictions: list[tuple[str, int]] = []
    for number in range(CUSTOMERS):
        who, at = f"account:{number}", BEGAN + random.randrange(2 * WEEK)
        events.append((who, at, "web", "page.viewed", {"page": "/"}))
        met = random.random() < 0.2
        if met:
            frictions.append((who, at + HOUR))
        if random.random() < 0.4 and not (met and random.random() < lost):
            cart = {"cart_id": f"c{number}", "value": 50.0, "currency": "EUR"}
            order = {"cart_id": f"c{number}", "order_id": f"o{number}", "currency": "EUR"}
            events.append((who, at + 2 * HOUR, "web", "cart.updated", cart))
            events.append((who, at + 3 * HOUR, "web", "order.placed", order))
        if met and random.random() < 0.5:
            events.append((who, at + DAY, "phone", "contact.started", {"contact_id": f"k{number}"}))
    # Nobody knows whose these are: they can be no customer's loss.
    events += [(f"contact:{number}", BEGAN + number, "web", "page.viewed", {}) for number in range(500)]
    events.append(("account:last", BEGAN + 4 * WEEK, "web", "page.viewed", {}))
    _put(store, events, frictions)


def _put(
    store: Store, events: list[tuple[str, int, str, str, dict[str, Any]]], frictions: list[tuple[str, int]]
) -> None:
    store.insert(
        "events",
        {
            "id": [f"e{number}" for number in range(len(events))],
            "type": [kind for *_, kind, _ in events],
            "time": [at for _, at, *_ in events],
            "channel": [channel for _, _, channel, *_ in events],
            "source": ["shop"] * len(events),
            "entity": [who for who, *_ in events],
            "data": [orjson.dumps(data).decode() for *_, data in events],
        },
        "events",
    )
    everyone = sorted({who for who, *_ in events})
    rows: dict[str, list[Any]] = {"entity": everyone, "customer": [uuid5(SPACE, who) for who in everyone]}
    store.insert("identities", rows | {"version": [1] * len(everyone)}, "identities")
    _insert_frictions(store, frictions, "open", 1)


def _insert_frictions(
    store: Store, frictions: list[tuple[str, int]], status: str, version: int, rule: str = "dead_clicks"
) -> None:
    found: dict[str, list[Any]] = {
        "id": [uuid5(SPACE, f"{rule} {who}") for who, _ in frictions],
        "customer": [uuid5(SPACE, who) for who, _ in frictions],
        "opened_at": [at for _, at in frictions],
        "channel": ["web"] * len(frictions),
        "source": ["shop"] * len(frictions),
        "rule": [rule] * len(frictions),
        "status": [status] * len(frictions),
        "version": [version] * len(frictions),
    }
    store.insert("frictions", found, f"frictions {version}")


def test_only_events_of_the_step_begin_a_trial(store: Store) -> None:
    """Types and patterns of types select who reached the step; without any, every event there counts."""
    _fill(store, lost=0.0)
    reader = StepReader(
        lambda sql, given: store.query(sql, dict(given)).result_rows, BEGAN, BEGAN + 5 * WEEK, BEGAN
    )
    counts = [
        len(set(reader.steps("dead_clicks", types).customer.tolist()))
        for types in ([], ["cart.updated"], ["cart.*", "no.such"], ["cart"], ["order.placed", "page.viewed"])
    ]
    assert counts[0] == counts[4] == CUSTOMERS + 1
    assert 0.35 * CUSTOMERS < counts[1] == counts[2] < 0.45 * CUSTOMERS
    assert counts[3] == 0


@pytest.fixture
def impact(touchline: Run, tmp_path: Path, new_store: Path) -> Callable[..., dict[str, Any]]:
    """Fills a store, and gives the JSON of the command over it."""
    from touchline.store import open_store

    def run(
        *arguments: str, lost: float = 0.7, then: Callable[[Store], None] | None = None
    ) -> dict[str, Any]:
        with open_store(tmp_path / "data" / "store") as store:
            _fill(store, lost=lost)
            if then is not None:
                then(store)
        result = touchline("impact", "--since", "60d", "--data", tmp_path / "data", "--json", *arguments)
        assert result.exit_code == 0, result.output
        content: dict[str, Any] = json.loads(result.stdout)
        return content

    return run


def test_a_planted_loss_is_found(impact: Callable[..., dict[str, Any]]) -> None:
    """Lost conversions, their money by the value of the cart, and contacts are those that were planted."""
    content = impact("--contact-cost", "10", "--within", "3d")
    (found,) = content["impacts"]
    assert content["currency"] == "EUR"
    assert (found["rule"], found["verdict"]) == ("dead_clicks", "loss")
    assert found["exposed"] == pytest.approx(CUSTOMERS * 0.2, rel=0.15)
    assert found["difference"]["low"] < -0.7 * 0.4 < found["difference"]["high"]
    lost = 0.7 * 0.4 * found["exposed"] * 50 + 0.5 * found["exposed"] * 10
    assert found["loss"]["low"] < lost < found["loss"]["high"]
    assert found["contacts"]["low"] < 0.5 * found["exposed"] < found["contacts"]["high"]


def test_without_an_effect_nothing_is_lost(impact: Callable[..., dict[str, Any]]) -> None:
    """Where those who met the friction convert as the others do, there is no loss to tell."""
    (found,) = impact("--within", "3d", lost=0.0)["impacts"]
    assert found["verdict"] == "no clear difference"


def test_retracted_frictions_no_longer_count(impact: Callable[..., dict[str, Any]]) -> None:
    """The figures are those of the frictions and customers of now."""

    def retract(store: Store) -> None:
        rows = store.query("SELECT toUnixTimestamp64Milli(opened_at), id FROM frictions").result_rows
        by_id = {str(one): at for at, one in rows}
        met = [
            (f"account:{n}", by_id[str(uuid5(SPACE, f"dead_clicks account:{n}"))])
            for n in range(CUSTOMERS)
            if str(uuid5(SPACE, f"dead_clicks account:{n}")) in by_id
        ]
        _insert_frictions(store, met[10:], "retracted", 2)

    (found,) = impact("--within", "3d", then=retract)["impacts"]
    assert (found["exposed"], found["verdict"]) == (10, "unknown")


def test_a_rule_that_waits_for_the_outcome_has_no_loss(impact: Callable[..., dict[str, Any]]) -> None:
    """Of a friction that is the missing outcome itself, the command says so instead of a figure."""

    def abandon(store: Store) -> None:
        carts = [(f"account:{number}", BEGAN + WEEK) for number in range(50)]
        _insert_frictions(store, carts, "open", 2, rule="cart_abandoned")

    found = {one["rule"]: one for one in impact("--within", "3d", then=abandon)["impacts"]}
    assert found["dead_clicks"]["verdict"] == "loss"
    assert found["cart_abandoned"]["verdict"] == "unknown"
    assert "waits for the outcome" in found["cart_abandoned"]["missing"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "no friction of nothing in this time: it has none"),
        (("--within", "soon"), "--within soon"),
        (("--contact-cost", "-1"), "--contact-cost"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    touchline: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """An unknown rule, a wrong time and a negative cost end the command with a message."""
    from touchline.store import open_store

    with open_store(tmp_path / "data" / "store"):
        pass
    result = touchline("impact", "--data", tmp_path / "data", *arguments)
    assert result.exit_code in (1, 2)
    assert message in result.output


def test_an_empty_store_has_no_impact(touchline: Run, tmp_path: Path) -> None:
    """Without events the command says that there is no friction."""
    from touchline.store import open_store

    with open_store(tmp_path / "data" / "store"):
        pass
    result = touchline("impact", "--data", tmp_path / "data")
    assert (result.exit_code, result.stdout) == (0, "No friction in this time.\n")
