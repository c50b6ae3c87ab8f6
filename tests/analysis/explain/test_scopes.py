"""Scopes: which events are the friction itself, and which may be its step."""

import pytest

from touchline.analysis.reading.explaining.scopes import of_point, of_rule
from touchline.config.rule_packs import load_rules
from touchline.rules import Rule


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    """The rules of the default pack, by id."""
    return {rule.id: rule for rule in load_rules().rules}


def test_where_any_friction_counts_no_event_that_is_one_explains_it(rules: dict[str, Rule]) -> None:
    """Of a point of all rules, a failed payment is the friction, and its reason says nothing."""
    mixed = of_point("SELECT 1", {}, (0, 1), (), rules, ())
    assert "payment.failed" in mixed.own
    assert "contact.answered" not in mixed.own


def test_a_failed_payment_may_explain_what_comes_after_it(rules: dict[str, Rule]) -> None:
    """Of an abandoned checkout it is no step, but what it says may be named."""
    scope = of_rule("checkout_abandoned", rules, 0, 1)
    assert scope.own == []
    assert "payment.failed" in scope.troubles


def test_ordinary_events_of_which_some_are_a_friction_may_be_steps(rules: dict[str, Rule]) -> None:
    """An answer after a long wait is a friction, a call is not one: neither is out of question as a step."""
    scope = of_rule("payment_failed_again", rules, 0, 1)
    assert scope.own == ["payment.failed"]
    assert not {"contact.answered", "contact.started", "page.viewed"} & set(scope.troubles)
    assert {"payment.failed", "element.dead_clicked", "order.failed"} <= set(scope.troubles)
