"""Whatever a genuine request holds, each of its events is accepted or in quarantine, and nothing fails."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.webhooks.signing import OPTIONS, SECRET, secret_of, signed
from touchline.collector import accept
from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.fields import at
from touchline.collector.webhooks.kinds import KINDS
from touchline.collector.webhooks.receiver import Webhooks
from touchline.collector.webhooks.source import Opened
from touchline.imports.mapping import load_mapping

FEWER = settings(max_examples=max(100, settings().max_examples // 10))
"""Each kind of provider tries as many cases."""

EXAMPLES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "examples").glob("*.json"))
}
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"x-shopify-topic": "orders/create"},
    {"x-shopify-topic": "fulfillment_events/create"},
)
STRINGS = st.sampled_from(
    ["", "0", "null", "2026-11-20T12:00:00Z", "9" * 400, "x" * 40_000, "\u0000", "😀", "-1", "1e308"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1e308, -1e308, 1e30])
    | STRINGS
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@cache
def hooks(kind: str) -> Webhooks:
    options = {"kind": kind, "secret": SECRET, **OPTIONS.get(kind, {})}
    source = KINDS[kind].source.model_validate(options)
    mapping = load_mapping("bpi2012") if kind == "generic" else None
    opened: Opened[Any] = Opened("src", source, (secret_of(kind).encode(),), mapping)
    return Webhooks(lambda: {"src": opened})


def check(kind: str, received: Received) -> None:
    """Admit and accept a request; each event has a result, and a custom type or one of the vocabulary."""
    dialect = hooks(kind).dialect()
    assert dialect.admit is not None
    assert dialect.admit(received) == f"{kind}.src"
    acceptance = accept(received._replace(producer="p"), dialect=dialect)
    assert len(acceptance.batch.touchpoints) + len(acceptance.batch.quarantine) <= len(acceptance.results)
    assert acceptance.readable
    for result in acceptance.results:
        assert result.status in ("stored", "duplicate", "quarantined")


@pytest.mark.parametrize("kind", KINDS)
@FEWER
@given(body=st.binary(max_size=60), headers=st.sampled_from(HEADERS))
def test_any_bytes_are_kept(kind: str, body: bytes, headers: dict[str, str]) -> None:
    """A genuine body that cannot be read is in quarantine as one."""
    if kind == "mailgun":
        body = b"{}"
    check(kind, signed(kind, body, headers))


@pytest.mark.parametrize("kind", KINDS)
@FEWER
@given(value=VALUES, headers=st.sampled_from(HEADERS))
def test_any_json_is_kept(kind: str, value: Any, headers: dict[str, str]) -> None:
    """So is JSON of another shape than the provider's."""
    check(kind, signed(kind, json.dumps(value).encode(), headers))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"generic"}))
@FEWER
@given(data=st.data())
def test_any_change_of_an_example_is_kept(kind: str, data: st.DataObject) -> None:
    """Examples of which a few values are replaced are kept: fields are seldom as documented."""
    names = [name for name in EXAMPLES if name.startswith(f"{kind}.")]
    example = EXAMPLES[data.draw(st.sampled_from(names))]
    form = example.get("form")
    if form is not None:
        changed = {**form, data.draw(st.sampled_from(sorted(form))): data.draw(STRINGS)}
        check(kind, signed(kind, b"", form=changed))
        return
    body = json.loads(json.dumps(example["body"]))
    for _ in range(data.draw(st.integers(1, 3))):
        place, step = data.draw(st.sampled_from(list(_places(body))))
        place[step] = data.draw(VALUES)
    check(kind, signed(kind, json.dumps(body).encode(), example.get("headers")))


@pytest.mark.parametrize("huge", [1e30, 1e308, "1e308", 2**64])
def test_numbers_that_no_field_can_hold_are_kept(huge: Any) -> None:
    """Sums and products of them, too: the event is stored under a type of the producer's own, or as it is."""
    example = EXAMPLES["shopify.order_placed"]
    body = json.loads(json.dumps(example["body"]))
    body["line_items"] = [{"quantity": huge}, {"quantity": huge}]
    check("shopify", signed("shopify", json.dumps(body).encode(), example.get("headers")))


@pytest.mark.parametrize("kind", sorted({name.split(".")[0] for name in EXAMPLES} - {"twilio"}))
def test_half_an_emoji_is_no_reason_to_refuse(kind: str) -> None:
    """Providers cut off texts between the halves of a character; the rest of the event is as it was."""
    example = next(one for name, one in EXAMPLES.items() if name.startswith(f"{kind}."))
    text = json.dumps(example["body"]).encode()
    received = signed(kind, text.replace(b'": "', b'": "\\ud83d', 1), example.get("headers"))
    dialect = hooks(kind).dialect()
    assert dialect.admit is not None
    assert dialect.admit(received) == f"{kind}.src"
    assert not accept(received._replace(producer="p"), dialect=dialect).batch.quarantine


def _places(value: Any) -> Any:
    """Every container of a value, with a key or an index in it."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in list(steps):
        yield value, step
        yield from _places(inner)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("amazon-connect.answered", "detail"),
        ("genesys.started", "detail.eventBody"),
        ("intercom.rating", "data.item"),
        ("mailgun.clicked", "event-data"),
        ("sendgrid.batch", "0"),
        ("shopify.order_placed", ""),
        ("stripe.payment_failed", "data.object"),
        ("zendesk.solved", "detail"),
    ],
)
def test_a_large_payload_is_stored_without_its_largest_fields(name: str, path: str) -> None:
    """An event has a limit: the largest of the provider's fields are left out, and named."""
    kind, example = name.split(".")[0], EXAMPLES[name]
    body = json.loads(json.dumps(example["body"]))
    thing = at(body, path) if path else body
    thing |= {"large": ["x" * 1000] * 40, "deep": json.loads("[" * 400 + "]" * 400)}
    received = signed(kind, json.dumps(body).encode(), example.get("headers"))
    acceptance = accept(received._replace(producer="p"), dialect=hooks(kind).dialect())
    assert not acceptance.batch.quarantine, acceptance.results
    line = json.loads(acceptance.batch.touchpoints[0])
    expected = example["events"][0]
    below = kind.replace("-", "_")
    assert {field: line["data"].get(field) for field in expected["data"]} == expected["data"]
    assert line["context"]["left_out"] == [f"{below}.large"]
    assert len(line["data"][below]) >= 3
    assert json.dumps(line["data"][below]["deep"]).count("[") < 25
