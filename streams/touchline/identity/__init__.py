"""Customers as a function of the identifiers that occurred together (docs/semantics.md#customers)."""

from touchline.identity.customers import Pair, customer_id, customers, is_account, pairs, shared
from touchline.identity.ledger import Entry, Suppression, bans, kept
from touchline.identity.partitions import Arrived, Assignment, Reload, Routed, route
from touchline.identity.splitting import parting
from touchline.identity.streaming import CACHED_IDENTIFIERS, Identities, Move

__all__ = [
    "CACHED_IDENTIFIERS",
    "Arrived",
    "Assignment",
    "Entry",
    "Identities",
    "Move",
    "Pair",
    "Reload",
    "Routed",
    "Suppression",
    "bans",
    "customer_id",
    "customers",
    "is_account",
    "kept",
    "pairs",
    "parting",
    "route",
    "shared",
]
