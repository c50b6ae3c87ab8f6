"""Identity across partitions: which worker an event goes to, and what workers tell each other.

The law: whatever the number of partitions and workers, the order in which their logs are read, the repeats
and the crashes, the end is what one worker of one log ends with.

An event's **entity** is its strongest identifier; its partition's worker stores the event, once, and is the
only one that routes it. A **customer** is folded by the worker of the partition of the customer's strongest
identifier. Whose an entity is, is decided in one place, written to a table, and then told to the entity's
worker as an `Assignment`. So:

- What an entity's worker cannot fold itself it stores first and **forwards** then. A forwarded event that
  reaches a customer who no longer has the entity is passed on to whoever the table names.
- On an assignment it asks for both customers to be folded anew (`Reload`), behind what it forwarded before.
- Whoever folds a customer anew takes the events of the entities that the table names, as stored.

Every event that a customer gained or lost is thus followed by a message to that customer's worker, and what
that worker reads from the store when the message comes holds all that was stored before it was sent. A fold
knows no order, so it does not matter how messages overtake each other, and every one may come twice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

from touchline.vocabulary.event import Event


class Assignment(Struct, frozen=True):
    """An entity went from one customer to another, both named by strongest identifier."""

    entity: str
    before: str
    after: str


class Reload(Struct, frozen=True):
    """A customer, named by strongest identifier, is to be folded anew from the stored events.

    `unnamed` says that no event is known any more that names the identifier, and nothing is kept of it.
    """

    customer: str
    unnamed: bool = False


class Arrived(NamedTuple):
    """What one flush takes in.

    `new` events of own entities are not stored yet; `repeated` ones this worker, or the one before it,
    stored and may not have routed. `forwarded` ones are stored, by whoever sent them. `suppressed` ones name
    a forgotten identifier, and may have been folded before it was.
    """

    new: Iterable[Event] = ()
    repeated: Iterable[Event] = ()
    forwarded: Iterable[Event] = ()
    suppressed: Iterable[Event] = ()
    assignments: Iterable[Assignment] = ()
    reloads: Iterable[Reload] = ()


class Routed(NamedTuple):
    """What becomes of it.

    `fresh` are events to fold here, by customer, each once, and `anew` the customers to fold anew here;
    `forward` are events for customers elsewhere, and `reload` customers elsewhere to be folded anew.
    """

    fresh: dict[str, list[Event]]
    anew: set[str]
    forward: dict[str, list[Event]]
    reload: list[Reload]


def route(arrived: Arrived, customer_of: Callable[[str], str], here: Callable[[str], bool]) -> Routed:
    """Say where everything goes.

    Args:
        arrived: What came.
        customer_of: The customer that an entity is of now, by strongest identifier.
        here: Whether a customer is folded by this worker.
    """
    fresh: dict[str, dict[str, Event]] = defaultdict(dict)
    forward: dict[str, dict[str, Event]] = defaultdict(dict)
    anew: set[str] = set()
    elsewhere: dict[Reload, None] = {}

    place: dict[str, dict[str, Event]] = {}
    for event in chain(arrived.new, arrived.forwarded):
        entity = event.identifiers[0]
        if entity not in place:
            customer = customer_of(entity)
            place[entity] = (fresh if here(customer) else forward)[customer]
        place[entity][event.id] = event
    for event in arrived.repeated:
        customer = customer_of(event.entity)
        if here(customer):
            anew.add(customer)
        else:
            forward[customer][event.id] = event
    told = [name for one in arrived.assignments for name in (one.before, one.after)]
    told += (one.customer for one in arrived.reloads)
    told += (customer_of(event.entity) for event in arrived.suppressed)
    for customer in told:
        if here(customer):
            anew.add(customer)
        else:
            elsewhere[Reload(customer)] = None
    return Routed(_listed(fresh), anew, _listed(forward), list(elsewhere))


def _listed(by_customer: dict[str, dict[str, Event]]) -> dict[str, list[Event]]:
    return {customer: list(events.values()) for customer, events in by_customer.items()}
