"""The step of a rule: which events begin what it observes."""

from collections.abc import Iterable, Sequence

from touchline.rules.rule import Rule


def step_types(rule: Rule) -> Sequence[str]:
    """The types of the events that begin what a rule observes; none if it is any event of the touchpoint."""
    _, selector = rule.parts[0]
    # The events of these rules are the friction itself: its step is any event before.
    types = [] if rule.kind in ("match", "repeat") else selector.types or []
    return [] if any(name == "*" or name.startswith("friction.") for name in types) else types


def friction_steps(rule: Rule) -> Sequence[str]:
    """The frictions after which a rule waits, such as `friction.*`; none if it begins with events."""
    _, selector = rule.parts[0]
    types = selector.types or []
    waits = rule.kind in ("expect", "sequence")
    return types if waits and types and all(name.startswith("friction.") for name in types) else []


def friction_types(rule: Rule) -> Sequence[str]:
    """The types of the events that are the friction itself: that the affected have these says nothing."""
    _, selector = rule.parts[0]
    return (selector.types or []) if rule.kind in ("match", "repeat") else []


def trouble_types(rules: Iterable[Rule]) -> list[str]:
    """The types of the events that are a friction whatever they say, such as `payment.failed`.

    Nobody takes these as a step.
    """
    types = {
        name
        for rule in rules
        for name in friction_types(rule)
        if not rule.parts[0][1].where and name != "*" and not name.startswith("friction.")
    }
    return sorted(types)


def defining_fields(rule: Rule) -> set[str]:
    """The fields that a rule's conditions and key name: they define its friction."""
    return {path for selector in rule.selectors for path in selector.where} | set(rule.key)


def waits_for(rule: Rule, outcome: str) -> bool:
    """Whether the friction is that the outcome (a type of events) is missing: who has it never meets it."""
    ends = [selector for name, selector in rule.parts if rule.kind == "expect" and name in ("then", "unless")]
    types = [name for selector in ends for name in selector.types or ["*"]]
    return any(matches(name, outcome) for name in types)


def matches(name: str, kind: str) -> bool:
    """Whether a type of a selector, such as `contact.*`, selects a type of events."""
    return name == kind or (name.endswith("*") and kind.startswith(name[:-1]))
