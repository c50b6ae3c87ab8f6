from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from importlib.resources import files

import orjson
import pytest

from touchline.friction import RuleSet
from touchline.identity import Identities
from touchline.rules import parse_rules
from touchline.simulation import Planted, Touchpoint
from touchline.vocabulary.envelope import Envelope, to_event
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order
from touchline.vocabulary.registry import EVENT_TYPES

Found = Counter[tuple[str, str, int, int | None]]


@pytest.fixture(scope="session")
def pack() -> RuleSet:
    return RuleSet(parse_rules((files("touchline.rules") / "packs/default.yaml").read_text(), "default.yaml"))


@pytest.fixture(scope="session")
def accepted() -> Callable[[Iterable[Touchpoint]], list[Event]]:
    """Touchpoints as the collector would accept them: through JSON, the envelope and the type's model."""

    def accept(touchpoint: Touchpoint) -> Event:
        envelope = Envelope.model_validate_json(orjson.dumps(touchpoint.envelope()))
        EVENT_TYPES[envelope.type].model.model_validate_json(orjson.dumps(envelope.data))
        event = to_event(envelope, received_at_ms=touchpoint.due)
        assert event is not None
        return event

    return lambda touchpoints: [accept(one) for one in touchpoints]


@pytest.fixture(scope="session")
def by_customer() -> Callable[[Iterable[Event]], dict[str, list[Event]]]:
    """Events by customer, in order; whose they are is decided in the order in which they are given."""

    def sort(events: Iterable[Event]) -> dict[str, list[Event]]:
        events = list(events)
        identities = Identities()
        for event in events:
            identities.observe([event.identifiers])
        customers = defaultdict(list)
        for event in in_order(events):
            customers[identities.customer_of(event.entity)].append(event)
        return customers

    return sort


@pytest.fixture(scope="session")
def found(
    pack: RuleSet, by_customer: Callable[[Iterable[Event]], dict[str, list[Event]]]
) -> Callable[[Iterable[Event], int], Found]:
    """The default pack's signals in events at a time: (rule, anchor, opened_at, resolved_at)."""

    def find(events: Iterable[Event], now: int) -> Found:
        return Counter(
            (one.rule, one.anchor, one.opened_at, one.resolved_at)
            for own in by_customer(events).values()
            for one in pack.findings(own, now).signals
        )

    return find


@pytest.fixture(scope="session")
def listed() -> Callable[[Iterable[Planted]], Found]:
    """Planted frictions in the form of `found`."""
    return lambda planted: Counter((one.rule, one.anchor, one.opened_at, one.resolved_at) for one in planted)
