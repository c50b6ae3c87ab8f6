"""Customers as a function of the identifiers that occurred together (docs/semantics.md#customers)."""

from touchline.identity.customers import customer_id, customers, is_account, pairs, shared
from touchline.identity.ledger import Entry, Suppression, bans, kept, policy_of, shares
from touchline.identity.partitions import Arrived, Assignment, Reload, Routed, route
from touchline.identity.sharing import (
    LIMITS,
    POLICY,
    Excess,
    Limits,
    Pair,
    Policy,
    check_limits,
    excess,
    is_shared_by_definition,
    kind_of,
    law,
)
from touchline.identity.splitting import parting
from touchline.identity.streaming import CACHED_IDENTIFIERS, Identities, Move

__all__ = [
    "CACHED_IDENTIFIERS",
    "LIMITS",
    "POLICY",
    "Arrived",
    "Assignment",
    "Entry",
    "Excess",
    "Identities",
    "Limits",
    "Move",
    "Pair",
    "Policy",
    "Reload",
    "Routed",
    "Suppression",
    "bans",
    "check_limits",
    "customer_id",
    "customers",
    "excess",
    "is_account",
    "is_shared_by_definition",
    "kept",
    "kind_of",
    "law",
    "pairs",
    "parting",
    "policy_of",
    "route",
    "shared",
    "shares",
]
