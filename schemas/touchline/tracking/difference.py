"""What changes from one tracking plan to another, and what each change breaks."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from touchline.tracking.field_schemas import FieldSchema, field_schemas
from touchline.vocabulary.registry import OWN_PHASE, EventType
from touchline.vocabulary.wording import word_list

Breaks = Literal["producers", "rules", "order"]
"""What a change breaks: events that producers send now would be refused; a rule or a query that reads a
field no longer finds it; stored events come in another order, so every customer is refolded."""

_STRICTNESS = ("allow", "quarantine", "reject")


class Change(NamedTuple):
    """A change of a type, or of a field of its data; it breaks nothing if `breaks` is empty."""

    type: str
    field: str
    what: str
    breaks: tuple[Breaks, ...] = ()

    def __str__(self) -> str:
        return f"{self.type}{'.' + self.field if self.field else ''}: {self.what}"


def changes(before: Mapping[str, EventType], after: Mapping[str, EventType]) -> list[Change]:
    """The changes from the event types under one plan to those under another, by type."""
    found: list[Change] = []
    for name in sorted({**before, **after}):
        old, new = before.get(name), after.get(name)
        if old is new:
            continue
        if new is None:
            order: tuple[Breaks, ...] = ("order",) if old is not None and old.phase != OWN_PHASE else ()
            found.append(Change(name, "", "removed", ("producers", "rules", *order)))
        elif old is None:
            found.append(Change(name, "", "new"))
        else:
            found += _of_type(old, new)
    return found


def _of_type(old: EventType, new: EventType) -> Iterator[Change]:
    name = old.name
    if old.phase != new.phase:
        yield Change(name, "", f"phase {old.phase} becomes {new.phase}", ("order",))
    if new.version < old.version:
        yield Change(name, "", f"version {old.version} becomes {new.version}", ("producers",))
    elif new.version > old.version:
        yield Change(name, "", f"version {old.version} becomes {new.version}")
    if old.channels != new.channels:
        fewer = new.channels and (not old.channels or old.channels - new.channels)
        what = f"channels {_channels(old)} become {_channels(new)}"
        yield Change(name, "", what, ("producers",) if fewer else ())
    if old.violations != new.violations:
        stricter = _STRICTNESS.index(new.violations) > _STRICTNESS.index(old.violations)
        what = f"violations: {old.violations} becomes {new.violations}"
        yield Change(name, "", what, ("producers",) if stricter else ())
    before, after = field_schemas(old), field_schemas(new)
    for field in sorted({**before, **after}):
        yield from _of_field(name, field, before.get(field), after.get(field))
    if old.doc != new.doc:
        yield Change(name, "", "another description")
    if old.owner != new.owner:
        yield Change(name, "", f"owner {old.owner or 'nobody'} becomes {new.owner or 'nobody'}")


def _of_field(name: str, field: str, old: FieldSchema | None, new: FieldSchema | None) -> Iterator[Change]:
    if new is None:
        yield Change(name, field, "removed", ("rules",))
    elif old is None:
        kind = "new, and required" if new.required else "new"
        yield Change(name, field, kind, ("producers",) if new.required else ())
    else:
        if new.required != old.required:
            what = "becomes required" if new.required else "is no longer required"
            yield Change(name, field, what, ("producers",) if new.required else ())
        yield from _of_values(name, field, old, new)


def _of_values(name: str, field: str, old: FieldSchema, new: FieldSchema) -> Iterator[Change]:
    if old.kind != new.kind:
        wider = (old.kind, new.kind) == ("integer", "number")
        yield Change(name, field, f"{old.kind} becomes {new.kind}", () if wider else ("producers", "rules"))
        return
    words, allowed = frozenset(old.words), frozenset(new.words)
    if words != allowed:
        gone = words - allowed if words and allowed else allowed
        if not allowed:
            what = "any text is allowed"
        elif not words:
            what = f"only {word_list(sorted(allowed))} is allowed"
        else:
            lost, more = sorted(words - allowed), sorted(allowed - words)
            parts = [f"without {word_list(lost)}"] * bool(lost) + [f"also {word_list(more)}"] * bool(more)
            what = ", ".join(parts)
        yield Change(name, field, what, ("producers",) if gone else ())
    for bound, sign in (("minimum", 1), ("maximum", -1), ("minLength", 1), ("maxLength", -1)):
        low, high = old.schema.get(bound), new.schema.get(bound)
        if low != high:
            narrower = high is not None and (low is None or sign * high > sign * low)
            what = f"{bound} {_shown(low)} becomes {_shown(high)}"
            yield Change(name, field, what, ("producers",) if narrower else ())
    before, after = old.schema.get("pattern"), new.schema.get("pattern")
    if before != after:
        what = f"pattern {_shown(before)} becomes {_shown(after)}"
        yield Change(name, field, what, ("producers",) if after else ())


def _channels(event_type: EventType) -> str:
    return word_list(sorted(event_type.channels), "and") if event_type.channels else "(all)"


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
