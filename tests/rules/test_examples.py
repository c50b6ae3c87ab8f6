"""Examples of rules: how they are read, and that one which is wrong is found out."""

import pytest

from touchline.documents import Document
from touchline.friction import RuleSet
from touchline.friction.example_check import Failure, failures
from touchline.rules import parse_rules
from touchline.rules.examples import moment_text, read_examples
from touchline.vocabulary.durations import parse_steps

RULES = RuleSet(
    parse_rules("""
calendars: {desk: {zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}}
rules:
  - {id: slow, kind: expect, after: x.in, then: x.out, within: 1h}
  - {id: open, kind: expect, after: x.in, then: x.out, within: 2 business hours, calendar: desk}
  - {id: big, kind: match, when: {types: x.in, where: {data.size: {gt: 5}}}}
  - {id: again, kind: repeat, of: friction.big, count: 2, within: 1d}
""")
)


def _failures(rule: str, example: str) -> list[Failure]:
    document = Document(f"examples: {{{rule}: [{{title: one, {example}}}]}}", "mine.yaml")
    examples, faults = read_examples(document, {one.id for one in RULES.rules})
    assert faults == []
    return failures(RULES, rule, examples[rule])


@pytest.mark.parametrize(
    ("rule", "example"),
    [
        ("slow", "events: [{at: 0m, type: x.in}], expect: [{anchor: 1, at: 1h}]"),
        ("slow", "events: [{at: 0m, type: x.in}], until: 59m, expect: []"),
        ("slow", "events: [{at: 0m, type: x.in}, {at: 1h, type: x.out}], expect: []"),
        (
            "slow",
            "events: [{at: 0m, type: x.in}, {at: 2h, type: x.out}], "
            "expect: [{anchor: 1, at: 1h, resolved: 2h}]",
        ),
        (
            "slow",
            "events: [{at: 0m, type: x.in}, {at: 5m, arrives: 2h, type: x.out}], "
            "expect: [{anchor: 1, at: 1h, taken_back: 2h}]",
        ),
        (
            "open",
            "start: 2026-11-20T16:00:00+01:00, events: [{at: 0m, type: x.in}], "
            "expect: [{anchor: 1, at: 2d18h}]",
        ),
        (
            "big",
            "events: [{at: 5m, arrives: 1h, type: x.in, size: 6}], expect: [{anchor: 1, at: 5m, known: 1h}]",
        ),
        (
            "again",
            "events: [{at: 0m, type: x.in, size: 6}, {at: 2h, type: x.in, size: 7}], "
            "expect: [{anchor: big/1, at: 2h}]",
        ),
    ],
)
def test_a_right_example_passes(rule: str, example: str) -> None:
    """What is expected is found, at every moment, business time and second layer included."""
    assert _failures(rule, example) == []


@pytest.mark.parametrize(
    ("example", "failure"),
    [
        (
            "events: [{at: 0m, type: x.in}], expect: []",
            Failure("one", "in the end", [], ["{anchor: 1, at: 1h}"]),
        ),
        (
            "events: [{at: 0m, type: x.in}], expect: [{anchor: 1, at: 90m}]",
            Failure("one", "at 1h29m59s999ms", [], ["{anchor: 1, at: 1h}"]),
        ),
        (
            "events: [{at: 0m, type: x.in}], expect: [{anchor: 1, at: 30m}]",
            Failure("one", "at 30m", ["{anchor: 1, at: 30m}"], []),
        ),
        (
            "events: [{at: 0m, type: x.in}, {at: 2h, type: x.out}], expect: [{anchor: 1, at: 1h}]",
            Failure("one", "in the end", ["{anchor: 1, at: 1h}"], ["{anchor: 1, at: 1h, resolved: 2h}"]),
        ),
        (
            "events: [{at: 0m, type: x.in}], expect: [{anchor: 1, at: 1h, taken_back: 3h}]",
            Failure("one", "at 3h", [], ["{anchor: 1, at: 1h}"]),
        ),
    ],
)
def test_a_wrong_example_says_what_was_expected_and_found(example: str, failure: Failure) -> None:
    """The first moment at which they differ is named, with both sides as examples write them."""
    assert _failures("slow", example) == [failure]


def test_a_time_in_data_counts_from_the_start() -> None:
    """`+5h` is the time five hours after the start of the example."""
    rules = RuleSet(parse_rules("rules: [{id: a, kind: expect, after: x.in, then: x.out, by: data.due_at}]"))
    example = "{title: t, events: [{at: 1h, type: x.in, due_at: +5h}], expect: [{anchor: 1, at: 5h}]}"
    read, _ = read_examples(Document(f"examples: {{a: [{example}]}}", "m"), {"a"})
    assert failures(rules, "a", read["a"]) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{slw: []}", "m:1:12: examples: there is no rule 'slw' (did you mean 'slow'?)"),
        ("{slow: 3}", "m:1:18: examples.slow: write a list of examples"),
        (
            "{slow: [{title: t, events: [], expect: []}]}",
            "m:1:38: example 1 of 'slow': events: List should have",
        ),
        (
            "{slow: [{title: t, events: [{at: soon, type: x.y}], expect: []}]}",
            "m:1:44: example 1 of 'slow': events.0.at: 'soon' is not a duration: write one such as 0m",
        ),
        (
            "{slow: [{title: t, events: [{at: 0m, type: x.y}], expects: []}]}",
            "m:1:61: example 1 of 'slow': expects: unknown key (did you mean 'expect'?)",
        ),
        (
            "{slow: [{title: t, events: [{at: 0m, type: x.y}], expect: [{anchor: 2, at: 0m}]}]}",
            "m:1:79: anchor 2: write the number of an event, or RULE/NUMBER for its signal",
        ),
        (
            "{slow: [{title: t, start: noon, events: [{at: 0m, type: x.y}], expect: []}]}",
            "m:1:37: example 1 of 'slow': start: write a time with its zone",
        ),
    ],
)
def test_an_example_at_fault_is_pointed_at(text: str, fault: str) -> None:
    """Faults of examples have their place, and say what to write."""
    _, faults = read_examples(Document(f"examples: {text}", "m"), {"slow", "big"})
    assert any(str(one).startswith(fault) for one in faults), [str(one) for one in faults]


@pytest.mark.parametrize("text", ["0m", "45s", "1h30m", "2d", "1d2h3m4s"])
def test_times_are_written_as_they_are_read(text: str) -> None:
    """Writing a time that was read gives the same text."""
    assert moment_text(parse_steps(text)) == text
