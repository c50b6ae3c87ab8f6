"""Reads a rules file: its sections, its rules merged into those of a pack, and all faults."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from touchline.documents import Document, Fault, by_place, explained, suggestion
from touchline.rules.calendar import Calendar
from touchline.rules.overrides import Entry, entries, overridden
from touchline.rules.rule import MODELS, Rule, RuleModel, SelectorModel
from touchline.vocabulary.errors import ConfigurationError


class RulesError(ConfigurationError):
    """A rules file cannot be used. The message has a line for each fault: its place and what to write."""


_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    extends: str | None = None
    calendars: dict[str, Calendar] = {}
    rules: list[Any] = []
    change: dict[str, dict[str, Any]] = {}
    disable: list[str] = []
    examples: dict[str, Any] = {}


class RulesFile(NamedTuple):
    """A rules file, merged with the pack that it extends."""

    rules: tuple[Rule, ...]
    entries: tuple[Entry, ...]
    """The rules as written."""
    calendars: Mapping[str, Calendar]
    faults: tuple[Fault, ...]
    """If there are any, the file cannot be used, and `rules` lacks the faulty rules."""


def parse_rules(text: str, name: str = "rules", packs: Mapping[str, str] | None = None) -> tuple[Rule, ...]:
    """The rules of a YAML text.

    Args:
        text: The YAML.
        name: The name of the file in messages.
        packs: The packs that the file may extend, by name.

    Raises:
        RulesError: The file has faults; the message has a line `name:line:column: fault` for each.
    """
    file = read_rules(Document(text, name), packs or {})
    if file.faults:
        raise RulesError("\n".join(map(str, file.faults)))
    return file.rules


def read_rules(document: Document, packs: Mapping[str, str]) -> RulesFile:
    """The rules of a document, and its faults; `packs` are the texts that it may extend, by name."""
    file, faults = _file(document)
    written, entry_faults = entries(document, file.rules)
    faults += entry_faults
    calendars = file.calendars
    if file.extends is not None and file.extends in packs:
        base = read_rules(Document(packs[file.extends], f"{file.extends} pack"), {})
        written, override_faults = overridden(
            list(base.entries), written, document, file.change, file.disable
        )
        faults += override_faults
        calendars = {**base.calendars, **calendars}
    elif file.extends is not None:
        message = f"extends: there is no pack '{file.extends}'{suggestion(file.extends, packs)}"
        faults.append(document.fault(("extends",), message))
    elif file.change or file.disable:
        message = "nothing to change or to disable: add extends: default"
        faults.append(document.fault(("change" if file.change else "disable",), message, key=True))
    rules = []
    for entry in written:
        try:
            rules.append((_RULE.validate_python(entry.raw, context={"calendars": calendars}), entry))
        except ValidationError as error:
            faults += _rule_faults(error, entry)
    faults += _reference_faults(rules, {entry.id for entry in written})
    faults.sort(key=by_place)
    return RulesFile(tuple(rule for rule, _ in rules), tuple(written), calendars, tuple(faults))


def _file(document: Document) -> tuple[_File, list[Fault]]:
    faults = list(document.faults)
    raw = document.raw
    if not isinstance(raw, dict):
        if not faults:
            faults.append(document.fault((), "write a list of rules under 'rules'"))
        return _File(), faults
    if not raw.keys() & {"rules", "extends"} and not faults:
        faults.append(document.fault((), "no rules: write them under 'rules', or add extends: default"))
    valid = {}
    for name, value in raw.items():
        try:
            valid[name] = getattr(_File.model_validate({name: value}), str(name))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = tuple(detail["loc"])
                known = Calendar.model_fields if loc[0] == "calendars" else _File.model_fields
                message = f"{'.'.join(map(str, loc))}: {explained(detail, known, MODELS)}"
                faults.append(document.fault(loc, message, key=detail["type"] == "extra_forbidden"))
            if name == "calendars" and isinstance(value, dict):
                # Otherwise each rule that names a faulty calendar would have a fault, too.
                valid[name] = dict.fromkeys(value, _ALWAYS_OPEN)
    return _File.model_construct(**valid), faults


_ALWAYS_OPEN = Calendar.model_validate({"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}})


def _rule_faults(error: ValidationError, entry: Entry) -> Iterable[Fault]:
    for detail in error.errors(include_url=False):
        kind, *loc = detail["loc"] or ("",)
        if detail["type"] == "selector":
            for part, key, message in detail["ctx"]["faults"]:
                yield entry.fault((*loc, part, key), message)
            continue
        known = SelectorModel.model_fields if len(loc) > 1 else MODELS.get(str(kind), RuleModel).model_fields
        yield entry.fault(
            tuple(loc), explained(detail, known, MODELS), key=detail["type"] == "extra_forbidden"
        )


def _reference_faults(rules: list[tuple[Rule, Entry]], known: set[str]) -> Iterable[Fault]:
    second = {rule.id for rule, _ in rules if rule.second_layer}
    seen: set[str] = set()
    for rule, entry in rules:
        if rule.id in seen:
            yield entry.fault(("id",), "duplicate id: rename one of the rules")
        seen.add(rule.id)
        for part, selector in rule.parts:
            for index, name in enumerate(selector.types or ()):
                target = name.removeprefix("friction.")
                if target == name or target == "*":
                    continue
                if target not in known:
                    near = suggestion(target, known)
                    yield entry.fault(
                        (part, "types", index), f"'{name}': there is no such rule in this file{near}"
                    )
                elif target in second:
                    message = f"'{name}' selects signals itself; name the rules that it selects instead"
                    yield entry.fault((part, "types", index), message)
