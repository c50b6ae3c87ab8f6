"""A preview: what the beginning of a file gives, whatever is in it."""

from typing import Any

from touchline.services.importing.preview import MAPPING_CHARACTERS, SAMPLE_BYTES, Previewed, preview
from touchline.vocabulary.validation import Validator

ROWS = [f"a{n};u-{n};2026-11-01 10:{n:02};billing" for n in range(2, 40)]
CALLS = "\n".join(
    [
        "call_id;customer;started;reason",
        "a1;u-1;2026-11-01 10:01;=cmd|' /C calc'!A0",
        *ROWS,
        "a40;u-40;no time;<img src=x onerror=alert(1)>\n",
    ]
)
NATIVE = (
    '{"id": "n1", "type": "order.placed", "time": "2026-11-01T10:00:00Z", "channel": "web", '
    '"source": "shop", "identifiers": {"account": "anna"}, "data": {"order_id": "o-1"}}\n'
)


def _preview(name: str, text: str | bytes, mapping: str = "", **options: Any) -> Previewed:
    sample = text.encode() if isinstance(text, str) else text
    return preview(name, sample, mapping, Validator(), **options)


def test_a_mapping_is_suggested_tried_and_changed() -> None:
    """The suggestion gives events and refused rows as an import would; a changed mapping gives others."""
    first = _preview("calls.csv", CALLS)
    assert (first.error, first.rows, first.refused) == ("", 40, 1)
    assert 'delimiter: ";"' in first.mapping
    formula, bad = first.shown[0], first.shown[-1]
    assert (formula[1][0]["type"], formula[1][0]["data"]["reason"]) == (
        "contact.started",
        "=cmd|' /C calc'!A0",
    )
    assert (bad[1], "no time" in bad[2]) == ([], True)
    assert bad[2].startswith("mapping calls: ")
    changed = _preview("calls.csv", CALLS, first.mapping.replace("channel: phone", "channel: chat"))
    assert changed.shown[0][1][0]["channel"] == "chat"


def test_native_events_need_no_mapping() -> None:
    """A file of native events is shown as it is; the last line of a cut file is left out."""
    shown = _preview("events.jsonl", NATIVE + NATIVE[:40], cut=True)
    assert (shown.mapping, shown.error, shown.rows, shown.refused) == ("", "", 1, 0)


def test_hostile_files_and_mappings_are_harmless() -> None:
    """Archives, long lines, binary, paths and wrong mappings end in a message that names no folder."""
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nevents: *c\n"
    for name, text, mapping in (
        ("bomb.csv.gz", b"\x1f\x8b" * 10, ""),
        ("bomb.zip", b"PK\x03\x04", ""),
        ("table.xlsx", b"PK\x03\x04", ""),
        ("../../etc/passwd", "root", ""),
        ("../../empty.csv", "", ""),
        ("long.csv", "x" * SAMPLE_BYTES, ""),
        ("binary.csv", bytes(range(256)) * 4, "events: 1"),
        ("calls.csv", CALLS, bomb),
        ("calls.csv", CALLS, "!!python/object/apply:os.system ['true']"),
        ("calls.csv", CALLS, "x" * (MAPPING_CHARACTERS + 1)),
    ):
        found = _preview(name, text, mapping)
        assert found.error, name
        assert "touchline-preview-" not in found.error
        assert not found.shown
