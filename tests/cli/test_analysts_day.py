"""An analyst's day: exports of a call centre and a shop become customers and frictions, with YAML alone.

The files are as spreadsheets write them: semicolons, cp1252, local times, national numbers, decimal commas.
"""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

Command = Callable[..., Result]
Ask = Callable[[Path, str], list[dict[str, Any]]]

CALLS = 120


@pytest.fixture
def analyst(touchline: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, as set up in the country in which numbers without a country code are."""
    monkeypatch.setenv("TOUCHLINE_REGION", "DE")
    return touchline


def _written(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("cp1252")


def _call(number: int) -> dict[str, str]:
    """A call on New Year's Eve; each fourth caller hangs up, each tenth withholds the number."""
    return {
        "Anrufnummer": str(7_000 + number),
        "Beginn": f"31.12.2025 {20 + number // 60}:{number % 60:02}",
        "Rufnummer": "" if number % 10 == 9 else f"0171 23456{number % 40:02}",
        "Anliegen": "Störung" if number % 2 else "Kündigung",
        "Wartezeit": str(5 + number),
        "Ergebnis": "aufgelegt" if number % 4 == 0 else "angenommen",
        "Mitarbeiter": "" if number % 4 == 0 else "Jürgen Groß",
    }


def _order(number: int) -> dict[str, str]:
    """An order of one of the callers, in winter or summer time."""
    winter = f"2025-12-{1 + number % 28:02}T10:00:00+01:00"
    return {
        "Bestellnr": f"B-{number}",
        "Datum": winter if number % 2 else "2025-07-01T10:00:00+02:00",
        "Telefon": f"+49 171 23456{number % 40:02}",
        "E-Mail": f"Käufer{number % 40}@Example.de",
        "Betrag": f"1.{number:03},5",
        "Währung": "EUR",
    }


@pytest.mark.slow
def test_an_analysts_day(analyst: Command, ask: Ask, tmp_path: Path) -> None:
    """Suggested mappings need a zone and nothing else; the numbers in the store are those of the files."""
    calls, orders, data = tmp_path / "anrufe.csv", tmp_path / "bestellungen.csv", tmp_path / "data"
    calls.write_bytes(_written([_call(number) for number in range(CALLS)]))
    orders.write_bytes(_written([_order(number) for number in range(CALLS)]))

    for file in (calls, orders):
        said = analyst("import", "--suggest", file)
        assert said.exit_code == 0, said.output
        mapping = file.with_suffix(".yaml")
        mapping.write_text(said.stdout.replace("zone: UTC", "zone: Europe/Berlin"), encoding="utf-8")
        rehearsed = analyst("import", file, "--map", mapping, "--dry-run", "--strict", "--json")
        assert rehearsed.exit_code == 0, rehearsed.stderr
        (one,) = orjson.loads(rehearsed.stdout)
        assert (one["rows"], one["refused"], one["stops"]) == (CALLS, 0, False)
        assert len(one["shown"]) == 50
        done = analyst("import", file, "--map", mapping, "--data", data, "--strict")
        assert done.exit_code == 0, done.output

    counts = {row["type"]: int(row["n"]) for row in ask(data, _COUNTS)}
    abandoned = sum(_call(number)["Ergebnis"] == "aufgelegt" for number in range(CALLS))
    assert counts == {
        "contact.started": CALLS,
        "contact.queued": CALLS,
        "contact.answered": CALLS - abandoned,
        "contact.abandoned": abandoned,
        "order.placed": CALLS,
    }
    # 23:15 in Berlin is 22:15 in UTC, and the answer comes after the wait.
    (late,) = ask(
        data,
        "SELECT toString(time) AS time, JSONExtractString(data, 'agent') AS agent, identifiers,"
        " JSONExtractString(data, 'reason') AS reason"
        " FROM events WHERE type = 'contact.started' AND JSONExtractString(data, 'contact_id') = '7075'",
    )
    assert late["time"] == "2025-12-31 20:15:00.000"
    assert (late["agent"], late["reason"]) == ("Jürgen Groß", "Störung")
    (answer,) = ask(
        data,
        "SELECT toString(time) AS time FROM events"
        " WHERE type = 'contact.answered' AND JSONExtractString(data, 'contact_id') = '7075'",
    )
    assert answer["time"] == "2025-12-31 20:16:20.000"
    # The number of a call and that of an order are one customer, however each is written.
    (customer,) = ask(
        data,
        "SELECT count() AS events, groupUniqArray(source) AS sources FROM events"
        " WHERE has(identifiers, 'phone:+491712345601')",
    )
    assert sorted(customer["sources"]) == ["anrufe", "bestellungen"]
    (priced,) = ask(data, "SELECT count() AS n FROM events WHERE JSONExtractString(data, 'currency') = 'EUR'")
    assert int(priced["n"]) == CALLS
    (total,) = ask(data, "SELECT sum(JSONExtractFloat(data, 'value')) AS total FROM events")
    assert float(total["total"]) == pytest.approx(sum(1_000.5 + number for number in range(CALLS)))


_COUNTS = "SELECT type, count() AS n FROM events GROUP BY type"


@pytest.mark.slow
def test_a_biased_half_is_refused_and_a_mended_mapping_replaces_it(
    analyst: Command, ask: Ask, tmp_path: Path
) -> None:
    """Rows that fail for one reason are a biased part: they stop the import, until the mapping is right."""
    calls, data = tmp_path / "anrufe.csv", tmp_path / "data"
    rows = [_call(number) for number in range(CALLS)]
    for row in rows[CALLS // 2 :]:
        row["Beginn"] = row["Beginn"].replace(".", "/")
    calls.write_bytes(_written(rows))
    mapping = tmp_path / "anrufe.yaml"
    suggested = analyst("import", "--suggest", calls).stdout
    right = suggested.replace("zone: UTC", "zone: Europe/Berlin")
    mapping.write_text(right.replace("format: dmy, ", ""), encoding="utf-8")
    said = analyst("import", calls, "--map", mapping, "--data", data)
    assert said.exit_code == 1
    assert "60 of 120 rows refused (50 %), more than 5 %: nothing was imported" in said.stderr
    assert "set format: dmy or format: mdy" in said.stderr
    assert not data.exists()

    mapping.write_text(right, encoding="utf-8")
    said = analyst("import", calls, "--map", mapping, "--data", data)
    assert said.exit_code == 0, said.output
    # The zone was wrong: the same file is imported again.
    mapping.write_text(right.replace("Europe/Berlin", "Europe/London"), encoding="utf-8")
    said = analyst("import", calls, "--map", mapping, "--data", data, "--again")
    assert said.exit_code == 0, said.output
    assert "360 events of an earlier import withdrawn" in said.stdout
    assert ask(data, "SELECT toString(min(time)) AS first, count() AS n FROM events") == [
        {"first": "2025-12-31 20:00:00.000", "n": ask(data, "SELECT toUInt64(360) AS n")[0]["n"]}
    ]
