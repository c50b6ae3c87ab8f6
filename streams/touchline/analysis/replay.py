"""Replay: the offline result, straight from the law: a set of events in, everything computed once."""

from collections import defaultdict
from collections.abc import Container, Iterable
from typing import Any

from touchline.engine.customer import fold
from touchline.friction import RuleSet
from touchline.identity import Pair, customer_id, customers, pairs
from touchline.journeys import JOURNEY_GAP
from touchline.vocabulary.event import Event


def replay(
    events: Iterable[Event],
    rules: RuleSet,
    now: int | None = None,
    journey_gap: int = JOURNEY_GAP,
    bans: Container[Pair] = (),
) -> dict[str, Any]:
    """The contract's result of a log: `customers`, `signals`, `journeys`; all times in ms.

    Of events with one id the first stands. Without `now` it is the latest `received_at`. `bans` are
    pairs of identifiers that are no links.
    """
    unique: dict[str, Event] = {}
    for event in events:
        unique.setdefault(event.id, event)
    if now is None:
        now = max((event.received_at for event in unique.values()), default=0)
    strongest = customers({pair for event in unique.values() for pair in pairs(event.identifiers)}, bans)
    by_customer: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(unique.values(), key=lambda event: event.order):
        by_customer[strongest.get(event.entity, event.entity)].append(event)

    result: dict[str, Any] = {"customers": {}, "signals": [], "journeys": []}
    for name, own in sorted(by_customer.items()):
        customer = str(customer_id(name))
        folded = fold(own, rules, now, journey_gap)
        result["customers"].update((event.id, customer) for event in own)
        result["signals"] += (
            {
                "id": str(one.id),
                "rule": one.rule,
                "anchor": one.anchor,
                "customer": customer,
                "opened_at": one.opened_at,
                "resolved_at": one.resolved_at,
                "evidence": list(one.evidence),
            }
            for one in folded.signals
        )
        result["journeys"] += (
            {
                "id": str(one.id),
                "customer": customer,
                "first": one.first,
                "start": one.start,
                "last": one.last,
                "events": one.events,
                "path": list(one.path),
                "strikes": one.strikes,
            }
            for one in folded.journeys
        )
    return result
