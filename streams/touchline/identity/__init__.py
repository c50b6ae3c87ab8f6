"""Whose event is it: customers as a function of the identifiers that occurred together (SEMANTICS §1)."""

from touchline.identity.customers import Pair, customer_id, customers, pairs
from touchline.identity.streaming import Identities, Move

__all__ = ["Identities", "Move", "Pair", "customer_id", "customers", "pairs"]
