"""Regular expressions of rules: a search takes a bounded time, or its pattern is refused with the reason."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from typer.testing import CliRunner

from touchline.cli.main import app
from touchline.friction import RuleSet
from touchline.rules import RulesError, parse_rules, patterns
from touchline.rules.patterns import CACHED, LONGEST_CACHED, search
from touchline.vocabulary.event import Event

LONGEST_TEXT = 32 * 1024
"""Characters of a text that fills the largest event."""


@pytest.mark.parametrize(
    "pattern", [r"^(\w+\s?)+$", r"^(a+)+$", r"(a|a)*$!", r"(.*)*x", r"(a?){400}a{400}$!", r"(.*a){300}!"]
)
@pytest.mark.parametrize("text", ["a" * LONGEST_TEXT + "!", "ab" * (LONGEST_TEXT // 2), "wörter " * 4_000])
def test_a_search_is_linear_in_the_text(pattern: str, text: str) -> None:
    """Nested and ambiguous repetitions over the longest text end within seconds."""
    begin = perf_counter()
    search(pattern)(text)
    assert perf_counter() - begin < 10


def test_a_rule_with_nested_repetitions_finds_what_it_says() -> None:
    """A reason that would hold up a backtracking search does not, and one that the pattern takes is found."""
    rules = RuleSet(
        parse_rules(
            r"rules: [{id: a, kind: match, when: {types: request.denied,"
            r" where: {data.reason: {matches: '^(\w+\s?)+$'}}}}]"
        )
    )
    reasons = ["https_shop_example_returns_4711_lostreceipt!", "the receipt is missing", "x" * 30_000 + "!"]
    events = [
        Event(
            id=f"e{number}",
            type="request.denied",
            time=number,
            channel="store",
            source="till",
            identifiers=("account:1",),
            data={"reason": reason},
        )
        for number, reason in enumerate(reasons)
    ]
    assert [signal.anchor for signal in rules.findings(events, 10).signals] == ["e1"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("x(?=y)", "RE2 has no lookahead: match the text itself"),
        ("x(?!y)", "RE2 has no lookahead: exclude values with 'ne' or 'not_in'"),
        ("(?<=x)y", "RE2 has no lookbehind: match the text itself"),
        ("(?<!x)y", "RE2 has no lookbehind: exclude values with 'ne' or 'not_in'"),
        (r"(x)\1", "RE2 has no backreferences: write out what repeats"),
        ("(?P<n>x)(?P=n)", "RE2 has no backreferences: write out what repeats"),
        ("x++", "RE2 takes one repetition operator"),
        ("(?>x)", "RE2 has no atomic groups: write (?:…)"),
        ("(?(1)x|y)", "RE2 has no conditional groups: write alternatives with |"),
        (r"x\Z", r"RE2 has no \Z: write \z"),
        ("x{1001}", "RE2 repeats at most 1,000 times"),
        (".{0,900}x", "cannot hold a pattern of this size"),
        ("(" * 3_000, "the pattern has 3,000 characters: write at most 1,000"),
        ("(" * 900, "is not a regular expression of RE2 (missing ): ("),
        ("[x", "is not a regular expression of RE2"),
        ("\ud800", "half a surrogate pair"),
    ],
)
def test_a_refusal_says_what_to_write(pattern: str, message: str) -> None:
    """A pattern that RE2 cannot take is refused in one short line that names what to write instead."""
    with pytest.raises(ValueError, match=r"\A[^\n]{1,300}\Z") as refusal:
        search(pattern)
    assert message in str(refusal.value)


def test_text_that_is_no_unicode_is_searched() -> None:
    """A lone surrogate in a text does not stop the search."""
    assert search("b$")("\ud800b")


def test_the_cached_results_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The results of so many short texts are cached, of the newest ones, and of no long text."""
    caches: list[Any] = []

    def observed(maxsize: int | None) -> Callable[[Any], Any]:
        def decorate(function: Any) -> Any:
            caches.append(lru_cache(maxsize)(function))
            return caches[-1]

        return decorate

    monkeypatch.setattr(patterns, "lru_cache", observed)
    find = search("^[0-4]|!$")
    [cache] = caches
    assert find("x" * LONGEST_CACHED + "!")
    assert cache.cache_info().currsize == 0
    for _ in range(2):
        assert [find(str(number)) for number in range(10)] == [number < 5 for number in range(10)]
    assert cache.cache_info().hits == 10
    for number in range(CACHED + 10):
        find(str(number))
    assert cache.cache_info().currsize == CACHED


@pytest.mark.parametrize("pattern", ["(?!x)y", "(" * 3_000])
def test_a_file_with_such_a_pattern_is_refused_with_its_line(pattern: str, tmp_path: Path) -> None:
    """Loading and `rules lint` name the file, the line, the rule and the field."""
    text = (
        f"rules:\n  - id: odd\n    kind: match\n    when: {{where: {{data.n: {{matches: '{pattern}'}}}}}}\n"
    )
    with pytest.raises(RulesError, match=r"mine\.yaml:4:\d+: rule 'odd'\.when\.where\.data\.n: "):
        parse_rules(text, "mine.yaml")
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    linted = CliRunner().invoke(app, ["rules", "lint", str(file)])
    assert linted.exit_code == 1
    assert "rules.yaml:4:" in linted.stdout
    assert "rule 'odd'.when.where.data.n: " in linted.stdout
    assert isinstance(linted.exception, SystemExit)
