"""The circumstances of a call: its context, its channel and its source."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from touchline.collector.dialects.segment.identities import without_identifiers
from touchline.vocabulary.envelope import Channel

_CHANNELS = frozenset(Channel)
_LONGEST_CACHED: Final = 128
_MOBILE = ("ios", "android", "swift", "kotlin", "react-native", "flutter", "unity", "xamarin", "cordova")

_READ = frozenset(
    {"type", "event", "messageId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "userId"}
    | {"anonymousId", "previousId", "context", "channel", "writeKey"}
    # They steer Segment's own servers and say nothing about the event.
    | {"integrations", "_metadata"}
)
_READ_OF_KIND: Final[Mapping[str, frozenset[str]]] = {
    "track": _READ | {"properties"},
    "page": _READ | {"properties", "name", "category"},
    "screen": _READ | {"properties", "name", "category"},
    "identify": _READ | {"traits"},
    "alias": _READ,
}
_READ_OF_OTHERS = _READ | {"properties", "traits", "groupId"}


def context_of(call: Mapping[str, Any], batch_context: Any) -> dict[str, Any]:
    """The context of a call, with that of its batch; one that is no object is kept as `context`."""
    merged: dict[str, Any] = {}
    for given in (batch_context, call.get("context")):
        if isinstance(given, dict):
            merged.update(given)
        elif given is not None:
            merged["context"] = given
    return merged


def kept_context(kind: str, call: Mapping[str, Any], context: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The context that is stored: without identifiers, with the fields that nothing else reads.

    `name` is what the client calls the event.
    """
    kept = dict(context)
    traits = kept.get("traits")
    if isinstance(traits, dict):
        kept["traits"] = without_identifiers(traits)
        if not kept["traits"]:
            del kept["traits"]
    consent = _consent(kept)
    if consent is not None:
        kept["consent"] = consent
    # RudderStack's session: an event that names no customer is kept by it.
    if "session_id" not in kept and kept.get("sessionId") is not None:
        kept["session_id"] = kept.pop("sessionId")
    for field in call.keys() - _READ_OF_KIND.get(kind, _READ_OF_OTHERS):
        if call[field] is not None:
            kept.setdefault(field, call[field])
    kept["name"] = name
    return kept


def _consent(context: dict[str, Any]) -> Any:
    """The consent by purpose (docs/privacy.md): of Segment's categories, RudderStack's lists, or as it is."""
    given = context.get("consent")
    if isinstance(given, dict) and isinstance(given.get("categoryPreferences"), dict):
        others = {name: value for name, value in given.items() if name != "categoryPreferences"}
        return others | given["categoryPreferences"]
    lists = context.get("consentManagement")
    if given is not None or not isinstance(lists, dict):
        return given
    purposes: dict[str, bool] = {}
    # A purpose in both lists is refused.
    for field, granted in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        named = lists.get(field)
        if isinstance(named, list):
            purposes |= {one: granted for one in named if isinstance(one, str)}
    return purposes or None


def library_of(context: Mapping[str, Any]) -> str:
    """The name of the client's library, or an empty string."""
    library = context.get("library")
    name = library.get("name") if isinstance(library, dict) else library
    return name if isinstance(name, str) else ""


def channel_of(
    kind: str, call: Mapping[str, Any], context: Mapping[str, Any], library: str, named: str | None
) -> str:
    """The channel of a call: what its context says, else what its name says, else app for apps, else web."""
    given = context.get("channel")
    if isinstance(given, str) and given in _CHANNELS:
        return given
    if named is not None:
        return named
    if kind == "screen" or call.get("channel") == "mobile" or _is_mobile(library[:_LONGEST_CACHED]):
        return "app"
    if library == "analytics.js" or kind == "page" or "page" in context:
        return "web"
    return "app" if isinstance(context.get("device"), dict) else "web"


def source_of(context: Mapping[str, Any], producer: str) -> str:
    """The app's own name, else that of the producer's key."""
    app = context.get("app")
    name = app.get("name") if isinstance(app, dict) else None
    return name[:128] if isinstance(name, str) and name else producer


@lru_cache(maxsize=256)
def _is_mobile(library: str) -> bool:
    lowered = library.lower()
    return any(word in lowered for word in _MOBILE)
