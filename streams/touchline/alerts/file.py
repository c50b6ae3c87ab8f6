"""Read an alerts file: rules (its own and those of a pack), channels, routes and faults."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from touchline.alerts.addresses import ADDRESSES, INCIDENT_KINDS, Address, FrictionWebhook, Route
from touchline.alerts.life.plan import HoldPlan
from touchline.alerts.life.plan_file import read_plan
from touchline.alerts.messages.templates import Templates
from touchline.alerts.rules import (
    EVENT_LABELS,
    FRICTION_LABELS,
    KINDS,
    MEASURE_LABELS,
    STRIKE_LABELS,
    AlertRule,
    Measured,
    Observations,
    Unusual,
    label_name,
    per_week,
)
from touchline.documents import Document, Fault, Path, by_place, explained, suggestion
from touchline.rules.overrides import Entry, entries, overridden
from touchline.vocabulary.errors import ConfigurationError

_RULE: TypeAdapter[AlertRule] = TypeAdapter(AlertRule)
_ADDRESS: TypeAdapter[Address] = TypeAdapter(Address)
_PARTS: Mapping[str, type[object]] = {
    "extends": str,
    "labels": dict,
    "rules": list,
    "change": dict,
    "false_alarms": object,
    "disable": list,
    "channels": dict,
    "routes": list,
    "webhooks": dict,
    "digest": list,
    "messages": dict,
    "calendars": dict,
    "windows": list,
    "inhibit": list,
}
FALSE_ALARMS = "1 per week"
"""The budget of a file that states none: how often chance alone may open an incident of kind `unusual`."""

_LABEL = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_LONGEST_LABEL = 100
_TAKEN_LABELS = {
    "alertname",
    "severity",
    "service",
    *FRICTION_LABELS,
    *EVENT_LABELS,
    *STRIKE_LABELS,
    *MEASURE_LABELS,
}


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
    digest: tuple[str, ...] = ()
    """The channels that get the weekly digest."""
    messages: Templates = Templates()
    """How messages are worded."""
    plan: HoldPlan = HoldPlan()
    """When incidents are not notified."""


Measures = Mapping[str, Observations | str]
"""The measures that a rule may name; a text instead says why it may not."""


def parse_alerts(
    text: str, name: str = "alerts", packs: Mapping[str, str] | None = None, measures: Measures | None = None
) -> AlertsFile:
    """Parse a YAML text. Messages call it `name`; it may extend `packs` and name `measures`.

    Raises:
        AlertsError: with every fault found, one a line, as `name:line:column: what is wrong`.
    """
    file = read_alerts(Document(text, name), packs or {}, measures or {})
    if file.faults:
        raise AlertsError("\n".join(map(str, file.faults)))
    return file


def read_alerts(document: Document, packs: Mapping[str, str], measures: Measures) -> AlertsFile:
    """Parse a document and collect its faults; it may extend `packs` and name `measures`."""
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
    rules = _budgeted(
        _rules(written, measures, faults), document, parts.get("false_alarms", FALSE_ALARMS), faults
    )
    channels = _channels(document, parts.get("channels", {}), faults)
    named = {rule.id for rule in rules}
    routes = (
        _routes(document, parts["routes"], named, set(parts.get("channels", {})), faults)
        if ("routes" in parts)
        else None
    )
    labels = _labels(document, parts.get("labels", {}), rules, faults)
    webhooks = _webhooks(document, parts.get("webhooks", {}), faults)
    known = [str(name) for name in parts.get("channels", {})]
    digest = _digest(document, parts.get("digest", []), channels, known, faults)
    messages = _messages(document, parts.get("messages", {}), faults)
    plan = read_plan(document, parts, rules, known, faults)
    faults.sort(key=by_place)
    return AlertsFile(tuple(rules), channels, routes, labels, webhooks, tuple(faults), digest, messages, plan)


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


def _rules(written: Iterable[Entry], measures: Measures, faults: list[Fault]) -> list[AlertRule]:
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
        if isinstance(rule, Measured):
            observations = measures.get(rule.measure, f"there is no measure '{rule.measure}'")
            if isinstance(observations, str):
                usable = [name for name, found in measures.items() if not isinstance(found, str)]
                instead = suggestion(rule.measure, usable) or f"; write one of {', '.join(usable)}"
                faults.append(entry.fault(("measure",), observations + instead))
                continue
            if observations.is_share and not 0 <= rule.worse_than <= 1:
                message = f"{rule.measure} is a share: write a number from 0 to 1, such as 0.6 for 60 %"
                faults.append(entry.fault(("worse_than",), message))
            rule = rule.observing(observations)
        rules.append(rule)
    return rules


def _budgeted(
    rules: Sequence[AlertRule], document: Document, budget: str, faults: list[Fault]
) -> list[AlertRule]:
    """The rules, with equal shares of the budget for those of kind `unusual` that have none of their own."""
    try:
        a_week = per_week(budget)
    except ValueError as error:
        faults.append(document.fault(("false_alarms",), f"false_alarms: {error}"))
        return list(rules)
    sharing = [rule.id for rule in rules if isinstance(rule, Unusual) and rule.false_alarms is None]
    share = {"false_alarms": a_week / max(1, len(sharing))}
    return [rule.model_copy(update=share) if rule.id in sharing else rule for rule in rules]


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


def _messages(document: Document, given: Mapping[str, Any], faults: list[Fault]) -> Templates:
    try:
        return Templates.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            where = ".".join(["messages", *map(str, detail["loc"])])
            message = f"{where}: {explained(detail, Templates.model_fields, {})}"
            faults.append(document.fault(("messages", *detail["loc"]), message, key=_by_key(detail)))
        return Templates()


def _digest(
    document: Document,
    given: list[Any],
    channels: Mapping[str, Address],
    written: Iterable[str],
    faults: list[Fault],
) -> tuple[str, ...]:
    """The channels of the digest: each is `written` in the file, and takes reports."""
    names = [str(name) for name in given]
    for number, name in enumerate(names):
        kind = channels[name].kind if name in channels else ""
        if name not in set(written):
            message = f"digest: there is no '{name}' among the channels{suggestion(name, written)}"
        elif kind in INCIDENT_KINDS:
            message = f"digest: '{name}' takes incidents alone: its kind is {kind}"
        else:
            continue
        faults.append(document.fault(("digest", number), message))
    return tuple(names)


def _labels(
    document: Document, given: Mapping[str, Any], rules: Iterable[AlertRule], faults: list[Fault]
) -> dict[str, str]:
    taken = _TAKEN_LABELS | {label_name(name) for rule in rules for name in rule.by}
    for name, value in given.items():
        if not (isinstance(name, str) and _LABEL.fullmatch(name)):
            message = f"labels: '{name}' is no name of a label: write small letters, digits and _"
        elif name in taken:
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
        later = [name for step in route.escalate for name in step.channels]
        for part, names, known in (
            ("rules", route.rules, rules),
            ("channels", (*route.channels, *later), channels),
        ):
            for name in names:
                if name not in known:
                    message = f"route {number + 1}: there is no '{name}' among the {part}"
                    faults.append(document.fault(("routes", number, part), message + suggestion(name, known)))
    return tuple(routes)


def _by_key(detail: ErrorDetails) -> bool:
    return detail["type"] == "extra_forbidden"
