"""Replay: the result of a set of events, computed once, directly from the laws."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from touchline.engine.customers.fold import fold
from touchline.friction import RuleSet
from touchline.identity import POLICY, Policy, customer_id, customers, pairs
from touchline.journeys import JOURNEY_GAP
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order


def replay(
    events: Iterable[Event],
    rules: RuleSet,
    now: int | None = None,
    journey_gap: int = JOURNEY_GAP,
    policy: Policy = POLICY,
) -> dict[str, Any]:
    """The result of a log: `customers` by event id, `signals` and `journeys`; all times in ms.

    Args:
        events: The events in any order; the first of several with one id counts.
        rules: The rules.
        now: The evaluation time; the latest `received_at` by default.
        journey_gap: The silence that ends a journey.
        policy: Limits, and what operators decided about identifiers.
    """
    unique: dict[str, Event] = {}
    for event in events:
        unique.setdefault(event.id, event)
    if now is None:
        now = max((event.received_at for event in unique.values()), default=0)
    strongest = customers({pair for event in unique.values() for pair in pairs(event.identifiers)}, policy)
    by_customer: dict[str, list[Event]] = defaultdict(list)
    for event in in_order(unique.values(), rules.phases):
        by_customer[strongest.get(event.entity, event.entity)].append(event)

    result: dict[str, Any] = {"customers": {}, "signals": [], "journeys": []}
    for name, own in sorted(by_customer.items()):
        customer = str(customer_id(name))
        folded = fold(own, rules, now, journey_gap)
        result["customers"].update((event.id, customer) for event in own)
        result["signals"] += (
            {
                "id": str(signal.id),
                "rule": signal.rule,
                "anchor": signal.anchor,
                "customer": customer,
                "opened_at": signal.opened_at,
                "resolved_at": signal.resolved_at,
                "evidence": list(signal.evidence),
            }
            for signal in folded.signals
        )
        result["journeys"] += (
            {
                "id": str(journey.id),
                "customer": customer,
                "first": journey.first,
                "start": journey.start,
                "last": journey.last,
                "events": journey.events,
                "path": list(journey.path),
                "strikes": journey.strikes,
            }
            for journey in folded.journeys
        )
    return result
