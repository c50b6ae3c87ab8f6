"""Consent: an event whose customer refused its purpose is not stored."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

Unstated = Literal["store", "suppress"]
"""What happens to an event that does not say whether the customer consents."""

_GRANTED: Final = frozenset({"true", "granted"})


class Consent(NamedTuple):
    """The purposes for which events are stored.

    Attributes:
        purpose: What Touchline stores every event for; empty for nothing that needs consent.
        types: By pattern of types, the purposes that these events need as well.
        unstated: What happens to an event that does not say.
    """

    purpose: str = ""
    types: tuple[tuple[str, str], ...] = ()
    unstated: Unstated = "store"

    def refused(self, event_type: str | None, context: Any) -> str | None:
        """The purpose for which an event may not be stored; None if it may be.

        An event of unknown type needs the purposes of all types. Its context has them as
        `{"consent": {purpose: true or false}}`.
        """
        stated = context.get("consent") if isinstance(context, Mapping) else None
        for purpose in self.purposes(event_type):
            given = stated.get(purpose) if isinstance(stated, Mapping) else stated
            if given is None:
                if self.unstated == "suppress":
                    return purpose
            elif given is not True and str(given).lower() not in _GRANTED:
                return purpose
        return None

    def purposes(self, event_type: str | None) -> Iterable[str]:
        """The purposes that an event of a type needs; those of all types if the type is unknown."""
        if self.purpose:
            yield self.purpose
        for pattern, purpose in self.types:
            if event_type is None or matches(pattern, event_type):
                yield purpose


NO_CONSENT_NEEDED: Final = Consent()


def matches(pattern: str, event_type: str) -> bool:
    """Whether a type is the pattern's: `family.verb`, `family.*` or `*`."""
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type
