"""Keyed hashes of identifiers: equal identifiers stay equal, and nobody without the key learns a value.

A plain hash would not do: whoever knows all phone numbers can hash them all.
"""

import hmac
from collections.abc import Mapping
from typing import Final, Literal

from touchline.vocabulary.normaliser import SEALED

Storage = Literal["hash", "drop"]
"""How identifiers of a kind are stored: as a keyed hash, or not at all."""

SHORTEST_KEY: Final = 32
"""Characters that a key needs at least: 16 random bytes in hex."""

_BYTES: Final = 16


class Sealer:
    """Seals identifiers in their normal form.

    Args:
        kinds: How the identifiers of each kind are stored; other kinds stay in clear.
        key: The key of the hashes.
    """

    def __init__(self, kinds: Mapping[str, Storage], key: bytes) -> None:
        self._kinds = kinds
        self._key = key

    def __call__(self, kind: str, value: str) -> str | None:
        """The identifier `kind:value` as it is stored; None if it is not. A hash stays as it is."""
        storage = self._kinds.get(kind)
        if storage == "drop":
            return None
        identifier = f"{kind}:{value}"
        if storage is None or SEALED.match(value):
            return identifier
        # With the kind in the message, one value of two kinds has two hashes.
        digest = hmac.digest(self._key, identifier.encode(), "sha256")
        return f"{kind}:hmac-{digest[:_BYTES].hex()}"
