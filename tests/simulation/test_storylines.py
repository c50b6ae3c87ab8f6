from collections.abc import Callable, Iterable
from typing import Any

import pytest

from touchline.friction import RuleSet
from touchline.simulation import STORYLINES, Story, Storyline, simulate
from touchline.simulation.story import DAY
from touchline.simulation.storylines.shopping import cannot_pay
from touchline.vocabulary.event import Event
from touchline.vocabulary.normaliser import PLAIN

BEGIN = 1_790_000_000_000


def lives(storyline: Storyline, customers: int = 6) -> list[Story]:
    return [simulate(storyline, f"{storyline.__name__}:{number}", BEGIN) for number in range(customers)]


each_storyline = pytest.mark.parametrize("storyline", [*STORYLINES, cannot_pay], ids=lambda one: one.__name__)


@each_storyline
def test_a_storyline_holds_exactly_its_frictions_at_every_moment(
    storyline: Storyline, accepted: Any, found: Any, listed: Any
) -> None:
    """Whenever one looks, the pack finds in a story what the story declares, no more and no less."""
    for story in lives(storyline):
        events = accepted(story.touchpoints)
        moments = {event.received_at for event in events}
        for planted in story.planted:
            moments |= {planted.opened_at - 1, planted.opened_at, planted.opened_at + 1}
        for now in [*sorted(moments), story.now + 60 * DAY]:
            known = (planted.as_known(now) for planted in story.planted)
            assert found([event for event in events if event.received_at <= now], now) == listed(
                one for one in known if one is not None
            )


@each_storyline
def test_a_story_is_one_customers(
    storyline: Storyline, accepted: Any, by_customer: Callable[[Iterable[Event]], dict[str, list[Event]]]
) -> None:
    """In the end all touchpoints of a story are stitched to one customer."""
    for story in lives(storyline, 3):
        assert len(by_customer(accepted(story.touchpoints))) == 1


@each_storyline
def test_identifiers_are_written_as_the_pipeline_knows_them(storyline: Storyline) -> None:
    """A story's identifiers are normal already, so that what is planted names what is stored."""
    for story in lives(storyline, 3):
        for touchpoint in story.touchpoints:
            for kind, value in touchpoint.identifiers.items():
                assert PLAIN.identifier(kind, value) == f"{kind}:{value}"


@each_storyline
def test_a_storyline_is_deterministic(storyline: Storyline) -> None:
    """The key and the beginning determine the whole storyline."""
    first, second = (simulate(storyline, "one", BEGIN) for _ in range(2))
    assert (first.touchpoints, first.planted) == (second.touchpoints, second.planted)
    other = simulate(storyline, "other", BEGIN)
    assert {one.id for one in first.touchpoints}.isdisjoint(one.id for one in other.touchpoints)


def test_every_rule_of_the_pack_is_planted(pack: RuleSet) -> None:
    """No rule of the default pack goes without a storyline."""
    planted = {one.rule for storyline in STORYLINES for story in lives(storyline) for one in story.planted}
    assert planted == {rule.id for rule in pack.rules}


def test_most_customers_meet_no_friction() -> None:
    """The happy storylines are the majority."""
    happy = sum(
        share for storyline, share in STORYLINES.items() if not any(one.planted for one in lives(storyline))
    )
    assert happy > 0.6 * sum(STORYLINES.values())


def test_frictions_of_every_fate_are_planted() -> None:
    """Some frictions stay open, some are resolved, some are taken back."""
    planted = [one for storyline in STORYLINES for story in lives(storyline) for one in story.planted]
    assert any(one.resolved_at is None and one.taken_back_at is None for one in planted)
    assert any(one.resolved_at is not None for one in planted)
    assert any(one.taken_back_at is not None for one in planted)
