import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from benchmarks import collector
from benchmarks.support.bodies import segment_bodies

from touchline.collector.acceptance import accept
from touchline.collector.dialects.dialect import Received
from touchline.collector.dialects.segment import SEGMENT
from touchline.panels import PANELS

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=400,
    )


def measured(*arguments: str, **environment: str) -> dict[str, Any]:
    done = run(*arguments, "--json", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def fold() -> dict[str, Any]:
    # Without a compiler: the compiled fold is measured where its wheel is built, in tests/wheel.
    return measured("fold", "--events", "3000", "--rounds", "1", PATH=str(Path(sys.executable).parent))


@pytest.mark.slow
def test_the_fold_is_measured_in_every_order_of_arrival(fold: dict[str, Any]) -> None:
    """In-order, late and merged traffic each have a rate, and late events cause refolds."""
    figures = fold["figures"]
    ways = ("in_order", "held", "held_1_percent_late", "held_10_percent_late", "held_with_merges")
    assert all(figures[way]["events_per_second"] > 0 for way in ways)
    assert figures["held"]["anew_per_event"] == 0
    assert 0.005 < figures["held_1_percent_late"]["anew_per_event"] < 0.02
    assert 0.04 < figures["held_10_percent_late"]["anew_per_event"] <= 0.11
    assert figures["held_with_merges"]["anew_per_event"] > 0


@pytest.mark.slow
def test_a_late_event_of_a_robot_costs_a_part_of_its_history(fold: dict[str, Any]) -> None:
    """A late event among 100,000 has no more folded again than lie behind the last snapshot before it."""
    assert 0 < fold["figures"]["robot_late"]["refolded_per_event"] < 10_000


@pytest.mark.slow
def test_the_comparisons_find_the_frictions_that_the_fold_finds(fold: dict[str, Any]) -> None:
    """The same pack written on dictionaries finds the same frictions in the same events."""
    assert fold["failed"] == []
    assert fold["figures"]["frictions"] > 100
    assert fold["ratios"]["in_order/dictionaries"] > 0


@pytest.mark.slow
def test_what_is_not_measured_is_said(fold: dict[str, Any]) -> None:
    """Where there is no compiler, a note says that the compiled wheel is missing, and why."""
    assert not any(name.startswith("compiled") for name in fold["figures"])
    assert any("no C compiler (cc)" in note for note in fold["notes"])


@pytest.mark.slow
def test_the_report_says_what_it_ran_on(fold: dict[str, Any]) -> None:
    """The object names the benchmark and the machine, as the contract has it."""
    assert fold["benchmark"] == "fold"
    assert {"cpu", "cores", "python", "load"} <= fold["machine"].keys()


@pytest.mark.slow
def test_what_customers_own_adds_up_to_what_the_process_grew_by() -> None:
    """The breakdown by objects explains what the allocator gave out, within a fifth."""
    found = measured("memory", "--customers", "2000", "--sample", "2000")
    figures = found["figures"]
    explained = sum(value["bytes"] for value in figures.values() if isinstance(value, dict))
    assert found["benchmark"] == "memory"
    assert figures["customers"] == 2000
    assert explained == pytest.approx(figures["traced_bytes_per_customer"], rel=0.2)


def test_without_json_it_is_a_table() -> None:
    """A person gets rows with names."""
    done = run("memory", "--customers", "200", "--sample", "100")
    assert done.returncode == 0, done.stderr
    assert "bytes_per_customer" in done.stdout
    assert "target/bytes_per_customer" in done.stdout


def test_an_unknown_benchmark_is_a_usage_error() -> None:
    """The message names those that there are."""
    done = run("speed")
    assert done.returncode == 2
    assert "fold" in done.stderr


@pytest.mark.long
def test_an_event_is_measured_as_the_store_grows() -> None:
    """Each requested size has a cost above zero."""
    found = measured("growth", "--events", "5000", "--measured", "400", "--quiet", "0")
    sizes = [name for name in found["figures"] if name.endswith(" events")]
    assert sizes == ["100 events", "500 events", "2,000 events", "5,000 events"]
    assert all(found["figures"][size]["cpu_us_per_event"] > 0 for size in sizes)
    assert found["ratios"]["last/first"] > 0


@pytest.mark.long
def test_a_start_is_measured_to_the_first_event() -> None:
    """The start is measured with and without customers, up to the first processed record."""
    found = measured("recovery", "--customers", "300", "--starts", "1")
    for kind in ("full", "empty"):
        assert 0 < found["figures"][kind]["cpu_seconds_median"] < found["figures"][kind]["seconds_most"] * 64
    assert found["figures"]["with_an_obligation"] == 3


@pytest.mark.long
def test_new_links_are_measured_over_stored_customers() -> None:
    """Every new link is decided and gives a device to a stored customer; start and memory are reported."""
    found = measured("identity", "--customers", "300", "--links", "250")
    figures = found["figures"]
    assert (figures["links"], figures["customers"]) == (250, 300)
    assert figures["moves"] >= 250
    assert 0 < figures["start_mb"] <= figures["peak_mb"]
    assert figures["cpu_us_per_link"] > 0


@pytest.mark.long
def test_every_panel_is_measured_on_copies_of_a_week(tmp_path: Path) -> None:
    """The store has the requested size, each panel has a time, and the shown customer has events."""
    kept = ("panels", "--events", "6000", "--rounds", "1", "--store", str(tmp_path / "store"))
    found = measured(*kept)
    figures = found["figures"]
    assert 4000 < figures["stored_events"] < 8000
    assert {panel.id for panel in PANELS} <= figures.keys()
    assert figures["customer_events"]["rows"] > 0
    assert found["ratios"]["limit/slowest"] > 0
    longer = measured(*kept, "--period", "90d")
    assert longer["figures"]["stored_events"] == figures["stored_events"]
    assert longer["figures"]["queues"]["rows"] >= figures["queues"]["rows"] > 0
    assert "over 90d" in longer["notes"][0]


@pytest.mark.long
def test_the_sdk_is_measured_sending_and_in_an_outage() -> None:
    """A call and an event have a cost, with a spool and a bound customer, too, and so has writing to disk."""
    figures = measured("sdk", "--events", "1000", "--rounds", "1")["figures"]
    for row in ("touchline", "touchline_full", "touchline_outage"):
        assert 0 < figures[row]["call_p50_us"] < 1_000
        assert figures[row]["cpu_us_per_event"] > 0
        assert figures[row]["events_per_second"] > 0


@pytest.mark.slow
def test_the_collector_is_measured_by_what_it_stored() -> None:
    """Every request is answered and every event stored; rate, times and memory are measured."""
    report = collector.measure(seconds=1, ways=("single",))
    assert report.failed == []
    figures = report.figures["single"]
    assert figures["events_per_second"] == figures["requests_per_second"] > 0
    assert 0 < figures["p50_ms"] <= figures["p99_ms"]
    assert figures["memory_mb_early"] > 0
    assert set(report.ratios) == {"single/target"}


def test_bodies_of_segments_clients_are_stored_as_types_of_the_vocabulary() -> None:
    """The benchmark's calls are such as clients send: none is refused, most have types of their own."""
    (body,) = segment_bodies(1, 7)
    received = Received(body, 1_790_000_000_000, "shop", path="/v1/batch")
    acceptance = accept(received, dialect=SEGMENT)
    assert {result.status for result in acceptance.results} == {"stored"}
    types = [orjson.loads(line)["type"] for line in acceptance.batch.touchpoints]
    assert sum(one.startswith("custom.") for one in types) <= 2


@pytest.mark.slow
def test_insight_is_measured_on_planted_effects_and_causes() -> None:
    """Each simulation has its share of intervals that hold the effect; explain finds the cause."""
    done = run("insight", "--runs", "2", "--shops", "0", "--json")
    figures = orjson.loads(done.stdout)["figures"]
    assert figures["explain"]["cause_first"] == 1
    assert figures["impact_large"]["says_loss"] == 1
    assert all(0 <= row["interval_holds"] <= 1 for name, row in figures.items() if name != "explain")
