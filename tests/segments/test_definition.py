"""Documents of segments and funnels: what is refused, where, and what to write instead."""

import pytest

from touchline.segments.definition import DefinitionError, read_funnel, read_segment


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("id: a\ntitle: A", "segment:1:1", "write at least one condition"),
        ("id: a b\ntitle: A\nmet: [x]", "segment:1:5", "is not an id"),
        ("id: a\ntitle: A\nmett: [x]", "segment:3:1:", "unknown key (did you mean 'met'?)"),
        ("id: a\ntitle: A\nvalue: {at_least: 0}", "segment:3:", "greater than 0"),
        ("id: a\ntitle: A\nfirst_seen: {within: soon}", "segment:3:", "is not a duration"),
        ("id: a\ntitle: A\nfirst_seen: {}", "segment:3:", "write either 'within: 30d'"),
        ("id: a\ntitle: A\ndid: [friction.slow]", "segment:3:", "write the rule under 'met'"),
        ("id: a\ntitle: A\ndid: [{where: {data.x: {field: data.y}}}]", "segment:3:", "is for rules only"),
        ("id: a\ntitle: A\ndid: [{where: {data.x: {gte: 1}}}]", "segment:3:", "unknown operator 'gte'"),
        ("id: a\ntitle: A\ndid: [{where: {dat.x: 1}}]", "segment:3:", "is not a field"),
        ("- a", "segment:1:1", "write id: …"),
        ("id: [", "segment:1:", "not YAML"),
    ],
)
def test_a_faulty_segment_is_refused_with_its_place(text: str, place: str, message: str) -> None:
    """The message names line and column, and what to write instead."""
    with pytest.raises(DefinitionError) as refused:
        read_segment(text)
    assert str(refused.value).startswith(place)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("[{name: A, when: a.b}]", "at least 2 items"),
        ("[{name: A, when: a.b}, {name: A, when: a.c}]", "two steps have the same name"),
        ("[{name: A, when: a.b}, {name: B}]", "is missing"),
        ("[{name: A, when: a.b}, {name: 'Then: nothing', when: a.c}]", "write another name"),
    ],
)
def test_a_faulty_funnel_is_refused(steps: str, message: str) -> None:
    """A funnel needs two steps with different names, each with its events."""
    with pytest.raises(DefinitionError, match=message):
        read_funnel(f"id: f\ntitle: F\nwithin: 7d\nsteps: {steps}")
