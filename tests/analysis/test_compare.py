"""Comparisons of two periods, over a store with journeys and frictions inserted by hand."""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest
from typer.testing import CliRunner, Result

from touchline.analysis.compare import Comparison, Counts, Row, compare
from touchline.analysis.periods import CannotCompare, Extent, Period, Periods
from touchline.analysis.reading.comparison import find_change, read_counts
from touchline.cli.main import app
from touchline.store import Store, open_store
from touchline.vocabulary.durations import DAY

Folder = Callable[[Path], Path]

CHANGED = 1_790_000_000_000
BEFORE, AFTER = Period(CHANGED - 14 * DAY, CHANGED), Period(CHANGED, CHANGED + 14 * DAY)
COVERED = Extent(CHANGED - 60 * DAY, CHANGED + 60 * DAY, {})
SPACE = UUID(int=0)


def fill(
    store: Store, rates: dict[tuple[str, str, float], tuple[float, float]], seed: int, journeys: int = 1_500
) -> None:
    """Journeys in both periods; each meets each (channel, rule, …) with the rates before and after."""
    random = Random(seed)
    events: list[tuple[str, int, str]] = []
    frictions: list[tuple[str, int, str, str]] = []
    for later, period in enumerate((BEFORE, AFTER)):
        for number in range(journeys * (1 + later)):
            who = f"account:{seed}-{later}-{number}"
            at = random.randrange(period.since, period.until)
            events += [(who, at, channel) for channel in {channel for channel, _, _ in rates}]
            for (channel, rule, clumped), rate in rates.items():
                if random.random() < rate[later]:
                    at = random.randrange(period.since, period.until)
                    times = 1 if random.random() >= clumped else 8
                    frictions += [(who, at - again, channel, rule) for again in range(times)]
    put(store, events, frictions, seed)


def put(
    store: Store,
    events: list[tuple[str, int, str]],
    frictions: list[tuple[str, int, str, str]],
    seed: int = 0,
) -> None:
    """Rows of (who, time, channel) and (who, time, channel, rule)."""
    store.insert(
        "events",
        {
            "id": [f"{seed}-{number}" for number in range(len(events))],
            "type": ["page.viewed"] * len(events),
            "time": [at for _, at, _ in events],
            "channel": [channel for *_, channel in events],
            "source": ["shop"] * len(events),
            "entity": [who for who, *_ in events],
            "data": ["{}"] * len(events),
        },
        f"events {seed}",
    )
    everyone = sorted({who for who, *_ in events} | {who for who, *_ in frictions})
    rows: dict[str, list[Any]] = {"entity": everyone, "customer": [uuid5(SPACE, who) for who in everyone]}
    store.insert("identities", rows | {"version": [1] * len(everyone)}, f"identities {seed}")
    if frictions:
        found: dict[str, list[Any]] = {
            "id": [uuid5(SPACE, f"{seed} {number}") for number in range(len(frictions))],
            "customer": [uuid5(SPACE, who) for who, *_ in frictions],
            "opened_at": [at for _, at, *_ in frictions],
            "channel": [channel for _, _, channel, _ in frictions],
            "source": ["shop"] * len(frictions),
            "rule": [rule for *_, rule in frictions],
            "status": ["open"] * len(frictions),
            "version": [1] * len(frictions),
        }
        store.insert("frictions", found, f"frictions {seed}")


def compared(store: Store, target: str = "") -> Comparison:
    """The comparison of the two fortnights."""
    periods = Periods(BEFORE, AFTER)
    counts = read_counts(lambda sql, p: store.query(sql, dict(p)).result_rows, periods)
    return compare(periods, counts, COVERED, target)


def by_rule(found: Comparison) -> dict[str, Row]:
    """Its rows by rule."""
    return {row.rule: row for row in found.rows}


def test_a_halved_rate_is_found_and_no_effect_is_chance(store: Store) -> None:
    """Of six rates one is halved and one doubled; neither more journeys nor clusters look like a change."""
    fill(store, {
        ("web", "halved", 0): (0.08, 0.04), ("web", "same", 0): (0.05, 0.05),
        ("web", "clumped", 0.5): (0.03, 0.03), ("phone", "doubled", 0): (0.03, 0.06),
        ("phone", "rare", 0): (0.003, 0.003), ("phone", "often", 0): (0.4, 0.4),
    }, seed=1)  # fmt: skip
    found = by_rule(compared(store))
    assert {rule: row.verdict for rule, row in found.items()} == {
        "halved": "fell", "doubled": "rose", "same": "chance", "clumped": "chance", "rare": "chance",
        "often": "chance",
    }  # fmt: skip
    assert (found["same"].journeys_before, found["same"].journeys_after) == (1_500, 3_000)
    assert found["halved"].ratio.low < 0.5 < found["halved"].ratio.high < 1
    assert [row.verdict for row in compared(store).rows[:2]] in (["fell", "rose"], ["rose", "fell"])


def test_a_customer_counts_once(store: Store) -> None:
    """A customer with ten frictions is one journey that met the rule; retracted frictions do not count."""
    web = [(f"account:{n}", BEFORE.since + n, "web") for n in range(10)]
    web += [(f"account:{n}", AFTER.since + n, "web") for n in range(10)]
    put(store, web, [("account:1", BEFORE.since + n, "web", "rage") for n in range(10)])
    row = compared(store).rows[0]
    assert (row.before, row.journeys_before, row.after, row.journeys_after) == (1, 10, 0, 10)
    sql = "SELECT id, customer, toUnixTimestamp64Milli(opened_at) FROM current_frictions"
    ids, customers, opened = zip(*store.query(sql).result_rows, strict=True)
    gone = {"id": ids, "customer": customers, "opened_at": [int(at) for at in opened]}
    store.insert("frictions", gone | {"status": ["retracted"] * 10, "version": [2] * 10}, "taken back")
    assert compared(store).rows == []


def test_merged_customers_are_one(store: Store) -> None:
    """Two entities of one customer are one journey at the touchpoint."""
    put(
        store,
        [
            ("account:1", BEFORE.since, "web"),
            ("device:1", BEFORE.since, "web"),
            ("account:1", AFTER.since, "web"),
        ],
        [("account:1", BEFORE.since, "web", "rage")],
    )
    store.insert(
        "identities",
        {"entity": ["device:1"], "customer": [uuid5(SPACE, "account:1")], "version": [2]},
        "merge",
    )
    [row] = compared(store).rows
    assert (row.journeys_before, row.journeys_after) == (1, 1)


def test_a_row_states_both_rates_and_a_verdict(store: Store) -> None:
    """The sentence has both rates, and says whether the change is clear."""
    web = [(f"account:{n}", period.since, "web") for n in range(1_000) for period in (BEFORE, AFTER)]
    met = [(f"account:{n}", BEFORE.since, "web", "rage") for n in range(121)]
    met += [(f"account:{n}", AFTER.since, "web", "rage") for n in range(79)]
    met += [(f"account:{n}", BEFORE.since, "web", "dead") for n in range(30)]
    met += [(f"account:{n}", AFTER.since, "web", "dead") for n in range(31)]
    met += [("account:1", AFTER.since, "web", "denied")]
    put(store, web, met)
    sentences = {rule: row.sentence for rule, row in by_rule(compared(store)).items()}
    assert sentences == {
        "rage": "rage at Web · shop fell from 121.0 to 79.0 per 1,000 journeys. "
        "Clear change: unlikely to be chance.",
        "dead": "dead at Web · shop rose from 30.0 to 31.0 per 1,000 journeys. "
        "No clear change: could be chance.",
        "denied": "denied at Web · shop rose from 0.0 to 1.0 per 1,000 journeys. Too few journeys to tell.",
    }


def _beside(rows: dict[tuple[str, str], tuple[int, int]], changed: tuple[str, str]) -> Row:
    """The row of `rage` at the changed touchpoint: of 1,000 journeys at each, those that met each rule."""
    counts = Counts(
        journeys={(channel, "shop"): (1_000, 1_000) for channel, _ in rows},
        affected={(channel, "shop", rule): both for (channel, rule), both in rows.items()},
    )
    found = compare(Periods(BEFORE, AFTER), counts, COVERED, "rage", changed)
    [row] = [row for row in found.rows if (row.channel, row.source, row.rule) == (*changed, "rage")]
    return row


def test_a_fall_that_is_everywhere_is_no_effect_of_the_change() -> None:
    """What fell as much at touchpoints without the change is not clearly different there."""
    row = _beside({("web", "rage"): (200, 100), ("app", "rage"): (220, 112)}, ("web", "shop"))
    assert row.verdict == "fell"
    assert row.beside is not None
    assert row.beside.elsewhere == pytest.approx(112 / 220)
    assert row.beside.low < 1 < row.beside.high
    assert row.sentence.endswith("what happened here is not clearly different (0.71 to 1.37 times).")


def test_a_fall_only_where_the_change_was_made_is_told_apart() -> None:
    """Where the same rule stayed elsewhere, or is not met there, the change stands out."""
    for elsewhere, same_rule in (
        ({("app", "rage"): (200, 200)}, True),
        ({("app", "dead"): (200, 200)}, False),
    ):
        row = _beside({("web", "rage"): (200, 100)} | elsewhere, ("web", "shop"))
        assert row.beside is not None
        assert row.beside.same_rule is same_rule
        assert row.beside.value == pytest.approx(0.5)
        assert row.beside.high < 1
        assert "here it is 0.37 to 0.68 times that." in row.sentence


def test_without_enough_friction_elsewhere_nothing_is_compared_with_it() -> None:
    """Nine journeys elsewhere are too few; none at the touchpoint itself after the change is a result."""
    few = {("web", "rage"): (200, 100), ("app", "rage"): (9, 9)}
    assert _beside(few, ("web", "shop")).beside is None
    gone = {("web", "rage"): (200, 0), ("app", "rage"): (90, 90)}
    beside = _beside(gone, ("web", "shop")).beside
    assert beside is not None
    assert 0 < beside.low < beside.value < beside.high < 0.1


def test_the_target_rule_is_judged_apart(store: Store) -> None:
    """A difference that is not significant among twenty rules is significant for the target of the change."""
    fill(store, {("web", f"rule{n}", 0): (0.05, 0.05) for n in range(20)}, seed=4)
    web = [(f"account:4-0-{n}", BEFORE.since, "web", "fixed") for n in range(60)]
    web += [(f"account:4-1-{n}", AFTER.since, "web", "fixed") for n in range(84)]
    put(store, [("account:x", BEFORE.since, "app")], web, seed=5)
    assert by_rule(compared(store))["fixed"].verdict == "chance"
    found = compared(store, target="fixed")
    assert (found.rows[0].rule, found.rows[0].targeted, found.rows[0].verdict) == ("fixed", True, "fell")
    assert found.rows[0].p_adjusted == found.rows[0].ratio.p < 0.05


def test_unchanged_rates_are_rarely_called_a_change(store: Store) -> None:
    """Of twenty stores without any change, at most one shows a clear change."""
    wrong = 0
    for seed in range(20):
        for table in ("events", "identities", "frictions"):
            store._handle.command(f"TRUNCATE TABLE {table}")
        fill(store, {("web", f"rule{n}", 0.2): (0.04, 0.04) for n in range(8)}, seed, journeys=150)
        wrong += any(row.verdict in ("fell", "rose") for row in compared(store).rows)
    assert wrong <= 1


def test_a_new_touchpoint_is_listed_and_not_compared(store: Store) -> None:
    """A touchpoint without journeys in one of the periods has no row."""
    put(
        store,
        [
            ("account:1", BEFORE.since, "web"),
            ("account:1", AFTER.since, "web"),
            ("account:1", AFTER.since, "app"),
        ],
        [("account:1", AFTER.since, "app", "rage")],
    )
    found = compared(store)
    assert (found.rows, found.elsewhere) == ([], [("app", "shop")])


def test_frictions_outside_compared_touchpoints_have_no_row() -> None:
    """A friction at a touchpoint without counted journeys is left out."""
    counts = Counts({("web", "shop"): (10, 10)}, {("app", "shop", "rage"): (1, 1)})
    assert compare(Periods(BEFORE, AFTER), counts, COVERED).rows == []


def test_a_rule_that_looks_back_before_the_data_is_not_compared() -> None:
    """A rule that looks back further than the data has no verdict; its row says why and comes last."""
    counts = Counts(
        {("web", "shop"): (1_000, 1_000)},
        {("web", "shop", "again"): (10, 90), ("web", "shop", "rage"): (100, 95)},
    )
    reaches = {"again": 7 * DAY, "rage": 10_000}
    extent = Extent(BEFORE.since - DAY, AFTER.until, reaches)
    again, rage = (
        by_rule(compare(Periods(BEFORE, AFTER), counts, extent))[rule] for rule in ("again", "rage")
    )
    assert again.verdict == "unknown"
    assert again.sentence == (
        "again at Web · shop cannot be compared: the data begin 1 d 0 h before the first period "
        "and it looks back 7 d 0 h."
    )
    assert rage.verdict == "chance"
    assert rage.p_adjusted == rage.ratio.p
    rows = compare(Periods(BEFORE, AFTER), counts, extent, target="again").rows
    assert [row.rule for row in rows] == ["rage", "again"]


def test_periods_beyond_the_data_are_not_compared() -> None:
    """A period that begins before the data, or ends after them, gives no verdict."""
    counts = Counts({("web", "shop"): (1_000, 1_000)}, {("web", "shop", "rage"): (10, 90)})
    for extent, gap in (
        (Extent(BEFORE.since + DAY, AFTER.until, {}), "the data begin 1 d 0 h after the first period"),
        (Extent(BEFORE.since, AFTER.until - 1, {}), "the second period ends after the data"),
    ):
        [row] = compare(Periods(BEFORE, AFTER), counts, extent).rows
        assert (row.verdict, row.gap) == ("unknown", gap)


def test_a_change_is_found_by_its_id(store: Store) -> None:
    """The first event with the id counts; the message for an unknown id lists the latest changes."""
    ask = lambda sql, p: store.query(sql, dict(p)).result_rows  # noqa: E731
    with pytest.raises(CannotCompare, match=r"no change\.deployed event at all"):
        find_change(ask, "c")
    changes = [
        {"change_id": "c", "title": "Shorter form", "rule": "form_abandoned"},
        {"change_id": "c"},
        {"change_id": "d"},
    ]
    rows: dict[str, list[Any]] = {
        "id": ["1", "2", "3"],
        "type": ["change.deployed"] * 3,
        "time": [CHANGED, CHANGED + 1, CHANGED + 2],
        "entity": ["system:ci"] * 3,
        "data": [orjson.dumps(change).decode() for change in changes],
    }
    store.insert("events", rows, "changes")
    change = find_change(ask, "c")
    assert (change.at, change.title, change.rule) == (CHANGED, "Shorter form", "form_abandoned")
    with pytest.raises(CannotCompare, match="the latest are d, c"):
        find_change(ask, "e")


def command(*arguments: Any) -> Result:
    """The command line."""
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_the_command_compares_around_a_change(tmp_path: Path, with_store: Folder) -> None:
    """The command prints sentences, or a JSON object; the periods can also be given."""
    with open_store(with_store(tmp_path) / "store") as store:
        fill(store, {("web", "halved", 0): (0.1, 0.05)}, seed=1)
        rows: dict[str, list[Any]] = {
            "id": ["c"],
            "type": ["change.deployed"],
            "time": [CHANGED],
            "entity": ["system:ci"],
            "data": ['{"change_id": "c-1", "title": "Shorter form", "rule": "halved"}'],
        }
        store.insert("events", rows, "change")
    shown = command("--data", tmp_path, "--change", "c-1")
    assert shown.exit_code == 0, shown.output
    assert "Shorter form, deployed 2026-09-21" in shown.stdout
    assert "halved at Web · shop fell from" in shown.stdout
    output = orjson.loads(command("--data", tmp_path, "--change", "c-1", "--json").stdout)
    assert output["change"] == {"id": "c-1", "at": CHANGED, "title": "Shorter form", "rule": "halved"}
    assert (output["rows"][0]["verdict"], output["rows"][0]["meant"]) == ("fell", True)
    spans = ("--before", "2026-09-08..2026-09-20", "--after", "2026-09-22..2026-10-04")
    output = orjson.loads(command("--data", tmp_path, *spans, "--json").stdout)
    assert (output["change"], output["rows"][0]["verdict"]) == (None, "fell")


@pytest.mark.parametrize(("before", "after", "name"), [
    ("2020-01-01..2020-01-08", "2020-01-08..2020-01-15", "first"),
    ("2026-09-13..2026-09-20", "2036-09-20..2036-09-27", "second"),
])  # fmt: skip
def test_a_period_outside_the_data_is_refused(
    tmp_path: Path, before: str, after: str, name: str, with_store: Folder
) -> None:
    """A period before the first event, or after the last, is an error that says what the data cover."""
    with open_store(with_store(tmp_path) / "store") as store:
        fill(store, {("web", "halved", 0): (0.1, 0.05)}, seed=1)
    for output in ((), ("--json",)):
        found = command("--data", tmp_path, "--before", before, "--after", after, *output)
        assert found.exit_code == 1
        assert f"the {name} period (20" in found.output
        assert "lies outside the data, which cover 2026-09-" in found.output
        assert "No friction" not in found.output


def test_an_empty_store_has_nothing_to_compare(tmp_path: Path, with_store: Folder) -> None:
    """Without events the command fails, and says so."""
    with_store(tmp_path)
    spans = ("--before", "2026-09-01..2026-09-02", "--after", "2026-09-02..2026-09-03")
    found = command("--data", tmp_path, *spans)
    assert (found.exit_code, "there are no events to compare" in found.output) == (1, True)


def test_the_command_refuses_missing_and_wrong_options(tmp_path: Path, with_store: Folder) -> None:
    """Without periods, with a bad period or an unknown change, it prints a message and fails."""
    assert command("--data", tmp_path).exit_code == 2
    with_store(tmp_path)
    found = command("--data", tmp_path, "--before", "2026-09-01", "--after", "2026-09-02..2026-09-03")
    assert (found.exit_code, "--before 2026-09-01: write A..B" in found.output) == (2, True)
    found = command("--data", tmp_path, "--change", "none")
    assert (found.exit_code, "no change.deployed event at all" in found.output) == (1, True)


def test_the_command_names_the_extra_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SciPy the message says how to install it."""
    for module in [name for name in sys.modules if name.startswith(("touchline.analysis", "scipy"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "scipy", None)
    found = command("--change", "c-1")
    assert found.exit_code == 1
    assert "pip install './touchline[server,analysis]'" in found.output
