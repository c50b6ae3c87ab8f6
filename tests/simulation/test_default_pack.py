import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event
from touchline.vocabulary.registry import EVENT_TYPES

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def walk(pack: RuleSet, *steps: tuple[int, str, Mapping[str, Any]], channel: str = "phone") -> list[str]:
    """The rules that find something in (minute, type, data), weeks after, before silence is one more."""
    events = [
        Event(
            id=f"e{number}",
            type=name,
            time=minute * MINUTE,
            channel=data.get("channel", channel),
            source="test",
            identifiers=("account:1",),
            data=dict(data),
        )
        for number, (minute, name, data) in enumerate(steps)
    ]
    return sorted(one.rule for one in pack.findings(events, events[-1].time + 20 * DAY).signals)


def test_every_rule_says_what_it_is_and_whose(pack: RuleSet) -> None:
    """Rules have speaking ids, a title, a reason and an owner, and there are plenty of them."""
    assert len(pack.rules) >= 30
    for rule in pack.rules:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", rule.id)
        assert rule.title
        assert rule.why
        assert rule.owner
        assert rule.weight > 0


def test_rules_hear_types_that_exist(pack: RuleSet) -> None:
    """Types are in the vocabulary; a key is a field that each may have, a condition's one that some may."""
    for rule in pack.rules:
        for selector in rule.selectors:
            names = [name for name in selector.types or () if not name.startswith("friction.")]
            fields = [EVENT_TYPES[name].model.model_fields for name in names]
            for path in [*rule.key, *selector.where]:
                having = [path.removeprefix("data.") in one for one in fields if path.startswith("data.")]
                assert all(having) if path in rule.key else any([*having, not having])


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(0, "contact.queued", {}), (3, "contact.abandoned", {})], ["queue_abandoned"]),
        ([(0, "contact.queued", {}), (2, "contact.answered", {}), (3, "contact.abandoned", {})], []),
        (
            [
                (0, "contact.queued", {}),
                (2, "contact.answered", {}),
                (3, "contact.transferred", {}),
                (4, "contact.queued", {}),
                (9, "contact.abandoned", {}),
            ],
            ["queue_abandoned"],
        ),
        (
            [(0, "contact.menu_entered", {}), (1, "contact.queued", {}), (3, "contact.abandoned", {})],
            ["queue_abandoned"],
        ),
        ([(0, "contact.queued", {}), (3, "contact.abandoned", {"contact_id": "other"})], []),
        (
            [
                (0, "contact.started", {"channel": "chat"}),
                (1, "contact.queued", {"channel": "chat"}),
                (9, "contact.abandoned", {"channel": "chat"}),
            ],
            ["queue_abandoned"],
        ),
    ],
    ids=["left", "answered", "left after a transfer", "past the menu", "another contact", "queue of a chat"],
)
def test_leaving_a_queue_counts_once_and_only_before_an_answer(
    pack: RuleSet, steps: list[tuple[int, str, dict[str, Any]]], expected: list[str]
) -> None:
    """A contact that was queued and abandoned with no answer between is one friction, and nothing else is."""
    assert walk(pack, *((at, name, {"contact_id": "c1", **data}) for at, name, data in steps)) == expected


@pytest.mark.parametrize(
    "steps",
    [
        [(0, "cart.updated"), (50, "cart.updated"), (100, "order.placed")],
        [(0, "cart.updated"), (50, "checkout.started"), (70, "order.placed")],
        [(0, "checkout.started"), (20, "checkout.step_completed"), (45, "order.placed")],
        [(0, "checkout.started"), (5, "order.placed"), (5, "checkout.step_completed")],
    ],
    ids=["cart touched again", "cart to checkout", "slow checkout", "confirmation page after the order"],
)
def test_a_purchase_in_progress_is_no_abandonment(pack: RuleSet, steps: list[tuple[int, str]]) -> None:
    """The window starts again with each activity, and a confirmation after the order starts none."""
    assert walk(pack, *((at, name, {"step": "confirmation"} if at == 5 else {}) for at, name in steps)) == []


def test_a_late_letter_is_no_long_wait(pack: RuleSet) -> None:
    """An answer after an hour is a long wait on the phone and not in an e-mail."""
    answered = (0, "contact.answered", {"contact_id": "c", "wait_seconds": 3600.0})
    assert walk(pack, answered) == ["long_wait"]
    assert walk(pack, answered, channel="email") == []


def test_contacts_about_different_things_are_no_repetition(pack: RuleSet) -> None:
    """Only the same reason within a week is a repeated contact."""

    def contacts(*started: tuple[int, str]) -> list[str]:
        return walk(pack, *((day * 1440, "contact.started", {"reason": reason}) for day, reason in started))

    assert contacts((0, "billing"), (2, "return")) == []
    assert contacts((0, "billing"), (8, "billing")) == []
    assert contacts((0, "billing"), (7, "billing")) == ["repeat_contact"]


def test_the_page_on_rules_lists_the_pack(pack: RuleSet) -> None:
    """docs/rules.md has a row for each rule of the pack, with its weight, and no other."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(rule.id, str(rule.weight)) for rule in pack.rules]


def test_the_examples_on_rules_can_be_used() -> None:
    """Every rules file shown in docs/rules.md is accepted as it stands."""
    blocks = re.findall(r"```yaml\n(rules:.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 5
    assert {rule.kind for block in blocks for rule in parse_rules(block)} == {
        "match",
        "expect",
        "repeat",
        "sequence",
    }
