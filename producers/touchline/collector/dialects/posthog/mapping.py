"""The tables of the mapping: event names to types, and properties to fields of data or to circumstances."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from touchline.collector.dialects.custom_types import custom_type
from touchline.collector.dialects.posthog.elements import element_of, element_text
from touchline.collector.dialects.posthog.libraries import CLIENTS, library_of
from touchline.vocabulary.registry import EVENT_TYPES

Properties = Mapping[str, Any]
Reader = Callable[[Properties], object]
"""Gives the value of a field, or None if the event has none."""


class Rule(NamedTuple):
    """What becomes of the events of a name.

    Attributes:
        type: Their type.
        fields: The fields of its data, and what gives their values. The event has another type, of its own,
            if it lacks the first.
        if_: Which of the events are meant. Default: all.
    """

    type: str
    fields: Mapping[str, Reader]
    if_: Callable[[Properties], bool] = lambda properties: True


def text(name: str) -> Callable[[Properties], str | None]:
    """Reads a property that is text and not empty."""

    def read(properties: Properties) -> str | None:
        value = properties.get(name)
        return value if isinstance(value, str) and value else None

    return read


def _path(properties: Properties) -> str | None:
    """The path of the page. Servers often name its URL only."""
    if found := text("$pathname")(properties):
        return found
    try:
        return urlsplit(url).path or "/" if (url := text("$current_url")(properties)) else None
    except ValueError:
        return None


def _referrer(properties: Properties) -> str | None:
    value = properties.get("$referrer")
    return value if isinstance(value, str) and value not in ("", "$direct") else None


def _waited_seconds(properties: Properties) -> float | None:
    value = properties.get("$dead_click_absolute_delay_ms")
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return None
    return value / 1000


def _exception(name: str) -> Reader:
    def read(properties: Properties) -> str | None:
        found = properties.get("$exception_list")
        first = found[0] if isinstance(found, list) and found else None
        value = first.get(name) if isinstance(first, dict) else properties.get(f"$exception_{_OLDER[name]}")
        return value if isinstance(value, str) and value else None

    return read


_OLDER = {"value": "message", "type": "type"}


def _is_click(properties: Properties) -> bool:
    return properties.get("$event_type") in ("click", "touch")


def _is_error_of_a_client(properties: Properties) -> bool:
    return library_of(properties) in CLIENTS and properties.get("$exception_level") in (
        None,
        "error",
        "fatal",
    )


_PAGE: Final = {"page": _path, "url": text("$current_url")}
_ELEMENT: Final = {"element": element_of, "text": element_text, **_PAGE}
_PAGE_VIEWED: Final = {**_PAGE, "title": text("title"), "referrer": _referrer}
_LINKED: Final = Rule("identity.linked", {})

RULES: Final[Mapping[str, Rule]] = {
    "$pageview": Rule("page.viewed", _PAGE_VIEWED),
    "$screen": Rule("page.viewed", {**_PAGE_VIEWED, "page": text("$screen_name")}),
    "$autocapture": Rule("element.clicked", _ELEMENT, _is_click),
    "$rageclick": Rule("element.rage_clicked", _ELEMENT),
    "$dead_click": Rule("element.dead_clicked", {**_ELEMENT, "waited_seconds": _waited_seconds}),
    "$exception": Rule(
        "error.shown",
        {"message": _exception("value"), "code": _exception("type"), **_PAGE},
        _is_error_of_a_client,
    ),
    "$identify": _LINKED,
    "$create_alias": _LINKED,
    "$merge_dangerously": _LINKED,
    "$set": _LINKED,
    "$set_once": _LINKED,
}
"""What becomes of an event, by its name. Every other one has a type of the producer's own."""

CIRCUMSTANCES: Final[Mapping[str, str]] = {
    "$lib": "library",
    "$lib_version": "library_version",
    "$session_id": "session_id",
    "$pathname": "page",
    "$current_url": "url",
    "$referrer": "referrer",
    "$raw_user_agent": "user_agent",
    "$browser_language": "locale",
    "$locale": "locale",
    "$timezone": "timezone",
    "$trace_id": "trace_id",
    "$span_id": "span_id",
    **{
        name: name
        for name in (
            *("$window_id", "$pageview_id", "$host", "$ip", "$referring_domain", "$timezone_offset"),
            *("$os", "$os_name", "$os_version", "$os_distro", "$browser", "$browser_version"),
            *("$browser_type", "$browser_language_prefix", "$user_agent", "$is_emulator"),
            *("$device", "$device_type", "$device_name", "$device_manufacturer", "$device_model"),
            *("$screen_height", "$screen_width", "$viewport_height", "$viewport_width"),
            *("$app_name", "$app_namespace", "$app_version", "$app_build", "$network_carrier"),
            *("$network_wifi", "$network_cellular", "$python_runtime", "$python_version", "$node_version"),
            *("$is_server", "$is_identified", "$process_person_profile", "$had_persisted_distinct_id"),
            *("$insert_id", "$time", "$ignore_sent_at", "$initialization_time", "$config_defaults"),
            *("$event_time_override_provided", "$event_time_override_system_time", "$recording_status"),
            *("$configured_session_timeout_ms", "$lib_custom_api_host", "$lib_rate_limit_remaining_tokens"),
            *("$autocapture_disabled_server_side", "$web_vitals_enabled_server_side"),
            *("$dead_clicks_enabled_server_side", "$exception_capture_enabled_server_side"),
            *("$active_feature_flags", "$feature_flag_request_id", "$feature_flag_payloads"),
            *("$context_tags", "$cookieless_mode", "$replay_sample_rate", "$release_id", "service_name"),
            *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "gclid", "gad_source"),
            *("gclsrc", "dclid", "gbraid", "wbraid", "fbclid", "msclkid", "twclid", "li_fat_id", "mc_cid"),
            *("igshid", "ttclid", "rdt_cid", "epik", "qclid", "sccid", "irclid", "_kx"),
        )
    },
}
"""Properties of any event that tell its circumstances, by their names in the event's context."""

CIRCUMSTANCES_BY_START: Final = ("$session_entry_", "$sdk_", "$geoip_", "$feature/", "$lib_")

COPIED: Final[Mapping[str, str]] = {"title": "title", "$el_text": "text", "$screen_name": "page"}
"""Properties that are left out where a field of the type has their value."""

IDS: Final = frozenset({"distinct_id", "$device_id", "$user_id", "$anon_distinct_id"})
"""Properties that become identifiers. They are left out: who asks for them to be hidden means all copies."""

FIELDS: Final[Mapping[str, frozenset[str]]] = {
    rule.type: frozenset(EVENT_TYPES[rule.type].fields) for rule in RULES.values()
}
"""The fields of each type's data. An event's own property of such a name means something else."""


def typed(name: str, properties: Properties) -> tuple[str, dict[str, Any]]:
    """The type of an event, and the fields of its data that the type has."""
    rule = RULES.get(name)
    if rule is not None and rule.if_(properties):
        found = {field: read(properties) for field, read in rule.fields.items()}
        if not found or next(iter(found.values())) is not None:
            return rule.type, {field: value for field, value in found.items() if value is not None}
    return custom_type(name), {}
