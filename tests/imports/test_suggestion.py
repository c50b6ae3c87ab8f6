"""`--suggest`: a mapping from the names and values of columns, which the loader accepts as it is."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from touchline.collector.acceptance import accept_each
from touchline.imports import FileOptions, load_mapping, read_events
from touchline.imports.suggestion.columns import look
from touchline.imports.suggestion.document import suggest
from touchline.imports.suggestion.sampling import Sample, take_sample
from touchline.imports.yaml_mapping.document import load_yaml
from touchline.vocabulary.normaliser import Normaliser
from touchline.vocabulary.validation import Validator

Rows = list[dict[str, Any]]
Suggested = Callable[..., tuple[dict[str, Any], str]]

NOW = 1_800_000_000_000


@pytest.fixture
def suggested(tmp_path: Path) -> Suggested:
    """Suggest a mapping for a file, load it, and see that all rows become events; as content and text."""

    def _suggested(name: str, content: bytes, refused: int = 0) -> tuple[dict[str, Any], str]:
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        text = suggest(take_sample(path, FileOptions()))
        mapping = tmp_path / "suggested.yaml"
        mapping.write_text(text, encoding="utf-8")
        items = list(read_events(path, load_mapping(str(mapping))))
        assert [item.bad.what for item in items if item.bad] == []
        raws = [orjson.dumps(event) for item in items for event in item.events]
        validator = Validator(Normaliser("DE"))
        accepted = accept_each(raws, received_at_ms=NOW, producer="import", validator=validator)
        results = accepted.results
        assert sum(result.status == "quarantined" for result in results) == refused, results
        content_ = yaml.load(text, yaml.BaseLoader)
        assert isinstance(content_, dict)
        return content_, text

    return _suggested


def test_calls_of_a_spreadsheet(suggested: Suggested) -> None:
    """A row with a wait and an outcome gives the call, the queue, and the answer or the hanging up."""
    head = "Anruf-Nr;Beginn;Rufnummer;Kundennr;Grund;Wartezeit;Ergebnis;Mitarbeiter\n"
    rows = "".join(
        f"{n};31.12.2025 23:{n:02};0171 234560{n % 10};K-{n};Störung;{n * 3};"
        + ("aufgelegt;k.A.\n" if n % 3 == 0 else "angenommen;Jürgen\n")
        for n in range(1, 40)
    )
    content, text = suggested("Anrufe.csv", (head + rows).encode("cp1252"))
    assert (content["encoding"], content["delimiter"], content["source"]) == ("cp1252", ";", "anrufe")
    assert content["nulls"] == ["k.A."]
    assert [event["type"] for event in content["events"]] == [
        "contact.started",
        "contact.queued",
        "contact.answered",
        "contact.abandoned",
    ]
    started, _, answered, abandoned = content["events"]
    assert started["id"] == "{Anruf-Nr}"
    assert started["time"] == {"column": "Beginn", "zone": "UTC"}
    assert "TODO: set zone, such as Europe/Berlin" in text
    assert started["identifiers"] == {"account": "Kundennr", "phone": "Rufnummer"}
    assert started["data"]["reason"] == "Grund"
    assert answered["where"] == {"Ergebnis": ["angenommen"]}
    assert answered["time"]["plus"] == {"column": "Wartezeit", "unit": "s"}
    assert abandoned["where"] == {"Ergebnis": ["aufgelegt"]}
    assert "TOUCHLINE_REGION" in text


@pytest.mark.parametrize(
    ("head", "number"),
    [("Anrufnr;Rufnummer", "030 12345{:02}"), ("Telefonat-ID;Telnr.", "+49 30 12345{:02}")],
)
def test_phone_numbers_are_no_keys(suggested: Suggested, head: str, number: str) -> None:
    """Where each caller calls once, the phone number still names the customer, not the call."""
    rows = "".join(f"{n};{number.format(n)};31.12.2025 23:{n:02};{n}\n" for n in range(30))
    content, _ = suggested("anrufe.csv", f"{head};Beginn;Wartezeit\n{rows}".encode())
    key, phone = head.split(";")
    for event in content["events"]:
        assert event["id"] == f"{{{key}}}"
        assert event["identifiers"] == {"phone": phone}
        assert event["data"]["contact_id"] == {"column": key, "as": "str"}


def test_waits_without_an_outcome_are_left_to_the_analyst(suggested: Suggested) -> None:
    """Where nothing says which calls were answered, those events are commented out."""
    rows = "".join(f"{n},2025-11-21 10:{n:02}:00,c-{n},{n}\n" for n in range(30))
    content, text = suggested("calls.csv", f"call_id,started,customer,wait_min\n{rows}".encode())
    assert [event["type"] for event in content["events"]] == ["contact.started", "contact.queued"]
    assert "  # - type: contact.answered\n  #   where: {…: […]}" in text
    assert content["events"][0]["data"]["wait_seconds"]["unit"] == "min"


def test_orders_with_offsets_and_decimal_commas(suggested: Suggested) -> None:
    """Decimal commas and dots between thousands become options; times with an offset need no zone."""
    rows = "".join(
        f"{n};2025-11-2{n % 8}T10:00:00+01:00;{via};m{n}@b.example;1.08{n % 10},50;EUR\n"
        for n, via in enumerate(["Web", "Telefon"] * 15, 1)
    )
    content, text = suggested("orders.csv.gz", f"order_no;ordered;via;mail;total;currency\n{rows}".encode())
    (order,) = content["events"]
    assert (content["decimal"], content["thousands"]) == (",", ".")
    assert order["type"] == "order.placed"
    assert order["time"] == {"column": "ordered"}
    assert order["channel"] == {"column": "via", "words": {"Web": "web", "Telefon": "phone"}}
    assert order["identifiers"] == {"email": "mail"}
    assert order["data"]["value"] == {"column": "total", "as": "float"}
    assert "zone" not in text.partition("events:")[2]


def test_a_key_that_repeats_names_the_case_and_not_the_row(suggested: Suggested) -> None:
    """A shop's lines of one order: the order is the case, but no column differs in each row."""
    rows = "".join(
        f"#{1000 + n // 2},a{n}@b.example,{10 + n}.50,{9 + n}.50,2025-11-21 10:00:{n:02} +0100,Shoe\n"
        for n in range(20)
    )
    head = "Order,Email,Subtotal,Total,Created at,Lineitem name\n"
    content, text = suggested("export.csv", f"{head}{rows}".encode())
    (order,) = content["events"]
    assert order["data"]["order_id"] == "Order"
    assert order["data"]["value"] == {"column": "Total", "as": "float"}
    assert "id" not in order
    assert '# id: "{…}"  # TODO' in text


def test_objects_in_ndjson(suggested: Suggested) -> None:
    """Fields of objects are columns; a column of types of events is the type."""
    rows = [
        {"event_id": f"e{n}", "type": "help.searched", "ts": 1_760_000_000 + n, "user": {"id": f"u{n}"}}
        for n in range(20)
    ]
    # The fields of the types are for the analyst to add.
    content, _ = suggested("log.jsonl", b"\n".join(map(orjson.dumps, rows)), refused=20)
    (event,) = content["events"]
    assert event["type"] == {"column": "type"}
    assert event["time"] == {"column": "ts", "format": "unix"}
    assert event["identifiers"] == {"account": "user.id"}


def test_typed_columns_of_parquet(suggested: Suggested) -> None:
    """Typed times and numbers need no format; a naive time needs a zone."""
    table = pa.table(
        {
            "survey_id": list(range(20)),
            "answered_at": [datetime(2025, 11, 1 + n, 10) for n in range(20)],
            "customer_id": list(range(100, 120)),
            "rating": [float(n % 5) for n in range(20)],
            "comment": ["good"] * 10 + [None] * 10,
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content, _ = suggested("survey.parquet", sink.getvalue().to_pybytes())
    (event,) = content["events"]
    assert event["type"] == "feedback.given"
    assert event["time"] == {"column": "answered_at", "zone": "UTC"}
    assert event["data"]["score"] == {"column": "rating", "as": "float"}
    assert event["data"]["metric"] == {"value": "csat"}
    assert event["identifiers"]["account"] == "customer_id"


@pytest.mark.parametrize(
    ("name", "values", "kind", "format", "ambiguous", "has_zone"),
    [
        ("at", ["2026-12-31T23:15:00Z"], "time", "iso", False, True),
        ("at", ["31.12.2026 23:15", "1.2.2026 9:12:58"], "time", "iso", False, False),
        ("at", ["31/12/2026 23:15"], "time", "dmy", False, False),
        ("at", ["12/31/2026 11:15 pm"], "time", "mdy", False, False),
        ("at", ["1/2/2026 10:00", "3/4/2026 11:00"], "time", "dmy", True, False),
        ("day", ["2026-12-31"], "date", "iso", False, False),
        ("day", ["990131", "990228"], "date", "%y%m%d", False, False),
        ("created", [1_760_000_000, 1_760_000_001], "time", "unix", False, True),
        ("created", ["1760000000123"], "time", "unix_ms", False, True),
        ("at", [datetime(2026, 1, 1, tzinfo=UTC)], "time", "iso", False, True),
        ("on", [date(2026, 1, 1)], "date", "iso", False, False),
        ("clock", ["9:12:58", "23:15:00"], "clock", "iso", False, False),
        ("order_no", ["20261231", "20261230"], "number", "iso", False, False),
        ("note", ["call back on 1.2.2026"], "text", "iso", False, False),
        ("none", [None, "", "n/a", float("nan")], "empty", "iso", False, False),
    ],
)
def test_times_in_many_spellings(
    name: str, values: list[Any], kind: str, format: str, ambiguous: bool, has_zone: bool
) -> None:
    """A column of times is seen by its values, with its format, its zone, and whether it is ambiguous."""
    column = look(name, values)
    assert (column.kind, column.format, column.ambiguous, column.has_zone) == (
        kind,
        format,
        ambiguous,
        has_zone,
    )


def test_other_encodings_are_tried_only_where_none_is_given(tmp_path: Path) -> None:
    """A file that is no UTF-8 is read as cp1252 and says so; an encoding that is given stays."""
    path = tmp_path / "a.csv"
    path.write_bytes("no,at\n1,Jürgen\n".encode("cp1252"))
    assert take_sample(path, FileOptions()).options["encoding"] == "cp1252"
    assert take_sample(path, FileOptions(encoding="latin-1")).options["encoding"] == "iso8859-1"


def test_a_duplicate_column_name_is_reported_and_not_used(tmp_path: Path) -> None:
    """The mapping leaves out a column name that occurs twice and says to rename one."""
    path = tmp_path / "a.csv"
    path.write_text("order_no,ordered,total,total\n1,2026-01-01T10:00:00Z,5,6\n")
    text = suggest(take_sample(path, FileOptions()))
    assert "# TODO: two columns are named total" in text
    assert "column: total" not in text


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
words = [
    "id",
    "call",
    "order",
    "customer",
    "date",
    "time",
    "wait",
    "mail",
    "phone",
    "status",
    "total",
    "{no}",
]
cells = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=True),
    st.booleans(),
    st.datetimes(),
    st.sampled_from(["31.12.2026 23:15", "1.080,50", "answered", "a@b.example", "+49301234567", "0:03:20"]),
)


@given(
    st.text(max_size=10),
    st.lists(st.one_of(names, st.sampled_from(words)), min_size=1, max_size=8, unique=True).flatmap(
        lambda columns: st.lists(st.fixed_dictionaries(dict.fromkeys(columns, cells)), min_size=1, max_size=6)
    ),
)
def test_whatever_the_columns_are_the_suggestion_loads(file: str, rows: Rows) -> None:
    """Any names and any values give a mapping that the loader accepts, for the columns that there are."""
    sample = Sample(f"{file}.csv", list(rows[0]), rows, {"delimiter": "\t"}, ["twice\n"])
    mapping = load_yaml(Path("suggested.yaml"), suggest(sample))
    mapping.check(Path(sample.file), list(rows[0]))


def test_names_of_people_are_no_accounts(suggested: Suggested) -> None:
    """A name is no account, and phone numbers are found among brackets and words for withheld numbers."""
    head = "Anruf-Nr;Beginn;Rufnummer;Kundenname;Wartezeit\n"
    phones = ["030 1234567", "(0221) 47 11 08", "0049 89 998877", "0171/555 12 34", "anonym"]
    rows = "".join(f"{n};02.11.2025 10:{n:02};{phones[n % 5]};Müller;12\n" for n in range(40))
    mapping, _ = suggested("calls.csv", (head + rows).encode("cp1252"))
    assert mapping["events"][0]["identifiers"] == {"phone": "Rufnummer"}
