"""Other rules over the events of a store, against the rules in force."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from typer.testing import CliRunner, Result

from touchline.analysis.backtest import Backtest, backtest
from touchline.cli.main import app
from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.simulation import Retailer
from touchline.store import Store, open_store
from touchline.store.histories import histories
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.envelope import Envelope, to_event
from touchline.vocabulary.order import in_order

START = 1_790_000_000_000
RULES = """
rules:
  - {id: gave_up, kind: match, when: contact.abandoned, weight: WEIGHT}
  - {id: cart_left, kind: expect, after: cart.updated, then: order.placed, within: WITHIN, restart: true}
"""


def rules(weight: int = 15, within: str = "1h", extra: str = "") -> RuleSet:
    """Two rules, or more."""
    return RuleSet(parse_rules(RULES.replace("WEIGHT", str(weight)).replace("WITHIN", within) + extra))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with three days of the retailer, folded by the default pack; some rows are double."""
    folder = tmp_path_factory.mktemp("data")
    retailer = Retailer(5, START, history=3 * DAY, rate=0.03)
    lines = []
    for one in retailer.until(START):
        event = to_event(Envelope.model_validate_json(orjson.dumps(one.envelope())), received_at_ms=one.due)
        lines.append(msgspec.json.encode(event))
    with open_store(folder / "store") as store:
        log = MemoryLog()
        for first in range(0, len(lines), 1_000):
            log.append("touchpoints", lines[first : first + 1_000], START)
        worker = Worker(log, store, load_rules())
        for record in worker.read():
            worker.flush([record], START)
        while worker.flush([], START) is not None:
            pass
        sql = (
            "SELECT * REPLACE (toUnixTimestamp64Milli(time) AS time, "
            "toUnixTimestamp64Milli(received_at) AS received_at) FROM events WHERE cityHash64(id) % 10 = 0"
        )
        twice = store.query(sql)
        columns = zip(*twice.result_rows, strict=True)
        store.insert("events", dict(zip(twice.column_names, map(list, columns), strict=True)), "twice")
    return folder


@pytest.fixture
def shop(data: Path) -> Iterator[Store]:
    """The store in the folder."""
    with open_store(data / "store") as store:
        yield store


def tried(store: Store, given: RuleSet, in_force: RuleSet, since: int = START - 3 * DAY) -> Backtest:
    """A backtest over the whole store."""
    return backtest(histories(store), given, in_force, since, START)


def test_the_rules_in_force_change_nothing(shop: Store) -> None:
    """Compared with themselves, the rules find what the store holds, and no grade changes."""
    found = tried(shop, load_rules(), load_rules())
    sql = "SELECT rule, count() FROM current_frictions WHERE opened_at < {until:DateTime64(3)} GROUP BY rule"
    held = shop.query(sql, {"until": f"{START / 1000}"}).result_rows
    counted = {one.rule: one.signals_before for one in found.rules.values() if one.signals_before}
    assert counted == dict(held)
    assert len(held) > 20
    assert all(one.signals_before == one.signals_after for one in found.rules.values())
    assert not any(one.new or one.gone for one in found.rules.values())
    assert (found.regraded, found.examples) == (0, [])
    assert found.alerts_before == found.alerts_after > 0
    grades = dict(shop.query("SELECT grade, count() FROM current_journeys GROUP BY grade").result_rows)
    assert {before: count for (before, _), count in found.grades.items()} == grades


def test_portions_change_nothing(shop: Store) -> None:
    """Read in many small parts and pages, everyone's events are the same, in order and each once."""
    whole = dict(histories(shop))
    parted = list(histories(shop, part_events=2_000, page_events=300))
    assert len(parted) == len(whole) > 500
    assert dict(parted) == whole
    assert sum(map(len, whole.values())) == shop.query("SELECT uniqExact(id) FROM events").result_rows[0][0]
    for events in whole.values():
        assert events == in_order(events)


def test_progress_is_reported_after_each_part(shop: Store) -> None:
    """Progress goes from zero to all parts."""
    progress: list[tuple[int, int]] = []
    for _ in histories(shop, lambda done, parts: progress.append((done, parts)), part_events=2_000):
        pass
    parts = progress[0][1]
    assert parts > 2
    assert progress == [(done, parts) for done in range(parts + 1)]


def test_a_shorter_wait_finds_more(shop: Store) -> None:
    """New signals are counted where they are new; rules that stay the same have none."""
    found = tried(shop, rules(within="10m"), rules()).rules
    assert found["cart_left"].signals_after > found["cart_left"].signals_before > 0
    added = found["cart_left"].signals_after - found["cart_left"].signals_before
    assert found["cart_left"].new - found["cart_left"].gone == added
    assert (found["gave_up"].new, found["gave_up"].gone) == (0, 0)


def test_another_weight_changes_grades(shop: Store) -> None:
    """Who met a rule that weighs more is graded lower; the worst come first, ten at most."""
    found = tried(shop, rules(weight=60), rules())
    assert found.regraded > 10
    assert len(found.examples) == 10
    falls = [one.score_before - one.score_after for one in found.examples]
    assert falls == sorted(falls, reverse=True)
    assert all(one.grade_after in "DF" for one in found.examples)
    assert not any(one.new or one.gone for one in found.rules.values())


def test_added_and_dropped_rules_are_reported(shop: Store) -> None:
    """Signals of a rule that only one set has are all new or all gone."""
    more = rules(extra="  - {id: denied, kind: match, when: request.denied}\n")
    gained, lost = tried(shop, more, rules()).rules["denied"], tried(shop, rules(), more).rules["denied"]
    assert (gained.signals_before, gained.new) == (0, gained.signals_after)
    assert (lost.signals_after, lost.gone) == (0, lost.signals_before)
    assert gained.new == lost.gone > 0


def test_only_signals_since_then_are_counted(shop: Store) -> None:
    """What opened before the span is folded, and not counted."""
    whole, last = tried(shop, rules(), rules()), tried(shop, rules(), rules(), START - DAY)
    assert 0 < last.rules["gave_up"].signals_after < whole.rules["gave_up"].signals_after
    assert (last.days, whole.days) == (1, 3)
    assert last.events == whole.events


def test_alerts_are_hours_of_rules_that_name_channels(shop: Store) -> None:
    """One rule with a channel alerts in each hour that has a signal; with none named, all rules do."""
    extra = "  - {id: denied, kind: match, when: request.denied, channels: [pager]}\n"
    found = tried(shop, rules(extra=extra), rules())
    hours = shop.query(
        "SELECT uniqExact(toStartOfHour(time)) FROM events WHERE type = 'request.denied' "
        "AND time < fromUnixTimestamp64Milli({until:Int64})",
        {"until": START},
    ).result_rows[0][0]
    assert (found.alerts_before, found.alerts_after) == (0, hours)
    unnamed = tried(shop, rules(), rules())
    assert unnamed.alerts_after == sum(len(one.hours_after) for one in unnamed.rules.values()) > hours


def command(*arguments: Any) -> Result:
    """The command line."""
    return CliRunner().invoke(app, ["backtest", *map(str, arguments)])


def test_the_command_says_what_would_change(data: Path, tmp_path: Path) -> None:
    """A table for people, an object for scripts, and the store is as it was."""
    given, in_force = tmp_path / "given.yaml", tmp_path / "force.yaml"
    given.write_text(RULES.replace("WEIGHT", "60").replace("WITHIN", "10m"))
    in_force.write_text(RULES.replace("WEIGHT", "15").replace("WITHIN", "1h"))
    arguments = (given, "--in-force", in_force, "--data", data, "--since", "2d")
    shown = command(*arguments)
    assert shown.exit_code == 0, shown.output
    assert "cart_left" in shown.stdout
    assert "customers change grade" in shown.stdout
    report = orjson.loads(command(*arguments, "--json").stdout)
    cart = next(rule for rule in report["rules"] if rule["rule"] == "cart_left")
    assert cart["new"] > 0
    assert cart["signals_a_day_after"] == pytest.approx(cart["signals_after"] / report["days"])
    assert (
        report["regraded"] == sum(g["customers"] for g in report["grades"] if g["before"] != g["after"]) > 0
    )
    with open_store(data / "store", create=False) as store:
        assert store.query("SELECT countIf(rule = 'cart_left') FROM frictions").result_rows == [[0]]


def test_the_command_refuses_what_it_cannot_use(data: Path, tmp_path: Path) -> None:
    """Bad rules, no store, an empty span: each is said, and the code is not 0."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("rules: [{id: x, kind: match, when: page.viewed, wieght: 3}]")
    found = command(bad, "--data", data)
    assert (found.exit_code, "wieght" in found.output) == (1, True)
    fine = tmp_path / "fine.yaml"
    fine.write_text(RULES.replace("WEIGHT", "60").replace("WITHIN", "10m"))
    assert "there is no store" in command(fine, "--data", tmp_path / "none").output
    found = command(fine, "--data", data, "--since", "soon")
    assert (found.exit_code, "--since soon: write how far back, such as 7d" in found.output) == (2, True)
