"""The four kinds of rule on short streams, where a reader can see what must be found."""

from collections.abc import Sequence
from typing import Any

from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event

MINUTE = 60_000

Stream = Sequence[tuple[int, str] | tuple[int, str, dict[str, Any]]]


def _found(rule: str, stream: Stream, now: int = 10_000) -> list[tuple[str, int, int | None, str]]:
    """Signals as (anchor, opened at, resolved at, evidence), in minutes; events are a, b, c … in order."""
    events = [
        Event(
            id="abcdefghij"[n],
            type=one[1],
            time=one[0] * MINUTE,
            channel="web",
            source="shop",
            identifiers=("account:1",),
            data=one[2] if len(one) > 2 else {},
        )
        for n, one in enumerate(stream)
    ]
    rules = RuleSet(parse_rules(f"rules: [{{id: r, {rule}}}]"))
    return [
        (
            one.anchor,
            one.opened_at // MINUTE,
            None if one.resolved_at is None else one.resolved_at // MINUTE,
            "".join(one.evidence),
        )
        for one in rules.findings(events, now * MINUTE).signals
    ]


EXPECT = "kind: expect, after: x.in, then: x.out, within: 10m"


def test_an_answer_at_the_deadline_is_in_time() -> None:
    """The deadline itself still counts; a minute later the obligation is missed and then resolved."""
    assert _found(EXPECT, [(0, "x.in"), (10, "x.out")]) == []
    assert _found(EXPECT, [(0, "x.in"), (11, "x.out")]) == [("a", 10, 11, "a")]


def test_time_alone_misses_an_obligation() -> None:
    """A pending obligation is missed at its deadline, and not before."""
    assert _found(EXPECT, [(0, "x.in")], now=9) == []
    assert _found(EXPECT, [(0, "x.in")], now=10) == [("a", 10, None, "a")]


def test_any_later_event_tells_that_time_has_passed() -> None:
    """An event of the customer after the deadline misses the obligation, whatever its type and *now*."""
    assert _found(EXPECT, [(0, "x.in"), (11, "y.other")], now=5) == [("a", 10, None, "a")]
    keyed = EXPECT + ", key: [data.k]"
    stream = [(0, "x.in", {"k": 1}), (11, "y.other", {"k": 2})]
    assert _found(keyed, stream, now=5) == []


def test_a_restart_moves_the_deadline_and_gains_evidence() -> None:
    """With restart each further event begins the wait again; without, the first one counts."""
    stream = [(0, "x.in"), (5, "x.in")]
    assert _found(EXPECT + ", restart: true", stream) == [("a", 15, None, "ab")]
    assert _found(EXPECT, stream) == [("a", 10, None, "a")]


def test_unless_calls_off_what_is_pending_only() -> None:
    """What was missed already stays missed."""
    rule = EXPECT + ", unless: x.off"
    assert _found(rule, [(0, "x.in"), (5, "x.off")]) == []
    assert _found(rule, [(0, "x.in"), (11, "x.off")]) == [("a", 10, None, "a")]


def test_a_missed_one_gives_way_to_the_next() -> None:
    """A new obligation after a missed one leaves that one open for good."""
    assert _found(EXPECT, [(0, "x.in"), (20, "x.in"), (25, "x.out")]) == [("a", 10, None, "a")]


def test_the_event_can_set_the_deadline() -> None:
    """`by` reads the time from a field; no time, no obligation."""
    rule = "kind: expect, after: x.in, then: x.out, by: data.due"
    due = {"due": "1970-01-01T01:00:00+00:30"}
    assert _found(rule, [(0, "x.in", due)]) == [("a", 30, None, "a")]
    assert _found(rule, [(0, "x.in", {"due": "soon"}), (1, "x.in"), (2, "x.in", {"due": 99})]) == []
    assert _found(rule, [(0, "x.in", {"due": "1970-01-01T01:00:00"})]) == []


REPEAT = "kind: repeat, of: x.in, count: 3, within: 10m"


def test_a_burst_goes_on_while_the_next_one_is_near() -> None:
    """Three in the window open one signal; more of them join it; a silence ends it."""
    stream = [(0, "x.in"), (5, "x.in"), (10, "x.in"), (19, "x.in"), (30, "x.in"), (31, "x.in")]
    assert _found(REPEAT, stream) == [("a", 10, None, "abcd")]
    assert _found(REPEAT, [*stream, (32, "x.in")]) == [("a", 10, None, "abcd"), ("e", 32, None, "efg")]


def test_the_window_forgets_what_is_too_old() -> None:
    """Only what lies within the window of the last one counts."""
    assert _found(REPEAT, [(0, "x.in"), (8, "x.in"), (11, "x.in")]) == []


def test_distinct_counts_values() -> None:
    """The same value twice counts once, a missing one not at all."""
    rule = REPEAT + ", distinct: data.v"
    stream: Stream = [(0, "x.in", {"v": 1}), (1, "x.in", {"v": 1}), (2, "x.in"), (3, "x.in", {"v": 2})]
    assert _found(rule, stream) == []
    assert _found(rule, [*stream, (4, "x.in", {"v": True})]) == [("a", 4, None, "abcde")]


SEQUENCE = "kind: sequence, first: x.in, then: x.out, within: 10m"


def test_the_latest_first_one_is_taken_and_both_are_used_up() -> None:
    """Two firsts and two thens pair up inside out."""
    stream = [(0, "x.in"), (1, "x.in"), (2, "x.out"), (3, "x.out"), (4, "x.out")]
    assert _found(SEQUENCE, stream) == [("b", 2, None, "bc"), ("a", 3, None, "ad")]
    assert _found(SEQUENCE, [(0, "x.in"), (11, "x.out")]) == []


def test_what_lies_between_can_forbid_the_pair() -> None:
    """`without` strictly between the two breaks the sequence."""
    rule = SEQUENCE + ", without: x.off"
    assert _found(rule, [(0, "x.in"), (1, "x.off"), (2, "x.out")]) == []
    assert _found(rule, [(0, "x.off"), (1, "x.in"), (2, "x.out")]) == [("b", 2, None, "bc")]


def test_any_event_of_its_key_tells_an_obligation_of_the_second_layer_the_time() -> None:
    """As in the first layer, whether or not a rule of the second names the event's type."""
    rules = RuleSet(
        parse_rules(
            "rules: [{id: one, kind: match, when: x.in},"
            " {id: two, kind: expect, after: friction.one, then: x.out, within: 5m, key: [data.k]}]"
        )
    )

    def found(key: int) -> list[str]:
        events = [
            Event(
                id=event_id,
                type=kind,
                time=minute * MINUTE,
                channel="web",
                source="shop",
                identifiers=("account:1",),
                data={"k": k},
            )
            for event_id, minute, kind, k in (("a", 0, "x.in", 1), ("b", 6, "y.other", key))
        ]
        return [one.rule for one in rules.findings(events, MINUTE).signals]

    assert found(1) == ["one", "two"]
    assert found(2) == ["one"]
