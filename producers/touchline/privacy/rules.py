"""The privacy rules in force: what is stored of an event, in the log and in quarantine."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from touchline.privacy.bodies import Hiding, kept_body, kept_message, kept_path, withheld
from touchline.privacy.consent import NO_CONSENT_NEEDED, Consent, matches
from touchline.privacy.fields import FieldRule, Fields
from touchline.privacy.sealing import Sealer, Storage
from touchline.vocabulary.event import Event
from touchline.vocabulary.registry import type_of
from touchline.vocabulary.validation import InvalidEvent, Quarantined, Suppressed, Validator

_CACHED_TYPES: Final = 1_024
_SECTIONS: Final = ("data", "context")


class PrivacyRules:
    """The rules of one file. They have no state.

    Args:
        identifiers: How identifiers are stored, by kind; other kinds stay in clear.
        fields: The rules for fields of `data` and `context`.
        consent: The purposes that events need.
        key: The key of the hashes of identifiers.
    """

    def __init__(
        self,
        identifiers: Mapping[str, Storage] = {},
        fields: Iterable[FieldRule] = (),
        consent: Consent = NO_CONSENT_NEEDED,
        key: bytes = b"",
    ) -> None:
        self._kinds = frozenset(identifiers)
        self._rules = tuple(fields)
        self._consent = consent
        self._hides_bodies = bool(identifiers or self._rules)
        self.seal: Sealer | None = Sealer(identifiers, key) if identifiers else None
        self._fields = lru_cache(maxsize=_CACHED_TYPES)(self._fields_of)

    def stored(self, event: Event) -> Event:
        """An accepted event as it may be stored; its identifiers were sealed when they were normalised.

        Raises:
            Suppressed: the customer refused a purpose that the event needs.
        """
        self._check_consent(event.type, event.context)
        if not self._rules:
            return event
        data, context = self._fields(event.type)
        return msgspec.structs.replace(event, data=data.kept(event.data), context=context.kept(event.context))

    def quarantined(
        self, original: bytes, native: bytes, invalid: InvalidEvent, validator: Validator
    ) -> Quarantined:
        """What quarantine keeps of an invalid event.

        The rules are written for native events, so this is the native event, as far as it can be read: the
        values of what is no field of an event, or of no readable kind, are hidden. Of what is no object in
        JSON, only a digest and the size are kept.

        Raises:
            Suppressed: the customer refused a purpose that the event needs.
        """
        field, message = kept_path(invalid.field), kept_message(str(invalid))
        try:
            event = msgspec.json.decode(native)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            event = None
        if not isinstance(event, dict):
            return Quarantined(withheld(original), field, message)
        given = event.get("type")
        # By a name that no type has, nobody knows which rules were meant for the event: all of them.
        event_type = given if isinstance(given, str) and type_of(given, validator.types) else None
        self._check_consent(event_type, event.get("context"))
        if not self._hides_bodies:
            return Quarantined(original, invalid.field, str(invalid))
        data, context = self._fields(event_type)
        try:
            body = kept_body(event, Hiding(data.kept, context.kept, self._kinds, validator.normaliser))
        except (RecursionError, OverflowError, ValueError):
            # JSON that is too deep, or has numbers or texts that cannot be written.
            body = withheld(original)
        return Quarantined(body, field, message)

    def purposes(self, *event_types: str) -> tuple[str, ...]:
        """The purposes that events of these types need."""
        found = (purpose for one in event_types for purpose in self._consent.purposes(one))
        return tuple(dict.fromkeys(found))

    def withheld(self, raw: bytes) -> bytes:
        """What quarantine keeps of what nobody could read as events: a digest and the size, as JSON."""
        return withheld(raw)

    def _check_consent(self, event_type: str | None, context: Any) -> None:
        purpose = self._consent.refused(event_type, context)
        if purpose is not None:
            raise Suppressed(purpose)

    def _fields_of(self, event_type: str | None) -> tuple[Fields, Fields]:
        """The rules for data and context of events of a type; for an unknown one, those of all types."""
        paths: dict[str, list[Any]] = {section: [] for section in _SECTIONS}
        for rule in self._rules:
            if event_type is None or any(matches(pattern, event_type) for pattern in rule.types):
                for path in rule.paths:
                    section, *steps = path.split(".")
                    paths[section].append((rule.action, steps))
        return Fields(paths["data"]), Fields(paths["context"])
