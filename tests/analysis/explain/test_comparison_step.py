"""The step at which the affected are compared with others, chosen from what both passed."""

import pytest

from touchline.analysis.explain.comparison_step import Passing, Step, last_common_step
from touchline.analysis.explain.explanation import step_words

SHOWN = Passing(Step("page.viewed"), 40, 300_000, 900)
CHECKOUT = Passing(Step("checkout.step_completed"), 40, 10_000, 120)
ADDRESS = Passing(Step("checkout.step_completed", "step", '"address"'), 40, 90_000, 110, 100)
PAYMENT = Passing(Step("checkout.step_completed", "step", '"payment"'), 39, 10_000, 80, 78)
METHOD = Passing(Step("checkout.step_completed", "method", '"card"'), 40, 10_000, 50, 2)


def _chosen(*passings: Passing) -> Step | None:
    found = last_common_step(passings, 40)
    return found and found.step


def test_the_last_step_of_nearly_all_is_chosen() -> None:
    """The type of events closest to the friction, with the field that others come to from elsewhere."""
    assert _chosen(SHOWN, CHECKOUT) == CHECKOUT.step
    assert _chosen(PAYMENT, ADDRESS, METHOD, CHECKOUT, SHOWN) == PAYMENT.step


def test_what_customers_keep_belongs_to_no_step() -> None:
    """A payment method that all affected have may be the cause, so it is compared."""
    assert _chosen(SHOWN, CHECKOUT, METHOD) == CHECKOUT.step
    assert _chosen(SHOWN, CHECKOUT, METHOD._replace(moved=25)) == METHOD.step


@pytest.mark.parametrize(("affected", "others"), [(35, 80), (36, 9)])
def test_a_step_that_few_took_is_none(affected: int, others: int) -> None:
    """Below nine tenths of the affected, or ten others, an earlier step is chosen."""
    assert _chosen(SHOWN, CHECKOUT._replace(affected=affected, others=others)) == SHOWN.step
    few = PAYMENT._replace(affected=affected, others=others, moved=others)
    assert _chosen(SHOWN, CHECKOUT, few) == CHECKOUT.step
    assert _chosen(SHOWN._replace(affected=affected, others=others)) is None


def test_enough_of_the_affected_and_of_the_others_make_a_step() -> None:
    """Nine tenths of the affected, and ten others of whom half came from another value, are enough."""
    step = PAYMENT._replace(affected=36, others=10, moved=5)
    assert _chosen(SHOWN, CHECKOUT, step) == step.step


def test_the_choice_does_not_depend_on_the_order() -> None:
    """Of equal steps, the name decides."""
    twin = Passing(Step("cart.updated"), 40, 10_000, 120)
    assert _chosen(twin, CHECKOUT) == _chosen(CHECKOUT, twin) == twin.step


@pytest.mark.parametrize(
    ("types", "field", "value", "words"),
    [
        ((), "", "", ""),
        (("contact.queued",), "", "", "had contact queued"),
        (("form.started", "form.field_failed"), "", "", "had form started or form field failed"),
        (("checkout.step_completed",), "step", "payment", "had checkout step completed (step payment)"),
        (("friction.gave_up",), "", "", "met gave_up"),
        (("friction.*",), "", "", "met any friction"),
        (("x\x1b[2J.y",), "", "", "had x[2J y"),
    ],
)
def test_a_step_is_said_in_words(types: tuple[str, ...], field: str, value: str, words: str) -> None:
    """The words complete *others who also*; hostile names become plain."""
    assert step_words(types, field, value) == words
