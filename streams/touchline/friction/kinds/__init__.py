"""The four kinds of rule, as state machines for one key of one customer (docs/semantics.md#friction).

A state receives, in order, the events of its key that a selector of its rule matches. These classes
alone decide whether a signal exists; they use no store and no clock. A state never keeps an event, only
the `Anchor` that a signal needs.
"""

from touchline.friction.kinds.opening import Anchor, Opening, Projection
from touchline.friction.kinds.state import BITS, STARTS, State
from touchline.friction.kinds.terms import Terms

__all__ = ["BITS", "STARTS", "Anchor", "Opening", "Projection", "State", "Terms"]
