"""The namespace of derived ids."""

from uuid import NAMESPACE_URL, uuid5

NAMESPACE = uuid5(NAMESPACE_URL, "touchline")
"""Every id that the pipeline derives is a UUIDv5 over this namespace (SEMANTICS)."""
