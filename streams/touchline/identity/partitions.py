"""Identity across partitions: which worker an event goes to, and the messages between workers.

The result is that of one worker of one log, for any number of partitions and workers, any order of reading,
and any repeats and crashes.

An event's **entity** is its strongest identifier. The worker of the entity's partition stores the event,
once, and alone routes it. A **customer** is folded by the worker of the partition of the customer's strongest
identifier. The identity stage alone decides the customer of an entity, writes it to a table, and then sends
an `Assignment` to the entity's worker. So:

- An event that an entity's worker cannot fold itself is stored first and then **forwarded**. If the entity
  has left the customer that receives it, the event is passed on to the customer in the table.
- On an assignment, the entity's worker requests a refold of both customers (`Reload`), after what it
  forwarded.
- After a crash, the stage sends the assignments near a link again, and does not know who the former customers
  were. It sends an assignment of each of these too. A worker that folds one of them looks up the customers of
  its entities again from then on, so that no event follows the refold of a customer that its entity has left.
- A refold takes the stored events of the entities in the table.

So a message to a customer's worker follows every event that the customer gained or lost, and the store holds
everything that was stored before the message was sent. A fold does not depend on order, so messages may
overtake each other and may be repeated.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

from touchline.vocabulary.event import Event


class Assignment(Struct, frozen=True):
    """An entity moved from one customer to another, both named by strongest identifier."""

    entity: str
    before: str
    after: str


class Reload(Struct, frozen=True):
    """Refold a customer, named by strongest identifier, from the stored events.

    `unnamed`: no known event names the identifier any more, so none of its rows stays.
    """

    customer: str
    unnamed: bool = False


class Arrived(NamedTuple):
    """The input of a flush.

    `new` events of own entities are not stored yet. `repeated` events were stored, and perhaps not routed, by
    this worker or the one before it. `forwarded` events were stored by their sender. `suppressed` events name
    a forgotten identifier, and may have been folded before it was forgotten.
    """

    new: Iterable[Event] = ()
    repeated: Iterable[Event] = ()
    forwarded: Iterable[Event] = ()
    suppressed: Iterable[Event] = ()
    assignments: Iterable[Assignment] = ()
    reloads: Iterable[Reload] = ()


class Routed(NamedTuple):
    """Where the input goes.

    `fresh`: events to fold here, by customer, each once. `refolds`: customers to refold here. `forward`:
    events for customers elsewhere. `reload`: customers elsewhere to refold.
    """

    fresh: dict[str, list[Event]]
    refolds: set[str]
    forward: dict[str, list[Event]]
    reload: list[Reload]


def route(arrived: Arrived, customer_of: Callable[[str], str], here: Callable[[str], bool]) -> Routed:
    """Route the input of a flush.

    Args:
        arrived: The input.
        customer_of: Returns the customer of an entity, by strongest identifier.
        here: Returns whether this worker folds a customer.
    """
    fresh: dict[str, dict[str, Event]] = defaultdict(dict)
    forward: dict[str, dict[str, Event]] = defaultdict(dict)
    refolds: set[str] = set()
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
            refolds.add(customer)
        else:
            forward[customer][event.id] = event
    affected = [name for assignment in arrived.assignments for name in (assignment.before, assignment.after)]
    affected += (reload.customer for reload in arrived.reloads)
    affected += (customer_of(event.entity) for event in arrived.suppressed)
    for customer in affected:
        if here(customer):
            refolds.add(customer)
        else:
            elsewhere[Reload(customer)] = None
    return Routed(_listed(fresh), refolds, _listed(forward), list(elsewhere))


def _listed(by_customer: dict[str, dict[str, Event]]) -> dict[str, list[Event]]:
    return {customer: list(events.values()) for customer, events in by_customer.items()}
