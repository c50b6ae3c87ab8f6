"""`touchline impact`, over a store that is filled by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid5

import pytest

from tests.analysis.impact.shop import BEGAN, CUSTOMERS, SPACE, fill, insert_frictions
from touchline.analysis.reading.steps import StepReader
from touchline.store import Store
from touchline.vocabulary.durations import DAY, WEEK

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
Folder = Callable[[Path], Path]


def test_only_events_of_the_step_begin_a_trial(store: Store) -> None:
    """Types and patterns of types select who reached the step; without any, every event there counts."""
    fill(store, lost=0.0)
    reader = _reader(store)
    counts = [
        len(set(reader.steps(["dead_clicks"], types).customer.tolist()))
        for types in ([], ["cart.updated"], ["cart.*", "no.such"], ["cart"], ["order.placed", "page.viewed"])
    ]
    assert counts[0] == counts[4] == CUSTOMERS + 1
    assert 0.35 * CUSTOMERS < counts[1] == counts[2] < 0.45 * CUSTOMERS
    assert counts[3] == 0


def test_trials_begin_at_the_touchpoints_of_the_rule_alone(store: Store) -> None:
    """Where only another rule finds frictions, nobody reaches the step of this one."""
    fill(store, lost=0.0)
    alone = _reader(store).steps(["dead_clicks"])
    insert_frictions(store, [("account:0", BEGAN + DAY)], "open", 2, "long_hold", "phone")
    reader = _reader(store)
    web, phone = reader.steps(["dead_clicks"]), reader.steps(["long_hold"])
    assert (web.places, phone.places) == (alone.places, 1) == (1, 1)
    assert len(web.customer) == len(alone.customer)
    assert 0.05 * CUSTOMERS < len(phone.customer) < 0.15 * CUSTOMERS
    both = reader.steps(["dead_clicks", "long_hold"])
    assert (both.places, len(both.customer)) == (2, len(web.customer) + len(phone.customer))
    assert len(reader.steps(["no_such_rule"]).customer) == 0


def _reader(store: Store) -> StepReader:
    return StepReader(
        lambda sql, given: store.query(sql, dict(given)).result_rows, BEGAN, BEGAN + 5 * WEEK, BEGAN
    )


@pytest.fixture
def impact(touchline: Run, tmp_path: Path, with_store: Folder) -> Callable[..., dict[str, Any]]:
    """Fills a store, and gives the JSON of the command over it."""
    from touchline.store import open_store

    data = with_store(tmp_path / "data")

    def run(
        *arguments: str, lost: float = 0.7, then: Callable[[Store], None] | None = None
    ) -> dict[str, Any]:
        with open_store(data / "store") as store:
            fill(store, lost=lost)
            if then is not None:
                then(store)
        result = touchline("impact", "--since", "60d", "--data", data, "--json", *arguments)
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
    # All rules together are this one; as any rule, at any event of the touchpoint.
    assert content["together"]["exposed"] == found["exposed"]
    assert content["together"]["loss"]["value"] == pytest.approx(found["loss"]["value"], rel=0.1)
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
        insert_frictions(store, met[10:], "retracted", 2)

    (found,) = impact("--within", "3d", then=retract)["impacts"]
    assert (found["exposed"], found["verdict"]) == (10, "unknown")


def test_a_rule_that_waits_for_the_outcome_has_no_loss(impact: Callable[..., dict[str, Any]]) -> None:
    """Of a friction that is the missing outcome itself, the command says so instead of a figure."""

    def abandon(store: Store) -> None:
        carts = [(f"account:{number}", BEGAN + WEEK) for number in range(50)]
        insert_frictions(store, carts, "open", 2, rule="cart_abandoned")

    found = {one["rule"]: one for one in impact("--within", "3d", then=abandon)["impacts"]}
    assert found["dead_clicks"]["verdict"] == "loss"
    assert found["cart_abandoned"]["verdict"] == "unknown"
    assert "waits for the outcome" in found["cart_abandoned"]["missing"]


def test_what_waits_a_day_or_longer_is_compared(
    impact: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """Frictions that open two days after their step count; of an outcome that never came, it is said."""
    (tmp_path / "rules.yaml").write_text(
        "rules: [{id: no_answer, kind: expect, after: page.viewed, then: contact.answered, within: 2d}]"
    )

    def wait(store: Store) -> None:
        seen = store.query(
            "SELECT entity, toUnixTimestamp64Milli(time) FROM events WHERE type = 'page.viewed'"
        )
        waited = [(who, at + 2 * DAY) for who, at in seen.result_rows if who.startswith("account:")]
        insert_frictions(store, waited[:400], "open", 2, rule="no_answer")

    arguments = ("no_answer", "--rules", str(tmp_path / "rules.yaml"), "--outcome")
    (found,) = impact(*arguments, "no.such", then=wait)["impacts"]
    assert found["exposed"] > 300
    assert found["missing"] == "no no.such is recorded: choose another outcome"
    # All contacts of the shop come within a day.
    assert found["contacts"]["value"] == 0
    # An outcome that is the step as well is the next one: the step itself is before the friction.
    (again,) = impact(*arguments, "page.viewed")["impacts"]
    assert again["exposed"] == found["exposed"]


def test_rules_that_are_not_in_force_are_named(touchline: Run, tmp_path: Path, with_store: Folder) -> None:
    """A rule of another file has no known step, and the command says which file is missing."""
    from touchline.store import open_store

    with open_store(with_store(tmp_path / "data") / "store") as store:
        fill(store, lost=0.0)
    (tmp_path / "rules.yaml").write_text("rules: [{id: other, kind: match, when: order.failed}]")
    said = touchline(
        "impact", "--since", "60d", "--data", tmp_path / "data", "--rules", tmp_path / "rules.yaml"
    )
    assert said.exit_code == 0
    assert "any event counts as the step: dead_clicks; name the file" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "unknown rule 'nothing'; rules with friction: none"),
        (("dead_click",), "unknown rule 'dead_click' (did you mean 'dead_clicks'?)"),
        (("dead_clicks",), "no friction of dead_clicks in this time; rules with friction: none"),
        (("--stored",), "nothing is stored yet"),
        (("--stored", "--since", "7d"), "leave out the other options"),
        (("--within", "soon"), "--within soon"),
        (("--contact-cost", "-1"), "--contact-cost"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    touchline: Run, tmp_path: Path, arguments: tuple[str, ...], message: str, with_store: Folder
) -> None:
    """An unknown rule, a wrong time and a negative cost end the command with a message."""
    result = touchline("impact", "--data", with_store(tmp_path / "data"), *arguments)
    assert result.exit_code in (1, 2)
    assert message in result.output


def test_an_empty_store_has_no_impact(touchline: Run, tmp_path: Path, with_store: Folder) -> None:
    """Without events the command says that there is no friction."""
    result = touchline("impact", "--data", with_store(tmp_path / "data"))
    assert (result.exit_code, result.stdout) == (0, "No friction in this time.\n")
