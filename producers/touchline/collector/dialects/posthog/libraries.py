"""PostHog's libraries: which ones run at the customer's, and how they treat their clock."""

from collections.abc import Mapping
from typing import Any, Final

CLIENTS: Final[Mapping[str, str]] = {
    "web": "web",
    "js": "web",
    "posthog-js-lite": "web",
    "posthog-android": "app",
    "posthog-ios": "app",
    "posthog-flutter": "app",
    "posthog-react-native": "app",
    "posthog-unity": "app",
}
"""Libraries that run in the customer's browser or phone, by their `$lib`, and their channel."""

RENEWING: Final = frozenset({"web", "posthog-python"})
"""Libraries that write `sent_at` anew for each try. Others may repeat their first body as it was."""


def library_of(properties: Mapping[str, Any]) -> str:
    """The `$lib` of an event; empty if it has none."""
    library = properties.get("$lib")
    return library if isinstance(library, str) else ""


def channel_of(name: str, library: str) -> str:
    """The channel: what the library says; else app for a screen, else web."""
    return CLIENTS.get(library) or ("app" if name == "$screen" else "web")
