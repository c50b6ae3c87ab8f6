"""Read the parts of an alerts file that say when incidents are not notified."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from touchline.alerts.life.plan import HoldPlan, Inhibition, Window
from touchline.alerts.rules import AlertRule
from touchline.documents import Document, Fault, Path, explained, suggestion
from touchline.rules.calendar import BusinessClock, Calendar

M = TypeVar("M", bound=BaseModel)

_WINDOW_KEYS = {field.alias or name: name for name, field in Window.model_fields.items()}


def read_plan(
    document: Document,
    parts: Mapping[str, Any],
    rules: Sequence[AlertRule],
    channels: Iterable[str],
    faults: list[Fault],
) -> HoldPlan:
    """Read `calendars`, `windows` and `inhibit` of a document; appends to `faults`."""
    clocks = {}
    for name, raw in parts.get("calendars", {}).items():
        path: Path = ("calendars", name)
        read = _model(document, Calendar, raw, path, f"calendar {name}", faults, Calendar.model_fields)
        if read is not None:
            clocks[str(name)] = BusinessClock(read)
    named = {rule.id: rule for rule in rules}
    windows = []
    for number, raw in enumerate(parts.get("windows", [])):
        path = ("windows", number)
        window = _model(document, Window, raw, path, f"window {number + 1}", faults, _WINDOW_KEYS)
        if window is None:
            continue
        windows.append(window)
        calendar = window.during or window.outside
        calendars = () if calendar is None else (calendar,)
        for part, names, known in (
            ("calendars", calendars, parts.get("calendars", {})),
            ("rules", window.rules, named),
            ("channels", window.channels, channels),
        ):
            faults += _unknown(document, path, f"window {number + 1}", part, names, known)
    inhibit = []
    for number, raw in enumerate(parts.get("inhibit", [])):
        path = ("inhibit", number)
        where = f"inhibit {number + 1}"
        inhibition = _model(document, Inhibition, raw, path, where, faults, Inhibition.model_fields)
        if inhibition is None:
            continue
        inhibit.append(inhibition)
        ids = (inhibition.when, *inhibition.mute)
        faults += _unknown(document, path, where, "rules", ids, named)
        for label in inhibition.equal:
            for rule in ids:
                if rule in named and label not in named[rule].by:
                    message = f"{where}: equal: the rule '{rule}' has no label '{label}': add it to its 'by'"
                    faults.append(document.fault((*path, "equal"), message))
    for rule in sorted(_circular(inhibit)):
        message = f"inhibit: the rule '{rule}' mutes rules that mute it: nobody would be notified of either"
        faults.append(document.fault(("inhibit",), message))
    return HoldPlan(tuple(windows), tuple(inhibit), clocks)


def _circular(inhibitions: Iterable[Inhibition]) -> set[str]:
    """The rules that are muted, directly or by way of others, by a rule that they mute."""
    mutes: dict[str, set[str]] = defaultdict(set)
    for inhibition in inhibitions:
        mutes[inhibition.when].update(inhibition.mute)
    reached = {rule: set(muted) for rule, muted in mutes.items()}
    for middle in mutes:
        for muted in reached.values():
            if middle in muted:
                muted |= reached[middle]
    return {rule for rule, muted in reached.items() if rule in muted}


def _unknown(
    document: Document, path: Path, where: str, part: str, names: Iterable[str], known: Iterable[str]
) -> list[Fault]:
    known = [str(name) for name in known]
    return [
        document.fault(path, f"{where}: there is no '{name}' among the {part}{suggestion(name, known)}")
        for name in names
        if name not in known
    ]


def _model(
    document: Document,
    kind: type[M],
    raw: Any,
    path: Path,
    where: str,
    faults: list[Fault],
    known: Iterable[str],
) -> M | None:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            place = ".".join([where, *map(str, detail["loc"])])
            by_key = detail["type"] == "extra_forbidden"
            message = f"{place}: {explained(detail, known, {})}"
            faults.append(document.fault((*path, *detail["loc"]), message, key=by_key))
        return None
