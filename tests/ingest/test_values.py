"""Values of records become rows: JSON, Avro by a schema registry, and Debezium's changes of tables."""

import base64
import io
import json
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from tests.ingest.conftest import SchemaRegistry
from touchline.topics.errors import RegistryUnavailable, UnreadableRecord
from touchline.topics.registry import Registry, RegistryAccess
from touchline.topics.values.avro import AvroValues
from touchline.topics.values.debezium import DebeziumValues
from touchline.topics.values.json_values import read_json

ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "no", "type": "long"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}
AN_ORDER = {"no": 7, "at": datetime(2026, 11, 21, 10, tzinfo=UTC), "total": Decimal("10.80"), "note": None}


def encoded(schema: Any, content: Any, number: int = 1) -> bytes:
    """A value as a registry's client writes it."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), content)
    return b"\0" + number.to_bytes(4, "big") + stream.getvalue()


@pytest.fixture
def avro(registry: SchemaRegistry) -> AvroValues:
    return AvroValues(Registry(RegistryAccess(registry.url)))


def test_json_is_read_with_and_without_the_id_of_its_schema() -> None:
    """The five bytes that a registry's client writes before JSON are skipped."""
    assert read_json(b'{"no": 7}') == read_json(b'\0\0\0\0\x05{"no": 7}') == {"no": 7}


@pytest.mark.parametrize("value", [b"{broken", b"[1]", b"7", b"null", b"\xff\xfe", b"\0", b'{"a": NaN}'])
def test_a_value_that_is_no_json_object_is_unreadable(value: bytes) -> None:
    """The reason says what it is instead."""
    with pytest.raises(UnreadableRecord, match=r"not JSON|not an object"):
        read_json(value)


def test_avro_is_read_by_the_schema_of_its_id(registry: SchemaRegistry, avro: AvroValues) -> None:
    """Times, decimals and empty values come typed; a schema is asked for once."""
    registry.add(1, ORDER)
    for _ in range(3):
        assert avro(encoded(ORDER, AN_ORDER)) == AN_ORDER
    assert registry.requests == ["/schemas/ids/1"]


def test_a_schema_may_refer_to_others(registry: SchemaRegistry, avro: AvroValues) -> None:
    """References are followed, also those of references, and each once."""
    country = {"type": "enum", "name": "shop.Country", "symbols": ["DE", "FR"]}
    customer = {
        "type": "record",
        "name": "shop.Customer",
        "fields": [{"name": "id", "type": "string"}, {"name": "country", "type": "shop.Country"}],
    }
    order = {
        "type": "record",
        "name": "shop.Order",
        "fields": [
            {"name": "by", "type": "shop.Customer"},
            {"name": "to", "type": "shop.Country"},
        ],
    }
    to_country = {"name": "shop.Country", "subject": "country/value", "version": 2}
    to_customer = {"name": "shop.Customer", "subject": "customer", "version": 1}
    registry.by_subject["country%2Fvalue", 2] = {"schema": json.dumps(country)}
    registry.by_subject["customer", 1] = {"schema": json.dumps(customer), "references": [to_country]}
    registry.add(9, order, references=[to_country, to_customer])
    content = {"by": {"id": "u-1", "country": "DE"}, "to": "FR"}
    whole = json.loads(json.dumps(order).replace('"shop.Customer"', json.dumps(customer), 1))
    whole["fields"][0]["type"]["fields"][1]["type"] = country
    assert avro(encoded(whole, content, 9)) == content
    assert len(registry.requests) == 3


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b'{"no": 7}', "does not begin with the id of a schema"),
        (b"\0\0\0\0", "does not begin with the id of a schema"),
        (b"\0\0\0\0\x63abc", "has no schema with id 99"),
        (b"\0\0\0\0\x01\x0e", r"not what its schema \(id 1\) says"),
        (encoded(ORDER, AN_ORDER) + b"more", r"longer than its schema \(id 1\) says"),
        (b"\0\0\0\0\x02\x00", r"schema \(id 2\) is recursive"),
        (b"\0\0\0\0\x03\x00", r"schema \(id 3\) has an array of items without a length"),
        (b"\0\0\0\0\x04\x00", r"schema \(id 4\) is not valid"),
        (b"\0\0\0\0\x05\x00", "of the kind PROTOBUF"),
    ],
)
def test_what_is_no_avro_of_its_schema_is_unreadable(
    registry: SchemaRegistry, avro: AvroValues, value: bytes, why: str
) -> None:
    """Also where a damaged value could end the process, or fill its memory."""
    registry.add(1, ORDER)
    node = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
    registry.add(2, node)
    registry.add(
        3,
        {
            "type": "record",
            "name": "N",
            "fields": [{"name": "n", "type": {"type": "array", "items": "null"}}],
        },
    )
    registry.add(4, {"type": "no such type"})
    registry.add(5, "syntax", schemaType="PROTOBUF")
    with pytest.raises(UnreadableRecord, match=why):
        avro(value)


def test_unknown_ids_cost_one_request_a_minute(registry: SchemaRegistry) -> None:
    """Many broken records with one id do not become many requests; a schema that comes later is found."""
    now = 0.0
    known = Registry(RegistryAccess(registry.url), lambda: now)
    for _ in range(3):
        with pytest.raises(UnreadableRecord):
            known.schema(1)
    assert len(registry.requests) == 1
    registry.add(1, ORDER)
    now = 61.0
    assert json.loads(known.schema(1).text) == ORDER


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_registry_that_answers_with_an_error_condemns_no_record(
    registry: SchemaRegistry, avro: AvroValues, status: int
) -> None:
    """The record is read once the registry answers again."""
    registry.add(1, ORDER)
    registry.status = status
    with pytest.raises(RegistryUnavailable, match=r"http://127\.0\.0\.1:\d+"):
        avro(encoded(ORDER, AN_ORDER))
    registry.status = None
    assert avro(encoded(ORDER, AN_ORDER)) == AN_ORDER


def test_a_registry_that_is_away_condemns_no_record() -> None:
    """The reason says where it was looked for."""
    away = AvroValues(Registry(RegistryAccess("http://127.0.0.1:9")))
    with pytest.raises(RegistryUnavailable, match=r"http://127\.0\.0\.1:9 does not answer"):
        away(encoded(ORDER, AN_ORDER))


def test_the_registry_gets_user_and_password(registry: SchemaRegistry) -> None:
    """As Basic authentication."""
    registry.add(1, ORDER)
    Registry(RegistryAccess(registry.url, "reader", "s3cret")).schema(1)
    assert registry.authorizations == [f"Basic {base64.b64encode(b'reader:s3cret').decode()}"]


ROW = {"id": 7, "created": 1_795_255_200_000_000, "status": "open"}


def change(op: str, before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    """Debezium's envelope."""
    source = {"connector": "postgresql", "table": "orders", "ts_ms": 1_795_255_200_100}
    return {"before": before, "after": after, "source": source, "op": op, "ts_ms": 1_795_255_200_200, **more}


def debezium(envelope: Any, *, deletions: bool = True) -> Any:
    return DebeziumValues(None, deletions=deletions)(json.dumps(envelope).encode())


@pytest.mark.parametrize("op", ["c", "r", "u"])
def test_a_change_is_the_row_after_it(op: str) -> None:
    """What else the envelope says is in the column `_change`."""
    old = {**ROW, "status": "new"}
    row = debezium(change(op, old, ROW))
    about = row.pop("_change")
    assert row == ROW
    assert (about["op"], about["before"], about["after"]) == (op, old, ROW)
    assert about["ts_ms"] == 1_795_255_200_200
    assert about["source"]["table"] == "orders"


def test_a_deletion_is_the_row_before_it_if_it_is_wanted() -> None:
    """A mapping that does not read `_change.op` gets none."""
    row = debezium(change("d", ROW))
    assert row.pop("_change")["op"] == "d"
    assert row == ROW
    assert debezium(change("d", ROW), deletions=False) is None
    assert debezium(change("d"))["_change"]["before"] is None


@pytest.mark.parametrize("op", ["t", "m"])
def test_changes_of_no_row_give_none(op: str) -> None:
    """Truncations and messages."""
    assert debezium(change(op)) is None


@pytest.mark.parametrize(
    "envelope", [ROW, change("x", ROW, ROW), change("c", ROW), change("c", None, [1]), 7]
)
def test_what_is_no_change_is_unreadable(envelope: Any) -> None:
    """Such as the rows of a topic that has only the columns."""
    with pytest.raises(UnreadableRecord, match=r"no change of a table|not an object"):
        debezium(envelope)


def test_a_schema_beside_the_change_gives_its_values_their_types() -> None:
    """Times without a zone stay without one, decimals are exact, and a placeholder is no value."""
    types: dict[str, tuple[str, Any, Any]] = {
        "created": ("io.debezium.time.MicroTimestamp", 1_795_255_200_000_000, datetime(2026, 11, 21, 10)),
        "changed": (
            "io.debezium.time.Timestamp",
            1_795_255_200_123,
            datetime(2026, 11, 21, 10, 0, 0, 123_000),
        ),
        "exact": (
            "io.debezium.time.NanoTimestamp",
            1_795_255_200_000_001_000,
            datetime(2026, 11, 21, 10, 0, 0, 1),
        ),
        "day": ("io.debezium.time.Date", 20_778, date(2026, 11, 21)),
        "at": ("io.debezium.time.MicroTime", 36_000_000_000, time(10)),
        "length": ("io.debezium.time.MicroTime", 90_000_000_000, timedelta(hours=25)),
        "total": (
            "org.apache.kafka.connect.data.Decimal",
            base64.b64encode(b"\x04\x38").decode(),
            Decimal("10.80"),
        ),
        "refund": (
            "org.apache.kafka.connect.data.Decimal",
            base64.b64encode(b"\xff").decode(),
            Decimal("-0.01"),
        ),
        "rate": (
            "io.debezium.data.VariableScaleDecimal",
            {"scale": 1, "value": base64.b64encode(b"\x0f").decode()},
            Decimal("1.5"),
        ),
        "zoned": ("io.debezium.time.ZonedTimestamp", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
    }
    columns = [
        {"field": name, "type": "any", "name": kind, "parameters": {"scale": "2"}}
        for name, (kind, _, _) in types.items()
    ]
    schema = {
        "type": "struct",
        "fields": [{"field": side, "type": "struct", "fields": columns} for side in ("before", "after")],
    }
    after = {name: given for name, (_, given, _) in types.items()}
    after["text"] = "__debezium_unavailable_value"
    row = debezium({"schema": schema, "payload": change("u", None, after)})
    about = row.pop("_change")
    assert row == about["after"] == {name: expected for name, (_, _, expected) in types.items()}


def test_a_value_beyond_its_type_spoils_only_its_cell() -> None:
    """The others are read; reading that one says which it is."""
    columns = [{"field": "created", "type": "int64", "name": "io.debezium.time.MicroTimestamp"}]
    schema = {"type": "struct", "fields": [{"field": "after", "type": "struct", "fields": columns}]}
    row = debezium({"schema": schema, "payload": change("c", None, {"id": 7, "created": 2**63 - 1})})
    assert row["id"] == 7
    with pytest.raises(ValueError, match="column created: cannot read '9223372036854775807'"):
        row["created"]


def test_changes_in_avro_are_read_as_those_in_json(registry: SchemaRegistry, avro: AvroValues) -> None:
    """Kafka Connect names the semantic types in the schema."""
    value = {
        "type": "record",
        "name": "Value",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "created", "type": {"type": "long", "connect.name": "io.debezium.time.MicroTimestamp"}},
            {
                "name": "changed",
                "type": [
                    "null",
                    {
                        "type": "long",
                        "connect.name": "org.apache.kafka.connect.data.Timestamp",
                        "logicalType": "timestamp-millis",
                    },
                ],
            },
        ],
    }
    envelope = {
        "type": "record",
        "name": "Envelope",
        "namespace": "shop.public.orders",
        "fields": [
            {"name": "before", "type": ["null", value]},
            {"name": "after", "type": ["null", "Value"]},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"]},
        ],
    }
    registry.add(1, envelope)
    after = {"id": 7, "created": 1_795_255_200_000_000, "changed": 1_795_255_200_123}
    read = DebeziumValues(avro, deletions=False)
    row = read(encoded(envelope, {"before": None, "after": after, "op": "c", "ts_ms": 5}))
    assert row is not None
    assert row.pop("_change")["op"] == "c"
    assert row == {
        "id": 7,
        "created": datetime(2026, 11, 21, 10),
        "changed": datetime(2026, 11, 21, 10, 0, 0, 123_000),
    }


def test_a_document_of_mongodb_is_a_row() -> None:
    """Its connector writes the document as text."""
    row = debezium(change("c", None, json.dumps({"id": 7})))
    assert row["id"] == 7


def test_avro_without_a_registry_says_what_to_pass() -> None:
    """The record is unreadable, and the reason names the option."""
    with pytest.raises(UnreadableRecord, match="pass --registry"):
        DebeziumValues(None, deletions=False)(b"\0\0\0\0\x01abc")


def test_damaged_values_are_unreadable_and_nothing_else(registry: SchemaRegistry, avro: AvroValues) -> None:
    """Whatever bytes of a good value are changed, cut or added."""
    registry.add(1, ORDER)
    good = encoded(ORDER, AN_ORDER)
    for at in range(len(good)):
        for damaged in (
            good[:at],
            good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :],
            good[:at] + b"\xff" * 9,
        ):
            with suppress(UnreadableRecord):
                avro(damaged)
