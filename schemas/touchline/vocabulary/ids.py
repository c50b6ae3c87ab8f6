"""Derived ids: UUIDv5 over the namespace of this project."""

from hashlib import sha1
from uuid import NAMESPACE_URL, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_URL, "touchline")
"""Every id that the pipeline derives is a UUIDv5 over this namespace (SEMANTICS)."""

_NAMESPACE_HASH = sha1(NAMESPACE.bytes, usedforsecurity=False)
_KEPT = ~((0xF000 << 64) | (0xC000 << 48))
_VERSION_5 = (5 << 76) | (0x8000 << 48)


def derived_id(name: str) -> UUID:
    """`uuid5(NAMESPACE, name)`, in half the time: every signal and journey needs one."""
    digest = _NAMESPACE_HASH.copy()
    digest.update(name.encode())
    return UUID(int=int.from_bytes(digest.digest()[:16]) & _KEPT | _VERSION_5)
