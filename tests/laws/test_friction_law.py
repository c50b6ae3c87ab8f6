"""The fold against a literal reading of docs/semantics.md#friction, on random events and rules."""

import random
import re
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from touchline.friction import RuleSet
from touchline.friction.listeners import MANY
from touchline.friction.signals import friction_id
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order

MINUTE = 60_000
TYPES = ("a.one", "contact.queued", "contact.abandoned", "b.one")
PHASES = {"contact.queued": 2, "a.one": 5, "b.one": 5, "contact.abandoned": 8}


def _takes(selector: dict[str, Any] | None, event: dict[str, Any]) -> bool:
    """Whether a selector matches an event or, for `friction.…`, a signal."""
    if selector is None:
        return False
    types = selector.get("types")
    if types is None:
        named = not event["friction"]
    elif event["friction"]:
        named = event["type"] in types or "friction.*" in types
    else:
        named = any(
            one in ("*", event["type"]) or (one.endswith(".*") and event["type"].startswith(one[:-1]))
            for one in types
        )
    return named and all(
        _holds(event["data"], event["data"].get(path[5:]), operator, wanted)
        for path, operators in selector["where"].items()
        for operator, wanted in (operators if isinstance(operators, dict) else {"eq": operators}).items()
    )


def _holds(data: dict[str, Any], found: Any, operator: str, wanted: Any) -> bool:
    """Whether a value, None if missing, compares with a value or with `{field: data.NAME}`."""
    if operator == "field":  # short for {eq: {field: …}}
        operator, wanted = "eq", {"field": wanted}
    if operator == "exists":
        return (found is not None) is wanted
    if operator == "matches":
        return isinstance(found, str) and re.search(wanted, found) is not None
    if isinstance(wanted, dict):
        wanted = data.get(wanted["field"][5:])
    if isinstance(wanted, list):
        read = [data.get(one["field"][5:]) if isinstance(one, dict) else one for one in wanted]
        wanted = [one for one in read if one is not None]
    if found is None or wanted is None:
        return operator in ("ne", "not_in")
    if operator in ("in", "not_in"):
        if not isinstance(wanted, list):
            return False
        alike = [one for one in wanted if _alike(one, found)]
        if operator == "in":
            return found in alike
        return found not in alike and (bool(alike) or not wanted)
    if not _alike(found, wanted):
        return False
    match operator:
        case "eq":
            return bool(found == wanted)
        case "ne":
            return bool(found != wanted)
        case "gt":
            return bool(found > wanted)
        case "ge":
            return bool(found >= wanted)
        case "lt":
            return bool(found < wanted)
        case _:
            return bool(found <= wanted)


def _alike(one: Any, two: Any) -> bool:
    return isinstance(one, str) is isinstance(two, str)


def _deadline(rule: dict[str, Any], event: dict[str, Any]) -> int | None:
    if "within" in rule:
        return int(event["time"] + rule["within"])
    due = event["data"].get("due")
    if not isinstance(due, str) or due == "soon":
        return None
    deadline = int(datetime.fromisoformat(due).timestamp() * 1000)
    return None if deadline < event["time"] else deadline


def _match(rule: dict[str, Any], events: list[dict[str, Any]], now: int) -> list[tuple[Any, ...]]:
    return [(e["id"], e["time"], None, (e["id"],)) for e in events if _takes(rule["when"], e)]


def _expect(rule: dict[str, Any], events: list[dict[str, Any]], now: int) -> list[tuple[Any, ...]]:
    found: list[list[Any]] = []
    evidence: list[str] = []
    state, anchor, deadline = "none", None, 0
    for e in events:
        if state == "pending" and e["time"] > deadline:
            state = "missed"
            found.append([anchor, deadline, None, tuple(evidence)])
        if _takes(rule["then"], e) and e["id"] != anchor:
            if state == "missed":
                found[-1][2] = e["time"]
            state = "ended"
        elif _takes(rule.get("unless"), e) and state == "pending":
            state = "ended"
        due = _deadline(rule, e)
        if due is not None and _takes(rule["after"], e):
            if state != "pending":
                state, anchor, evidence, deadline = "pending", e["id"], [e["id"]], due
            elif rule["restart"]:
                deadline = due
                evidence.append(e["id"])
    if state == "pending" and deadline <= now:
        found.append([anchor, deadline, None, tuple(evidence)])
    return [tuple(one) for one in found]


def _repeat(rule: dict[str, Any], events: list[dict[str, Any]], now: int) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, int, None, list[str]]] = []
    window: list[dict[str, Any]] = []
    active, last = False, 0
    for e in [e for e in events if _takes(rule["of"], e)]:
        if active and e["time"] - last <= rule["within"]:
            found[-1][3].append(e["id"])
            last = e["time"]
            continue
        if active:
            active, window = False, [e]
        else:
            window = [x for x in window if e["time"] - x["time"] <= rule["within"]] + [e]
        values = [x["data"].get("n") for x in window]
        count = len({v for v in values if v is not None}) if rule.get("distinct") else len(window)
        if count >= rule["count"]:
            active, last = True, e["time"]
            found.append((window[0]["id"], e["time"], None, [x["id"] for x in window]))
    return [(a, o, r, tuple(ev)) for a, o, r, ev in found]


def _sequence(rule: dict[str, Any], events: list[dict[str, Any]], now: int) -> list[tuple[Any, ...]]:
    used: set[str] = set()
    found = []
    for at, e in enumerate(events):
        if not _takes(rule["then"], e):
            continue
        for before in range(at - 1, -1, -1):
            f = events[before]
            between = events[before + 1 : at]
            if (
                _takes(rule["first"], f)
                and f["id"] not in used
                and e["time"] - f["time"] <= rule["within"]
                and not any(_takes(rule.get("without"), b) for b in between)
            ):
                used |= {f["id"], e["id"]}
                found.append((f["id"], e["time"], None, (f["id"], e["id"])))
                break
    return found


def _written_time(at: int) -> str:
    return datetime.fromtimestamp(at * MINUTE / 2000, UTC).isoformat()


KINDS = {"match": _match, "expect": _expect, "repeat": _repeat, "sequence": _sequence}


def _reference(rules: list[dict[str, Any]], events: list[dict[str, Any]], now: int) -> set[tuple[Any, ...]]:
    """Every signal as (id, rule, anchor, opened_at, resolved_at, evidence)."""

    def signals(rule: dict[str, Any], stream: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        lanes: dict[Any, list[dict[str, Any]]] = {}
        for e in stream:
            lane = e["data"].get("k") if rule.get("key") else "customer"
            if lane is not None:
                lanes.setdefault(lane, []).append(e)
        return [
            (str(friction_id(rule["id"], anchor)), rule["id"], anchor, *rest)
            for lane in lanes.values()
            for anchor, *rest in KINDS[rule["kind"]](rule, lane, now)
        ]

    def second(rule: dict[str, Any]) -> bool:
        return any(
            isinstance(part, dict) and any(t.startswith("friction.") for t in part.get("types", []))
            for part in rule.values()
        )

    first = [one for rule in rules if not second(rule) for one in signals(rule, events)]
    by_id = {e["id"]: e for e in events}
    heard = [
        {"id": i, "type": f"friction.{r}", "time": o, "data": by_id[a]["data"], "friction": True}
        for i, r, a, o, _, _ in first
    ]
    merged = sorted(
        [*events, *heard], key=lambda e: (e["time"], e["friction"], PHASES.get(e["type"]), e["id"])
    )
    return {*first, *(one for rule in rules if second(rule) for one in signals(rule, merged))}


types = st.lists(st.sampled_from([*TYPES, "a.*", "contact.*", "*"]), min_size=1, max_size=2, unique=True)
numbers = st.integers(0, 1)
fields = st.sampled_from(["data.n", "data.m", "data.k"]).map(lambda path: {"field": path})
listed = st.lists(numbers | fields | st.just("one"), max_size=2) | fields
tests = st.one_of(
    numbers,
    fields,
    st.dictionaries(st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), numbers | fields, max_size=2),
    st.dictionaries(st.sampled_from(["in", "not_in"]), listed, max_size=1),
    st.fixed_dictionaries({}, optional={"exists": st.booleans(), "ne": fields}),
    st.sampled_from(["one", {"in": ["one", "two"]}, {"eq": "two", "ne": {"field": "data.n"}}]),
    st.sampled_from(["on", "^o", "e$", "(o|t)[n-w]+"]).map(lambda pattern: {"matches": pattern}),
)
where = st.dictionaries(st.sampled_from(["data.n", "data.m"]), tests, max_size=2)
selectors = st.fixed_dictionaries({"where": where}, optional={"types": types})
heard_selectors = st.fixed_dictionaries(
    {"where": where, "types": st.lists(st.sampled_from(["friction.*", "a.one"]), min_size=1, unique=True)}
)
within = st.integers(1, 4).map(lambda n: n * MINUTE)


def _rules_of(selector: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    keyed = {"key": st.just(["data.k"])}
    return st.one_of(
        st.fixed_dictionaries({"kind": st.just("match"), "when": selector}, optional=keyed),
        *(
            st.fixed_dictionaries(
                {
                    "kind": st.just("expect"),
                    "after": selector,
                    "then": selector,
                    "restart": st.booleans(),
                    **deadline,
                },
                optional={"unless": selector, **keyed},
            )
            for deadline in ({"within": within}, {"by": st.just("data.due")})
        ),
        st.fixed_dictionaries(
            {"kind": st.just("repeat"), "of": selector, "count": st.integers(2, 3), "within": within},
            optional={"distinct": st.just("data.n"), **keyed},
        ),
        st.fixed_dictionaries(
            {"kind": st.just("sequence"), "first": selector, "then": selector, "within": within},
            optional={"without": selector, **keyed},
        ),
    )


rule_lists = st.tuples(
    st.lists(_rules_of(selectors), min_size=1, max_size=3), st.lists(_rules_of(heard_selectors), max_size=2)
).map(lambda layers: [{**rule, "id": f"r{n}"} for n, rule in enumerate([*layers[0], *layers[1]])])

event_lists = st.lists(
    st.tuples(
        st.sampled_from(TYPES),
        st.integers(0, 20),
        st.fixed_dictionaries(
            {},
            optional={
                "k": st.integers(0, 1),
                "n": st.integers(0, 2),
                "m": st.integers(0, 2) | st.sampled_from(["one", "two"]),
                "due": st.integers(0, 20).map(_written_time) | st.just("soon"),
            },
        ),
    ),
    max_size=14,
).map(
    lambda rows: sorted(
        (
            {"id": f"e{n}", "type": t, "time": at * MINUTE // 2, "data": data, "friction": False}
            for n, (t, at, data) in enumerate(rows)
        ),
        key=lambda e: (e["time"], PHASES[str(e["type"])], e["id"]),
    )
)


def _written(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule in the form of a rules file."""
    if "within" in rule:
        rule = {**rule, "within": f"{rule['within'] // MINUTE}m"}
    return {**rule, "distinct": "data.n"} if rule.get("distinct") else rule


@given(rule_lists, event_lists, st.integers(-20, 15), st.randoms())
def test_the_fold_finds_what_semantics_says(
    rules: list[dict[str, Any]], events: list[dict[str, Any]], after: int, chance: random.Random
) -> None:
    """Any rules over any events give exactly the signals of a literal reading of the semantics."""
    now = max((e["time"] for e in events), default=0) + after * MINUTE // 2
    assert _found(rules, events, now, chance) == _reference(rules, events, now)


@given(rule_lists, event_lists, st.randoms())
def test_many_rules_find_what_each_finds(
    rules: list[dict[str, Any]], events: list[dict[str, Any]], chance: random.Random
) -> None:
    """A rule finds the same among rules enough to be looked up by what they compare with."""
    many = [{**rule, "id": f"{rule['id']}-{copy}"} for rule in rules for copy in range(MANY)]
    now = max((e["time"] for e in events), default=0)
    assert _found(many, events, now, chance) == _reference(many, events, now)


def _found(
    rules: list[dict[str, Any]], events: list[dict[str, Any]], now: int, chance: random.Random
) -> set[tuple[Any, ...]]:
    """What the fold finds in the events, which come in any order."""
    # JSON is YAML, too.
    ready = RuleSet(parse_rules(orjson.dumps({"rules": [_written(rule) for rule in rules]}).decode()))
    own = [
        Event(
            id=e["id"],
            type=e["type"],
            time=e["time"],
            channel="web",
            source="s",
            identifiers=("account:1",),
            data=e["data"],
        )
        for e in events
    ]
    chance.shuffle(own)
    return {
        (str(s.id), s.rule, s.anchor, s.opened_at, s.resolved_at, s.evidence)
        for s in ready.findings(in_order(own), now).signals
    }
