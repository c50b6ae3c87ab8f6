"""A replay depends on the set of events alone: order and duplicates change nothing."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from touchline.analysis.replay import replay
from touchline.cli.main import app
from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.vocabulary.envelope import Envelope, to_event

Log = list[dict[str, Any]]

TYPES = ("contact.started", "order.placed", "own.type")
TIMES = 40
"""Times are minutes after ten: few, so that many events have the same time."""

types = st.lists(st.sampled_from([*TYPES, "contact.*", "*"]), min_size=1, max_size=2, unique=True)
where = st.dictionaries(st.sampled_from(["data.n", "channel"]), st.sampled_from([0, 1, "web"]), max_size=1)
selectors = st.fixed_dictionaries({"types": types}, optional={"where": where})
heard = st.fixed_dictionaries({"types": st.just(["friction.*"])})
within = st.integers(1, 30).map(lambda minutes: f"{minutes}m")


def _kinds(selector: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    keyed = {"key": st.just(["data.k"]), "weight": st.integers(1, 30)}

    def kind(name: str, optional: dict[str, Any], **parts: Any) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({"kind": st.just(name), **parts}, optional={**keyed, **optional})

    return st.one_of(
        kind("match", {}, when=selector),
        kind(
            "expect",
            {"unless": selectors, "restart": st.booleans()},
            after=selector,
            then=selectors,
            within=within,
        ),
        kind("repeat", {"distinct": st.just("channel")}, of=selector, count=st.integers(2, 3), within=within),
        kind("sequence", {"without": selectors}, first=selector, then=selectors, within=within),
    )


rule_files = st.tuples(
    st.lists(_kinds(selectors), min_size=1, max_size=3), st.lists(_kinds(heard), max_size=1)
).map(
    # JSON is YAML, too.
    lambda layers: orjson.dumps(
        {"rules": [{"id": f"r{n}", **rule} for n, rule in enumerate([*layers[0], *layers[1]])]}
    ).decode()
)

# Few identifiers, so that customers are linked, shared and separated.
identifiers = st.fixed_dictionaries(
    {},
    optional={
        "account": st.sampled_from(["a", "b", "c"]),
        "email": st.sampled_from(["x@example.org", "Y@example.org"]),
        "device": st.sampled_from(["d1", "d2", "unknown"]),
    },
).filter(lambda names: names and names != {"device": "unknown"})

logs = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(TYPES),
            "time": st.integers(0, TIMES).map(lambda minute: f"2026-10-09T10:{minute:02}:00Z"),
            "channel": st.sampled_from(["web", "phone", "store"]),
            "source": st.just("s"),
            "identifiers": identifiers,
            "data": st.fixed_dictionaries({}, optional={"k": st.integers(0, 1), "n": st.integers(0, 1)}),
        }
    ),
    max_size=25,
).map(lambda rows: [{"id": f"e{number}", **row} for number, row in enumerate(rows)])

cases = st.tuples(logs, rule_files, st.randoms(use_true_random=True))


def _shuffled(log: Log, chance: random.Random) -> Log:
    """The log in another order, with some events twice."""
    again = [*log, *(event for event in log if chance.random() < 0.3)]
    chance.shuffle(again)
    return again


def _normal(result: dict[str, Any]) -> bytes:
    """A result with its lists sorted."""
    lists = {
        name: sorted(result[name], key=lambda row: (row["customer"], row["id"]))
        for name in ("signals", "journeys")
    }
    return orjson.dumps({**result, **lists}, option=orjson.OPT_SORT_KEYS)


def _replayed(log: Iterable[dict[str, Any]], rules: RuleSet) -> bytes:
    events = (to_event(Envelope.model_validate_json(orjson.dumps(event))) for event in log)
    return _normal(replay((event for event in events if event is not None), rules))


@given(cases)
def test_order_and_duplicates_change_nothing(case: tuple[Log, str, random.Random]) -> None:
    """A log in any order, with any of its events twice, gives the same result."""
    log, written, chance = case
    rules = RuleSet(parse_rules(written))
    assert _replayed(_shuffled(log, chance), rules) == _replayed(log, rules)


@settings(
    max_examples=max(10, settings().max_examples // 100),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cases)
def test_the_command_gives_the_same_result(tmp_path: Path, case: tuple[Log, str, random.Random]) -> None:
    """`touchline replay --json` of the shuffled log prints the result of the log."""
    log, rules, chance = case
    (tmp_path / "rules.yaml").write_text(rules)
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(map(orjson.dumps, _shuffled(log, chance))))
    result = CliRunner().invoke(
        app, ["replay", str(tmp_path / "log.jsonl"), "--rules", str(tmp_path / "rules.yaml"), "--json"]
    )
    assert result.exit_code == 0, result.output
    assert _normal(orjson.loads(result.stdout)) == _replayed(log, RuleSet(parse_rules(rules)))
