"""What audit and explain say of real sets, compared with plain computations over their files."""

import csv
import gzip
import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from touchline.cli.main import app

if TYPE_CHECKING:
    from typer.testing import Result

SETS = Path(__file__).parents[2].parent / "shared" / "data"
CARE = "ibm_care_tweets/messages_masked.csv.gz"
PACK = Path(__file__).parents[2] / "streams" / "touchline" / "rules" / "packs" / "completejourney.yaml"
SIX_WEEKS = timedelta(days=42)

Run = Callable[..., "Result"]

UNANSWERED = """
WITH message AS (
    SELECT author, company, role, julianday(datetime) AS at,
           LEAD(role) OVER one AS next_role, julianday(LEAD(datetime) OVER one) AS next_at,
           julianday(FIRST_VALUE(datetime) OVER one) AS began, conversation_duration AS lasted
    FROM messages WINDOW one AS (PARTITION BY session ORDER BY place)
), waited AS (
    SELECT author, company, next_role, instr(lasted, '-') AS lost, CASE
        WHEN next_role = 'agent' THEN 86400 * (next_at - at)
        WHEN next_role IS NULL THEN 86400 * (began - at) + substr(lasted, 1, 2) * 3600
            + substr(lasted, 4, 2) * 60 + substr(lasted, 7)
        END AS seconds
    FROM message WHERE role != 'agent'
)
SELECT company, author, count(*),
       sum(next_role IS NOT NULL AND (seconds IS NULL OR seconds > 3600.5)
           OR next_role IS NULL AND NOT lost AND seconds > 3600.5),
       sum(next_role IS NULL AND (lost OR seconds < 0))
FROM waited GROUP BY company, author
"""
"""For each company and author: messages; those surely unanswered for an hour; those of which nobody knows.

The time of the last answer has lost its days if it is before the last message, or has a hyphen.
"""


def _found(name: str) -> Path:
    """A file of the real sets; the test is skipped where it is missing, in CI it fails."""
    path = SETS / name
    if not path.exists():
        reason = f"the real data is not here: ../shared/data/{name}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def _read(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def care(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the conversations of care teams."""
    data = tmp_path_factory.mktemp("care") / "data"
    said = CliRunner().invoke(
        app,
        ["import", str(_found(CARE)), "--map", "ibm_care_tweets", "--data", str(data)],
    )
    assert said.exit_code == 0, said.output
    return data


Waits = list[tuple[str, str, int, int, int]]


@pytest.fixture(scope="module")
def waits() -> Waits:
    """Company, author, messages, those that surely waited an hour, and those of which nobody knows."""
    columns = ("session", "datetime", "role", "author", "company", "conversation_duration")
    rows = [(place, *map(row.__getitem__, columns)) for place, row in enumerate(_read(_found(CARE)))]
    with sqlite3.connect(":memory:") as base:
        base.execute(f"CREATE TABLE messages (place, {', '.join(columns)})")
        base.executemany("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return base.execute(UNANSWERED).fetchall()


@pytest.mark.slow
def test_the_audit_of_care_conversations_counts_as_sql_does(touchline: Run, care: Path, waits: Waits) -> None:
    """Unanswered mentions and their customers in the audit are those of SQLite over the same file."""
    result = touchline("audit", "--data", care, "--since", "2018-01-01", "--json")
    assert result.exit_code == 0, result.output
    [weak] = json.loads(result.stdout)["weak"]
    hits = {hit["rule"]: hit for hit in weak["hits"]}
    sure, unknown = sum(row[3] for row in waits), sum(row[4] for row in waits)
    assert weak["customers"] == len({author for _, author, *_ in waits})
    assert sure <= hits["mention_unanswered"]["frictions"] <= sure + unknown
    assert unknown < sure / 4


@pytest.mark.slow
def test_the_companies_that_explain_late_answers_are_late_by_sql(
    touchline: Run, care: Path, waits: Waits
) -> None:
    """Each company that is named has the odds of SQLite within its interval, over two years of data."""
    result = touchline("explain", "mention_unanswered", "--data", care, "--since", "2018-01-01", "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    least, most = (
        {(company, author): count > 0 for company, author, count in rows}
        for rows in (
            [(company, author, sure) for company, author, _, sure, _ in waits],
            [(company, author, sure + unknown) for company, author, _, sure, unknown in waits],
        )
    )
    known = content["affected"] + content["unmatched"]
    assert sum(least.values()) <= known <= 1.1 * sum(most.values())
    named = [found for found in content["findings"] if found["field"] == "data.company"]
    assert [found["value"] for found in named[:2]] == ["MojangSupport", "Google"]
    for found in named:
        odds = sorted(_odds(late, found["value"]) for late in (least, most))
        assert found["low"] < odds[1], found
        assert found["high"] > odds[0], found


def _odds(late: dict[tuple[str, str], bool], company: str) -> float:
    """The odds of the authors who wrote to a company, by those of all others."""
    of = [is_late for (named, _), is_late in late.items() if named == company]
    others = [is_late for (named, _), is_late in late.items() if named != company]
    return sum(of) / (len(of) - sum(of)) * (len(others) - sum(others)) / sum(others)


@pytest.mark.long
def test_households_that_stayed_away_are_those_of_the_files(touchline: Run, tmp_path: Path) -> None:
    """The audit of a year of groceries counts the gaps between visits, and the mailings without a visit."""
    folder = SETS / "completejourney"
    visits, campaigns = _found("completejourney/store_visits.csv.gz"), folder / "campaigns.csv.gz"
    given = ("--map", "completejourney", "--rules", PACK, "--data", tmp_path / "data")
    assert touchline("import", campaigns, visits, *given).exit_code == 0
    result = touchline(
        "audit", "--data", tmp_path / "data", "--rules", PACK, "--since", "2016-11-01", "--json"
    )
    assert result.exit_code == 0, result.output
    hits = {hit["rule"]: hit for weak in json.loads(result.stdout)["weak"] for hit in weak["hits"]}
    at: dict[str, list[datetime]] = defaultdict(list)
    for row in _read(visits):
        at[row["household_id"]].append(datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC))
    end = max(map(max, at.values()))
    away = [
        household
        for household, times in at.items()
        for time, following in pairwise([*sorted(set(times)), datetime.max.replace(tzinfo=UTC)])
        if time + SIX_WEEKS <= end and time + SIX_WEEKS < following
    ]
    stayed = hits["stayed_away"]
    assert (stayed["frictions"], stayed["customers"]) == (len(away), len(set(away))) == (2146, 1166)
