"""A rules file: its frame, its rules over those of a pack, and all that is wrong with them."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from touchline.rules.calendar import Calendar
from touchline.rules.document import Document, Fault, by_place, explained, suggestion
from touchline.rules.overrides import Entry, entries, overridden
from touchline.rules.rule import MODELS, Rule, RuleModel, SelectorModel
from touchline.vocabulary.errors import ConfigurationError


class RulesError(ConfigurationError):
    """A rules file that cannot be used; the message says where and what to write instead, a fault a line."""


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
    """What a rules file says, all that it extends included."""

    rules: tuple[Rule, ...]
    entries: tuple[Entry, ...]
    """The rules as they are written."""
    calendars: Mapping[str, Calendar]
    faults: tuple[Fault, ...]
    """With any of these the file cannot be used: `rules` lacks those that are at fault."""


def parse_rules(text: str, name: str = "rules", packs: Mapping[str, str] | None = None) -> tuple[Rule, ...]:
    """The rules of a YAML text; `name` is what messages call it, `packs` the texts that it may extend.

    Raises:
        RulesError: with every fault found, one a line, as `name:line:column: what is wrong`.
    """
    file = read_rules(Document(text, name), packs or {})
    if file.faults:
        raise RulesError("\n".join(map(str, file.faults)))
    return file.rules


def read_rules(document: Document, packs: Mapping[str, str]) -> RulesFile:
    """The rules of a document and all that is wrong with it; `packs` are the texts that it may extend."""
    file, faults = _file(document)
    written, amiss = entries(document, file.rules)
    faults += amiss
    calendars = file.calendars
    if file.extends is not None and file.extends in packs:
        base = read_rules(Document(packs[file.extends], f"{file.extends} pack"), {})
        written, over = overridden(list(base.entries), written, document, file.change, file.disable)
        faults += over
        calendars = {**base.calendars, **calendars}
    elif file.extends is not None:
        message = f"extends: there is no pack '{file.extends}'{suggestion(file.extends, packs)}"
        faults.append(document.fault(("extends",), message))
    elif file.change or file.disable:
        message = "there is nothing to change or to disable: write extends: default as well"
        faults.append(document.fault(("change" if file.change else "disable",), message, key=True))
    rules = []
    for entry in written:
        try:
            rules.append((_RULE.validate_python(entry.raw, context={"calendars": calendars}), entry))
        except ValidationError as error:
            faults += _rule_faults(error, entry)
    faults += _layer_faults(rules, {one.id for one in written})
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
        faults.append(document.fault((), "there are no rules: write them under 'rules', or extends: default"))
    good = {}
    for name, value in raw.items():
        try:
            good[name] = getattr(_File.model_validate({name: value}), str(name))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = tuple(detail["loc"])
                known = Calendar.model_fields if loc[0] == "calendars" else _File.model_fields
                message = f"{'.'.join(map(str, loc))}: {explained(detail, known, MODELS)}"
                faults.append(document.fault(loc, message, key=detail["type"] == "extra_forbidden"))
            if name == "calendars" and isinstance(value, dict):
                good[name] = dict.fromkeys(value, _ALWAYS)  # or each rule that names one would be at fault
    return _File.model_construct(**good), faults


_ALWAYS = Calendar.model_validate({"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}})


def _rule_faults(error: ValidationError, entry: Entry) -> Iterable[Fault]:
    for detail in error.errors(include_url=False):
        kind, *loc = detail["loc"] or ("",)
        if detail["type"] == "selector":
            for part, at, message in detail["ctx"]["faults"]:
                yield entry.fault((*loc, part, at), message)
            continue
        known = SelectorModel.model_fields if len(loc) > 1 else MODELS.get(str(kind), RuleModel).model_fields
        yield entry.fault(
            tuple(loc), explained(detail, known, MODELS), key=detail["type"] == "extra_forbidden"
        )


def _layer_faults(rules: list[tuple[Rule, Entry]], known: set[str]) -> Iterable[Fault]:
    second = {rule.id for rule, _ in rules if rule.second_layer}
    seen: set[str] = set()
    for rule, entry in rules:
        if rule.id in seen:
            yield entry.fault(("id",), "is there twice: give one of them another id")
        seen.add(rule.id)
        for part, selector in rule.parts:
            for number, name in enumerate(selector.types or ()):
                target = name.removeprefix("friction.")
                if target == name or target == "*":
                    continue
                if target not in known:
                    near = suggestion(target, known)
                    yield entry.fault((part, "types", number), f"'{name}' names no rule of this file{near}")
                elif target in second:
                    message = f"'{name}' is itself of the second layer; name the rules that it hears instead"
                    yield entry.fault((part, "types", number), message)
