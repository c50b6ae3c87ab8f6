"""`touchline replay`: a log in, the contract's result out; nothing else is touched."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
import pytest
from typer.testing import Result

Command = Callable[..., Result]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
LOG, RULES = EXAMPLES / "replay.jsonl", EXAMPLES / "replay.rules.yaml"
NOW = "2026-12-06T09:10:00Z"


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def _id(name: str) -> str:
    return str(uuid5(uuid5(NAMESPACE_URL, "touchline"), name))


def test_the_example_in_the_docs(touchline: Command) -> None:
    """The example's log and rules give the example's result, which is worked out here by hand."""
    said = touchline("replay", LOG, "--rules", RULES, "--now", NOW, "--json")
    assert said.exit_code == 0, said.output
    result = orjson.loads(said.stdout)
    assert result == orjson.loads((EXAMPLES / "replay.result.json").read_bytes())

    # The device leads to the e-mail, and that to the account; the other device is somebody else.
    ann, other = _id("account:u-17"), _id("device:b0b")
    abandoned = _id("checkout_abandoned:e2")
    assert result["customers"] == {"e1": ann, "e2": ann, "e3": ann, "e4": ann, "e5": ann, "e6": other}
    # No order half an hour after e2; it comes by phone, later. The checkout of e6 has half an hour yet.
    assert result["signals"] == [
        {
            "id": abandoned,
            "rule": "checkout_abandoned",
            "anchor": "e2",
            "customer": ann,
            "opened_at": _ms("2026-11-21T10:35:00Z"),
            "resolved_at": _ms("2026-11-21T11:00:00Z"),
            "evidence": ["e2"],
        },
        {
            "id": _id(f"contact_after_friction:{abandoned}"),
            "rule": "contact_after_friction",
            "anchor": abandoned,
            "customer": ann,
            "opened_at": _ms("2026-11-21T10:50:00Z"),
            "resolved_at": None,
            "evidence": [abandoned, "e3"],
        },
    ]
    # More than 14 days lie between e4 and e5.
    first, last = _ms("2026-11-21T10:00:00Z"), _ms("2026-11-21T11:00:00Z")
    later = _ms("2026-12-06T09:00:00Z")
    journeys = [
        (ann, "e1", first, last, 4, ["web", "phone"], 30),
        (ann, "e5", later, later, 1, ["chat"], 0),
        (other, "e6", later, later, 1, ["app"], 0),
    ]
    names = ("customer", "first", "start", "last", "events", "path", "strikes")
    assert result["journeys"] == [
        {"id": _id(f"journey:{row[1]}"), **dict(zip(names, row, strict=True))} for row in journeys
    ]


@pytest.mark.parametrize(
    ("now", "open_checkouts"),
    [
        ("2026-12-06T09:29:59.999Z", 0),
        ("2026-12-06T09:30:00Z", 1),
        ("2026-12-06T10:30:00+01:00", 1),
        ("2026-12-06T10:29:59.999+01:00", 0),
        (str(_ms("2026-12-06T09:30:00Z")), 1),
        (None, 0),
    ],
)
def test_the_evaluation_time(touchline: Command, now: str | None, open_checkouts: int) -> None:
    """`--now` says what is missed by then, in any zone or in milliseconds; else the log's end does."""
    given = [] if now is None else ["--now", now]
    said = touchline("replay", LOG, "--rules", RULES, *given, "--json")
    assert said.exit_code == 0, said.output
    signals = orjson.loads(said.stdout)["signals"]
    assert sum(one["anchor"] == "e6" for one in signals) == open_checkouts


@pytest.mark.parametrize("now", ["2026-12-06T09:30:00", "yesterday", "-5"])
def test_an_evaluation_time_that_is_none(touchline: Command, now: str) -> None:
    """A time without a zone, or no time at all, is a wrong use of the command, which shows a right one."""
    said = touchline("replay", LOG, f"--now={now}")
    assert said.exit_code == 2
    assert "write a time with its zone, such as 2026-11-21T10:00:00Z" in said.stderr


def test_standard_input_files_and_packed_files_are_one(touchline: Command, tmp_path: Path) -> None:
    """The log may come on standard input, packed, or in several files."""
    text = LOG.read_bytes()
    lines = text.splitlines(keepends=True)
    packed, rest = tmp_path / "log.jsonl.gz", tmp_path / "rest.jsonl"
    packed.write_bytes(gzip.compress(b"".join(lines[:3])))
    rest.write_bytes(b"".join(lines[3:]))
    rules = ("--rules", RULES, "--json")
    whole = touchline("replay", LOG, *rules)
    assert whole.exit_code == 0, whole.output
    assert touchline("replay", "-", *rules, stdin=text).stdout == whole.stdout
    assert touchline("replay", packed, rest, *rules).stdout == whole.stdout
    assert touchline("replay", packed, "-", *rules, stdin=b"".join(lines[3:])).stdout == whole.stdout


def test_lines_that_are_no_events_are_named(touchline: Command, lines: Any) -> None:
    """Each such line is named with its file and number on standard error; the others count."""
    good = LOG.read_bytes().splitlines()
    one = orjson.loads(good[0])
    file = lines(
        [
            good[0],
            b"{cut off",
            b"",
            {**one, "time": "2026-11-21T10:00:00"},
            {**one, "identifiers": {"account": "unknown"}, "data": {}},
            {**one, "colour": "red"},
            {**one, "type": "a.type_of_ours", "id": "e9"},
            b"[]",
        ]
    )
    said = touchline("replay", file, "--json")
    assert said.exit_code == 0, said.output
    assert set(orjson.loads(said.stdout)["customers"]) == {"e1", "e9"}
    named = said.stderr.splitlines()
    assert [line.split(": ")[:2] for line in named[1:4]] == [
        [f"{file}:4", "time"],
        [f"{file}:5", "identifiers"],
        [f"{file}:6", "colour"],
    ]
    assert named[0].startswith(f"{file}:2: ")
    assert named[4].startswith(f"{file}:8: ")
    assert named[5:] == ["5 of 7 lines are no events and were left out"]


def test_a_log_without_any_event_fails(touchline: Command, lines: Any) -> None:
    """A file of something else is a failure; an empty log has an empty result."""
    said = touchline("replay", lines([b"no,at", b"1,2"], "calls.csv"), "--json")
    assert said.exit_code == 1
    assert "2 of 2 lines are no events" in said.stderr
    empty = touchline("replay", lines([], "empty.jsonl"), "--json")
    assert empty.exit_code == 0, empty.output
    assert orjson.loads(empty.stdout) == {"customers": {}, "signals": [], "journeys": []}


def test_times_are_in_the_zone_of_the_settings(touchline: Command, tmp_path: Path) -> None:
    """The table shows times in the zone of the settings, and names it."""
    (tmp_path / "touchline.toml").write_text('zone = "Europe/Berlin"\n')
    said = touchline("replay", LOG, "--rules", RULES, "--now", NOW)
    assert "2026-11-21 11:35:00 CET │ checkout_abandoned" in said.stdout


def test_a_table_that_goes_into_a_file_has_its_rows_whole(
    touchline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no terminal, no value is broken over lines or cut."""
    monkeypatch.delenv("COLUMNS")
    said = touchline("replay", LOG, "--rules", RULES, "--now", NOW)
    assert any(
        "contact_after_friction" in line and _id("account:u-17") in line for line in said.stdout.splitlines()
    )


def test_files_that_cannot_be_read(touchline: Command, lines: Any) -> None:
    """A missing log, a damaged one and missing rules are named, with an exit code."""
    gone = touchline("replay", "gone.jsonl")
    assert gone.exit_code == 1
    assert "gone.jsonl: cannot be read" in gone.stderr
    damaged = lines([b"x" * 100], "damaged.jsonl.gz")
    damaged.write_bytes(damaged.read_bytes()[:-12])
    assert touchline("replay", damaged).exit_code == 1
    damaged.write_bytes(b"not packed at all")
    said = touchline("replay", damaged)
    assert said.exit_code == 1
    assert f"{damaged}: cannot be read" in said.stderr
    rules = touchline("replay", LOG, "--rules", "gone.yaml")
    assert rules.exit_code == 1
    assert "gone.yaml: cannot be read" in rules.stderr
    assert touchline("replay").exit_code == 2


def test_rules_that_cannot_be_used_name_every_fault(touchline: Command, tmp_path: Path) -> None:
    """A wrong rules file is refused with the file, the rule and the field of each fault."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "  - {id: again, kind: repeat, of: contact.started, count: 1, within: 7d}\n"
        "  - {id: late, kind: expect, after: promise.made, then: promise.kept, within: soon}\n"
    )
    said = touchline("replay", LOG, "--rules", rules)
    assert said.exit_code == 1
    assert said.stdout == ""
    for word in ("rules.yaml", "again", "count", "late", "within"):
        assert word in said.stderr
    rules.write_text("rules: [")
    said = touchline("replay", LOG, "--rules", rules)
    assert said.exit_code == 1
    assert "rules.yaml" in said.stderr


def test_what_a_person_sees(touchline: Command) -> None:
    """Without --json there is a table of the signals, and the counts."""
    text = LOG.read_bytes()
    said = touchline("replay", "-", "--rules", RULES, "--now", NOW, stdin=text + text.splitlines()[0])
    assert said.exit_code == 0, said.output
    assert "2026-11-21 10:35:00 UTC │ checkout_abandoned" in said.stdout
    assert "6 events and 1 duplicate, 2 customers, 3 journeys, 2 signals" in said.stdout


def test_the_default_pack_is_in_force_without_a_rules_file(touchline: Command) -> None:
    """Without --rules, the rules that ship with the product find the abandoned checkout."""
    said = touchline("replay", LOG, "--json")
    assert ("checkout_abandoned", "e2") in {
        (one["rule"], one["anchor"]) for one in orjson.loads(said.stdout)["signals"]
    }


@pytest.mark.parametrize("rules", sorted(EXAMPLES.glob("*.rules.yaml")), ids=lambda path: path.name)
def test_the_rules_in_the_docs_can_be_used(touchline: Command, rules: Path) -> None:
    """Every rules file of the docs is one that the product takes."""
    said = touchline("replay", LOG, "--rules", rules)
    assert said.exit_code == 0, said.output
