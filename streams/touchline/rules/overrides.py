"""A rules file over another: rules added and replaced, changed, and disabled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from touchline.rules.document import Document, Fault, Path, suggestion

_FIXED = ("id", "kind")


@dataclass(frozen=True)
class Entry:
    """A rule as it is written: its fields, and where they stand."""

    raw: Mapping[str, Any]
    document: Document
    path: Path
    changed: Mapping[str, tuple[Document, Path]]
    """Where the fields stand that were changed afterwards."""

    @property
    def id(self) -> str:
        """The rule's id; empty where it has none."""
        return str(self.raw.get("id", ""))

    @property
    def documents(self) -> list[Document]:
        """Every document that has a part in the rule."""
        return [self.document, *(document for document, _ in self.changed.values())]

    def fault(self, loc: Path, message: str, *, key: bool = False) -> Fault:
        """A fault at a field of the rule."""
        document, path = self.document, (*self.path, *loc)
        if loc and loc[0] in self.changed:
            document, before = self.changed[str(loc[0])]
            path = (*before, *loc)
        name = f"rule '{self.id}'" if self.id else f"rule {int(self.path[-1]) + 1}"
        shown = [str(part) for part in loc if part != "types" and not isinstance(part, int)]
        return document.fault(path, ".".join([name, *shown]) + f": {message}", key=key)


def entries(document: Document, rules: list[Any]) -> tuple[list[Entry], list[Fault]]:
    """The rules that a document itself writes."""
    found = [Entry(raw, document, ("rules", n), {}) for n, raw in enumerate(rules) if isinstance(raw, dict)]
    faults = [
        document.fault(("rules", n), f"rule {n + 1}: write its fields, such as {{id: …, kind: …}}")
        for n, raw in enumerate(rules)
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
    """The rules of `base` as a document has them: its `own` rules replace those of their id, or follow them.

    Of `change`, a field replaces the whole field; null takes it away.
    """
    replaced = {one.id: one for one in own}
    ids = {one.id for one in base}
    faults = list(_unknown(document, ids, set(replaced), change, disable))
    kept = [_changed(replaced.get(one.id, one), document, change) for one in base if one.id not in disable]
    return [*kept, *(one for one in own if one.id not in ids)], faults


def _changed(entry: Entry, document: Document, change: Mapping[str, Mapping[str, Any]]) -> Entry:
    fields = {name: value for name, value in change.get(entry.id, {}).items() if name not in _FIXED}
    raw = {name: value for name, value in {**entry.raw, **fields}.items() if value is not None}
    places = dict.fromkeys(fields, (document, ("change", entry.id)))
    return replace(entry, raw=raw, changed={**entry.changed, **places}) if fields else entry


def _unknown(
    document: Document,
    ids: set[str],
    own: set[str],
    change: Mapping[str, Mapping[str, Any]],
    disable: list[str],
) -> Iterator[Fault]:
    for number, name in enumerate(disable):
        if name not in ids:
            yield document.fault(
                ("disable", number), f"disable: there is no rule '{name}'{suggestion(name, ids)}"
            )
        elif name in own or name in change:
            yield document.fault(
                ("disable", number), f"disable: rule '{name}' is changed as well; do one or the other"
            )
    for name, fields in change.items():
        if name not in ids:
            message = f"change: there is no rule '{name}'{suggestion(name, ids)}"
            yield document.fault(("change", name), message, key=True)
        elif name in own:
            message = f"change: rule '{name}' stands under 'rules' as well; change it there"
            yield document.fault(("change", name), message, key=True)
        for field in fields:
            if field in _FIXED:
                message = f"change: the {field} of '{name}' stays; write another rule under 'rules'"
                yield document.fault(("change", name, field), message, key=True)
