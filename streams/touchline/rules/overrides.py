"""Merges a rules file into the one that it extends: rules are added, replaced, changed or disabled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from touchline.documents import Document, Fault, Path, suggestion

_FIXED = ("id", "kind")


@dataclass(frozen=True)
class Entry:
    """A rule as written: its fields, and their places."""

    raw: Mapping[str, Any]
    document: Document
    path: Path
    changed: Mapping[str, tuple[Document, Path]]
    """The places of fields that another document changed."""

    @property
    def id(self) -> str:
        """The rule's id; empty if it is missing."""
        return str(self.raw.get("id", ""))

    @property
    def documents(self) -> list[Document]:
        """The document of the rule, and those that change it."""
        return [self.document, *(document for document, _ in self.changed.values())]

    def fault(self, loc: Path, message: str, *, key: bool = False) -> Fault:
        """A fault at a field of the rule."""
        document, path = self.document, (*self.path, *loc)
        if loc and loc[0] in self.changed:
            document, change = self.changed[str(loc[0])]
            path = (*change, *loc)
        name = f"rule '{self.id}'" if self.id else f"rule {int(self.path[-1]) + 1}"
        shown = [str(part) for part in loc if part != "types" and not isinstance(part, int)]
        return document.fault(path, ".".join([name, *shown]) + f": {message}", key=key)


def entries(document: Document, rules: list[Any]) -> tuple[list[Entry], list[Fault]]:
    """The rules in the document itself, and a fault for each that is not a mapping."""
    found = [
        Entry(raw, document, ("rules", index), {}) for index, raw in enumerate(rules) if isinstance(raw, dict)
    ]
    faults = [
        document.fault(("rules", index), f"rule {index + 1}: write its fields, such as {{id: …, kind: …}}")
        for index, raw in enumerate(rules)
        if not isinstance(raw, dict)
    ]
    return found, faults


def overridden(
    base: list[Entry],
    own: list[Entry],
    document: Document,
    change: Mapping[str, Mapping[str, Any]],
    disable: list[str],
) -> tuple[list[Entry], list[Fault]]:
    """The rules of `base` with a document's overrides, and the faults of the overrides.

    A rule of `own` replaces the rule with its id, or follows the others. A field under `change` replaces the
    whole field; null removes it.
    """
    replacements = {entry.id: entry for entry in own}
    ids = {entry.id for entry in base}
    faults = list(_override_faults(document, ids, set(replacements), change, disable))
    kept = [
        _changed(replacements.get(entry.id, entry), document, change)
        for entry in base
        if entry.id not in disable
    ]
    return [*kept, *(entry for entry in own if entry.id not in ids)], faults


def _changed(entry: Entry, document: Document, change: Mapping[str, Mapping[str, Any]]) -> Entry:
    fields = {name: value for name, value in change.get(entry.id, {}).items() if name not in _FIXED}
    raw = {name: value for name, value in {**entry.raw, **fields}.items() if value is not None}
    places = dict.fromkeys(fields, (document, ("change", entry.id)))
    return replace(entry, raw=raw, changed={**entry.changed, **places}) if fields else entry


def _override_faults(
    document: Document,
    ids: set[str],
    own: set[str],
    change: Mapping[str, Mapping[str, Any]],
    disable: list[str],
) -> Iterator[Fault]:
    for index, name in enumerate(disable):
        if name not in ids:
            yield document.fault(
                ("disable", index), f"disable: there is no rule '{name}'{suggestion(name, ids)}"
            )
        elif name in own or name in change:
            yield document.fault(
                ("disable", index), f"disable: rule '{name}' is also changed; remove one of both"
            )
    for name, fields in change.items():
        if name not in ids:
            message = f"change: there is no rule '{name}'{suggestion(name, ids)}"
            yield document.fault(("change", name), message, key=True)
        elif name in own:
            message = f"change: rule '{name}' is also under 'rules'; change it there"
            yield document.fault(("change", name), message, key=True)
        for field in fields:
            if field in _FIXED:
                message = f"change: the {field} of '{name}' cannot change; write a new rule under 'rules'"
                yield document.fault(("change", name, field), message, key=True)
