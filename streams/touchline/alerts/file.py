"""Read an alerts file: rules (its own and those of a pack), channels, routes and faults."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from touchline.alerts.addresses import ADDRESSES, Address, FrictionWebhook, Route
from touchline.alerts.rules import EVENT_LABELS, FRICTION_LABELS, KINDS, STRIKE_LABELS, AlertRule
from touchline.documents import Document, Fault, Path, by_place, explained, suggestion
from touchline.rules.overrides import Entry, entries, overridden
from touchline.vocabulary.errors import ConfigurationError

_RULE: TypeAdapter[AlertRule] = TypeAdapter(AlertRule)
_ADDRESS: TypeAdapter[Address] = TypeAdapter(Address)
_PARTS: Mapping[str, type[str | list[Any] | dict[str, Any]]] = {
    "extends": str,
    "labels": dict,
    "rules": list,
    "change": dict,
    "disable": list,
    "channels": dict,
    "routes": list,
    "webhooks": dict,
}
_LABEL = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_LONGEST_LABEL = 100
_TAKEN_LABELS = {"alertname", "severity", "service", *FRICTION_LABELS, *EVENT_LABELS, *STRIKE_LABELS}


class AlertsError(ConfigurationError):
    """An alerts file that cannot be used; the message says where and what to write, a fault a line."""


class AlertsFile(NamedTuple):
    """The content of an alerts file, including the pack it extends."""

    rules: tuple[AlertRule, ...]
    channels: Mapping[str, Address]
    routes: tuple[Route, ...] | None
    """None if the file has no routes: every channel gets every incident."""
    labels: Mapping[str, str]
    """Labels of this installation, on every notification."""
    webhooks: Mapping[str, FrictionWebhook]
    """Programs that get the changes of frictions, by name."""
    faults: tuple[Fault, ...]
    """The file cannot be used if there are any."""


def parse_alerts(text: str, name: str = "alerts", packs: Mapping[str, str] | None = None) -> AlertsFile:
    """Parse a YAML text. Messages call it `name`; `packs` are the texts it may extend.

    Raises:
        AlertsError: with every fault found, one a line, as `name:line:column: what is wrong`.
    """
    file = read_alerts(Document(text, name), packs or {})
    if file.faults:
        raise AlertsError("\n".join(map(str, file.faults)))
    return file


def read_alerts(document: Document, packs: Mapping[str, str]) -> AlertsFile:
    """Parse a document and collect its faults; `packs` are the texts it may extend."""
    parts, faults = _parts(document)
    written, entry_faults = entries(document, parts.get("rules", []))
    faults += entry_faults
    extends, change, disable = parts.get("extends"), parts.get("change", {}), parts.get("disable", [])
    if extends is not None and extends in packs:
        base, _ = entries(pack := Document(packs[extends], f"{extends} pack"), pack.raw["rules"])
        change = {name: fields for name, fields in change.items() if isinstance(fields, dict)}
        written, override_faults = overridden(base, written, document, change, disable)
        faults += override_faults
    elif extends is not None:
        message = f"extends: there is no pack '{extends}'{suggestion(extends, packs)}"
        faults.append(document.fault(("extends",), message))
    elif change or disable:
        message = "there is nothing to change or to disable: write extends: default as well"
        faults.append(document.fault(("change" if change else "disable",), message, key=True))
    rules = _rules(written, faults)
    channels = _channels(document, parts.get("channels", {}), faults)
    named = {rule.id for rule in rules}
    routes = (
        _routes(document, parts["routes"], named, set(parts.get("channels", {})), faults)
        if ("routes" in parts)
        else None
    )
    labels = _labels(document, parts.get("labels", {}), faults)
    webhooks = _webhooks(document, parts.get("webhooks", {}), faults)
    faults.sort(key=by_place)
    return AlertsFile(tuple(rules), channels, routes, labels, webhooks, tuple(faults))


def _parts(document: Document) -> tuple[dict[str, Any], list[Fault]]:
    faults = list(document.faults)
    raw = document.raw
    if not isinstance(raw, dict):
        if not faults:
            faults.append(document.fault((), "write a list of rules under 'rules', or extends: default"))
        return {}, faults
    good = {}
    for name, value in raw.items():
        if name not in _PARTS:
            known = suggestion(name, _PARTS) or f"; write one of {', '.join(_PARTS)}"
            faults.append(document.fault((name,), f"{name}: unknown key{known}", key=True))
        elif not isinstance(value, _PARTS[name]):
            word = (
                "a name" if _PARTS[name] is str else "a list" if _PARTS[name] is list else "names and values"
            )
            faults.append(document.fault((name,), f"{name}: write {word}"))
        else:
            good[name] = value
    return good, faults


def _rules(written: Iterable[Entry], faults: list[Fault]) -> list[AlertRule]:
    rules: list[AlertRule] = []
    for entry in written:
        try:
            rule = _RULE.validate_python(entry.raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                kind, *loc = detail["loc"] or ("",)
                model = KINDS.get(str(kind))
                known = model.model_fields if model else KINDS
                faults.append(entry.fault(tuple(loc), explained(detail, known, KINDS), key=_by_key(detail)))
            continue
        if any(rule.id == other.id for other in rules):
            faults.append(entry.fault(("id",), "is there twice: give one of them another id"))
        rules.append(rule)
    return rules


def _channels(document: Document, given: Mapping[str, Any], faults: list[Fault]) -> dict[str, Address]:
    channels: dict[str, Address] = {}
    for name, raw in given.items():
        try:
            channels[str(name)] = _ADDRESS.validate_python(raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                kind, *loc = detail["loc"] or ("",)
                model = ADDRESSES.get(str(kind))
                known = model.model_fields if model else ADDRESSES
                message = explained(detail, known, ADDRESSES)
                where = ".".join(["channel", str(name), *map(str, loc)])
                path: Path = ("channels", name, *loc)
                faults.append(document.fault(path, f"{where}: {message}", key=_by_key(detail)))
    return channels


def _webhooks(
    document: Document, given: Mapping[str, Any], faults: list[Fault]
) -> dict[str, FrictionWebhook]:
    webhooks: dict[str, FrictionWebhook] = {}
    for name, raw in given.items():
        try:
            webhooks[str(name)] = FrictionWebhook.model_validate(raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                where = ".".join(["webhook", str(name), *map(str, detail["loc"])])
                message = f"{where}: {explained(detail, FrictionWebhook.model_fields, {})}"
                path: Path = ("webhooks", name, *detail["loc"])
                faults.append(document.fault(path, message, key=_by_key(detail)))
    return webhooks


def _labels(document: Document, given: Mapping[str, Any], faults: list[Fault]) -> dict[str, str]:
    for name, value in given.items():
        if not (isinstance(name, str) and _LABEL.fullmatch(name)):
            message = f"labels: '{name}' is no name of a label: write small letters, digits and _"
        elif name in _TAKEN_LABELS:
            message = f"labels: {name} is set by Touchline: choose another name"
        elif not (isinstance(value, str) and 0 < len(value) <= _LONGEST_LABEL and value.isprintable()):
            message = f"labels: {name}: write a text of at most {_LONGEST_LABEL} characters"
        else:
            continue
        faults.append(document.fault(("labels", name), message))
    return dict(given)


def _routes(
    document: Document, given: list[Any], rules: set[str], channels: set[str], faults: list[Fault]
) -> tuple[Route, ...]:
    routes = []
    for number, raw in enumerate(given):
        try:
            route = Route.model_validate(raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                where = ".".join([f"route {number + 1}", *map(str, detail["loc"])])
                message = explained(detail, Route.model_fields, {})
                path: Path = ("routes", number, *detail["loc"])
                faults.append(document.fault(path, f"{where}: {message}", key=_by_key(detail)))
            continue
        routes.append(route)
        for part, names, known in (("rules", route.rules, rules), ("channels", route.channels, channels)):
            for name in names:
                if name not in known:
                    message = f"route {number + 1}: there is no '{name}' among the {part}"
                    faults.append(document.fault(("routes", number, part), message + suggestion(name, known)))
    return tuple(routes)


def _by_key(detail: ErrorDetails) -> bool:
    return detail["type"] == "extra_forbidden"
