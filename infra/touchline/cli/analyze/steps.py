"""The step of a rule: which events begin what it observes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchline.rules.rule import Rule


def step_types(rule: "Rule") -> "Sequence[str]":
    """The types of the events that begin what a rule observes; none if it is any event of the touchpoint."""
    _, selector = rule.parts[0]
    # The events of these rules are the friction itself: its step is any event before.
    types = [] if rule.kind in ("match", "repeat") else selector.types or []
    return [] if any(name == "*" or name.startswith("friction.") for name in types) else types


def friction_types(rule: "Rule") -> "Sequence[str]":
    """The types of the events that are the friction itself: that the affected have these says nothing."""
    _, selector = rule.parts[0]
    return (selector.types or []) if rule.kind in ("match", "repeat") else []


def defining_fields(rule: "Rule") -> set[str]:
    """The fields that a rule's conditions and key name: they define its friction."""
    return {path for selector in rule.selectors for path in selector.where} | set(rule.key)
