"""The real sets through the whole pipeline: what is in the store agrees with plain SQL over the files.

Each set is imported once by the command, in a process of its own, with the rules file of the docs.
"""

import csv
import gzip
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from math import inf
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import orjson
import pytest

from touchline.config.rule_packs import load_rules
from touchline.engine.customers.fold import fold
from touchline.friction import RuleSet
from touchline.measures import BY_NAME, Span, evaluate
from touchline.store import Store, open_store
from touchline.store.histories import histories

pytestmark = pytest.mark.slow

Real = Callable[[str], Path]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
BANK = ("bank_calls_1999/january.csv.gz", "bank_calls_1999/february.csv.gz")
INCIDENTS = ("incident_log/incident_event_log.csv.gz",)
LIMIT = 300


def _imported(files: list[Path], mapping: str, data: Path) -> None:
    """Run the import as a user does; nothing may be quarantined or there already."""
    rules = EXAMPLES / f"{mapping}.rules.yaml"
    said = subprocess.run(
        [
            *(sys.executable, "-m", "touchline.cli", "import", *map(str, files)),
            *("--map", mapping, "--rules", str(rules), "--data", str(data), "--json"),
        ],
        capture_output=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")},
        cwd=data.parent,
        timeout=LIMIT,
    )
    assert said.returncode == 0, said.stderr.decode()
    done = orjson.loads(said.stdout)
    assert done["stored"] == done["events"] > 100_000
    assert done["quarantined"] == done["duplicates"] == 0


@pytest.fixture(scope="module")
def bank(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two months of calls."""
    files = [real(name) for name in BANK]
    data = tmp_path_factory.mktemp("bank") / "data"
    _imported(files, "bank_calls_1999", data)
    return data


@pytest.fixture(scope="module")
def desk(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the incidents of a service desk."""
    files = [real(name) for name in INCIDENTS]
    data = tmp_path_factory.mktemp("desk") / "data"
    _imported(files, "incident_log", data)
    return data


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Store]]:
    """Open the store of a data folder; it is closed at the end of the test."""
    stores: list[Store] = []

    def _opened(data: Path) -> Store:
        stores.append(open_store(data / "store"))
        return stores[-1]

    yield _opened
    for store in stores:
        store.close()


def _found(store: Store) -> dict[str, int]:
    rows = store.query("SELECT rule, count() FROM current_frictions GROUP BY rule").result_rows
    return {rule: int(count) for rule, count in rows}


@pytest.mark.long
def test_frictions_of_bank_calls_agree_with_sql(
    bank: Path, opened: Callable[[Path], Store], real: Real, crosscheck: ModuleType
) -> None:
    """Calls given up in the queue and bursts of calls within a day are as many as SQL counts."""
    calls = crosscheck.loaded("calls", [real(name) for name in BANK])
    found = _found(opened(bank))
    assert found == {
        "queue_abandoned": crosscheck.count(calls, "bank_abandoned_in_queue"),
        "called_again_within_a_day": crosscheck.count(calls, "bank_repeated_calls"),
    }
    assert found == {"queue_abandoned": 7064, "called_again_within_a_day": 4049}


def test_the_default_pack_counts_the_queue_alike() -> None:
    """The rule that is compared with SQL is the default pack's: what it says about events is the same."""
    (ours,) = (
        one
        for one in load_rules(EXAMPLES / "bank_calls_1999.rules.yaml").rules
        if one.id == "queue_abandoned"
    )
    (packed,) = (one for one in load_rules().rules if one.id == "queue_abandoned")
    assert ours.model_dump(exclude={"why", "title", "owner"}) == packed.model_dump(
        exclude={"why", "title", "owner"}
    )


def test_frictions_of_incidents_agree_with_sql(
    desk: Path, opened: Callable[[Path], Store], real: Real, crosscheck: ModuleType
) -> None:
    """Callers back within a week and incidents reassigned thrice are as many as SQL counts."""
    log = crosscheck.loaded("log", [real(name) for name in INCIDENTS])
    found = _found(opened(desk))
    assert found == {
        "contacted_again_within_a_week": crosscheck.count(log, "incident_repeated_contacts"),
        "reassigned_three_times": crosscheck.count(log, "incident_reassigned_thrice"),
    }
    assert found == {"contacted_again_within_a_week": 4856, "reassigned_three_times": 2848}


def _measured(store: Store, name: str, since: datetime, until: datetime) -> tuple[float, float]:
    span = Span(int(since.timestamp() * 1000), int(until.timestamp() * 1000))
    [reading] = evaluate(
        lambda sql, parameters: store.query(sql, dict(parameters)).result_rows,
        span,
        {},
        measures=[BY_NAME[name]],
        now=span.until,
    )
    return reading.numerator, reading.denominator


@pytest.mark.long
def test_first_contact_resolution_of_bank_calls_agrees_with_sql(
    bank: Path, opened: Callable[[Path], Store], real: Real, crosscheck: ModuleType
) -> None:
    """January's first calls, and those that were enough, are as many as SQL counts; it is one channel."""
    calls = crosscheck.loaded("calls", [real(name) for name in BANK])
    zone = ZoneInfo("Asia/Jerusalem")
    month = datetime(1999, 1, 1, tzinfo=zone), datetime(1999, 2, 1, tzinfo=zone)
    store = opened(bank)
    found = _measured(store, "first_contact_resolution", *month)
    assert found == crosscheck.counts(calls, "bank_first_contact_resolution") == (19198, 20789)
    assert _measured(store, "one_contact_resolution", *month) == found


def test_contact_resolution_of_incidents_agrees_with_sql(
    desk: Path, opened: Callable[[Path], Store], real: Real, crosscheck: ModuleType
) -> None:
    """March's first incidents, and those that were enough, are as many as SQL counts, in both measures."""
    log = crosscheck.loaded("log", [real(name) for name in INCIDENTS])
    utc = ZoneInfo("UTC")
    month = datetime(2016, 3, 1, tzinfo=utc), datetime(2016, 4, 1, tzinfo=utc)
    store = opened(desk)
    found = (
        *_measured(store, "one_contact_resolution", *month),
        *_measured(store, "first_contact_resolution", *month),
    )
    assert (
        found
        == crosscheck.counts(log, "incident_contact_resolution")
        == (
            6320,
            7342,
            6320,
            7342,
        )
    )


def _strike_outs(store: Store, rules: RuleSet) -> int:
    """Fold the stored histories by other rules than those of the import."""
    now = store.newest() or 0
    return sum(
        signal.rule == "strike_out"
        for _, events in histories(store)
        for signal in fold(events, rules, now).signals
    )


@pytest.mark.long
def test_strike_outs_of_bank_calls_agree_with_sql(
    bank: Path, opened: Callable[[Path], Store], real: Real, crosscheck: ModuleType
) -> None:
    """Three frictions of the default pack within a week are as many as SQL counts."""
    names = ("menu_abandoned", "queue_abandoned", "long_wait", "repeat_contact", "strike_out")
    rules = RuleSet(rule for rule in load_rules().rules if rule.id in names)
    calls = crosscheck.loaded("calls", [real(name) for name in BANK])
    assert _strike_outs(opened(bank), rules) == crosscheck.count(calls, "bank_strike_outs") == 549


def test_strike_outs_of_incidents_agree_with_sql(
    desk: Path, opened: Callable[[Path], Store], real: Real, crosscheck: ModuleType
) -> None:
    """Three frictions within a week, by the whole default pack, are as many as SQL counts."""
    log = crosscheck.loaded("log", [real(name) for name in INCIDENTS])
    found = _strike_outs(opened(desk), load_rules())
    assert found == crosscheck.count(log, "incident_strike_outs") == 3168


@pytest.mark.long
def test_callers_whom_nobody_knows_are_left_out_of_what_came_next(
    bank: Path, real: Real, crosscheck: ModuleType
) -> None:
    """The audit leaves out as many customers as unidentified calls were given up in the queue."""
    calls = crosscheck.loaded("calls", [real(name) for name in BANK])
    [unknown] = calls.execute(
        "SELECT count(*) FROM calls WHERE customer_id = '0' AND outcome = 'HANG' "
        "AND (q_start <> '0:00:00' OR q_exit <> '0:00:00')"
    ).fetchone()
    rules = EXAMPLES / "bank_calls_1999.rules.yaml"
    said = subprocess.run(
        [
            *(sys.executable, "-m", "touchline.cli", "audit", "--since", "1999-01-01", "--json"),
            *("--rules", str(rules), "--data", str(bank)),
        ],
        capture_output=True,
        check=True,
        cwd=bank.parent,
        timeout=LIMIT,
    )
    [weak] = orjson.loads(said.stdout)["weak"]
    assert weak["next"]["unnamed"] == unknown == 3491


@pytest.mark.long
def test_who_hung_up_and_was_answered_later_agrees_with_the_files(bank: Path, real: Real) -> None:
    """The share of known callers who hung up and were answered within a week is that of a plain count."""
    rules = EXAMPLES / "bank_calls_1999.rules.yaml"
    said = subprocess.run(
        [
            *(sys.executable, "-m", "touchline.cli", "impact", "queue_abandoned", "--since", "1999-01-01"),
            *("--outcome", "contact.answered", "--rules", str(rules), "--data", str(bank), "--json"),
        ],
        capture_output=True,
        check=True,
        cwd=bank.parent,
        timeout=LIMIT,
    )
    [found] = orjson.loads(said.stdout)["impacts"]
    met, answered = _hung_up([real(name) for name in BANK])
    assert found["exposed"] == pytest.approx(met, rel=0.01)
    assert found["converted"]["exposed"] == pytest.approx(answered / met, abs=0.01)
    assert found["verdict"] == "loss"
    assert found["loss"] is None


def _hung_up(files: list[Path]) -> tuple[int, int]:
    """Weeks in which a known caller hung up, unanswered so far; and those answered in the week after."""
    queued, hung, answered = (defaultdict[str, list[float]](list) for _ in range(3))
    end = 0.0
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                if row["outcome"] == "PHANTOM":
                    continue
                was_queued = (row["q_start"], row["q_exit"]) != ("0:00:00", "0:00:00")
                left = _moment(row, "q_exit" if was_queued else "vru_exit")
                end, who = max(end, left), row["customer_id"]
                if was_queued:
                    queued[who].append(_moment(row, "q_start"))
                if row["outcome"] == "AGENT":
                    served = (row["ser_start"], row["ser_exit"]) != ("0:00:00", "0:00:00")
                    answered[who].append(_moment(row, "ser_start") if served else left)
                elif was_queued:
                    hung[who].append(left)
    day, met, later = 86_400, 0, 0
    for who in queued.keys() - {"0"}:
        weeks: dict[object, float] = {}
        for time in sorted(queued[who], reverse=True):
            weeks[datetime.fromtimestamp(time, ZoneInfo("UTC")).isocalendar()[:2]] = time
        for began in weeks.values():
            gave_up = min((time for time in hung[who] if time >= began), default=inf)
            helped = min((time for time in answered[who] if time >= began), default=inf)
            if gave_up < began + day and gave_up < helped and gave_up + 7 * day <= end:
                met += 1
                later += helped <= gave_up + 7 * day
    return met, later


def _moment(row: dict[str, str], column: str) -> float:
    """A clock of a row as seconds; one far before the start of the call is after midnight."""

    def clock(name: str) -> int:
        hours, minutes, seconds = map(int, row[name].split(":"))
        return hours * 3600 + minutes * 60 + seconds

    start, at = clock("vru_entry"), clock(column)
    midnight = datetime.strptime(row["date"], "%y%m%d").replace(tzinfo=ZoneInfo("Asia/Jerusalem"))
    return midnight.timestamp() + max(start, at + 86_400 * (at < start - 43_200))
