"""Any other provider: a mapping file, as `touchline import` reads it, and the signature that it describes."""

import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from touchline.collector.dialects.dialect import Answer, Received, Translated, Unsplittable
from touchline.collector.webhooks.delivery import Origin, event_id
from touchline.collector.webhooks.fields import as_text, at
from touchline.collector.webhooks.kind import Kind, elements_of, json_of
from touchline.collector.webhooks.signatures import (
    WrongSignature,
    check_age,
    check_hmac,
    check_token,
    epoch_ms,
)
from touchline.collector.webhooks.source import GenericSource, Opened
from touchline.imports.envelopes import to_envelope
from touchline.imports.mapping import Mapping
from touchline.imports.yaml_mapping.zones import Clock
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

TOLERANCE_MS: Final = 300_000
_FORM: Final = "application/x-www-form-urlencoded"
_FILE = Path("webhook.json")
_MOST_FIELDS = 500


def check(received: Received, opened: Opened[GenericSource]) -> None:
    """The HMAC, or the secret itself, in the header that the source names."""
    how, source = opened.source.signature, opened.source
    if how is None:
        raise WrongSignature("the source has no signature")
    given = received.headers.get(how.header.lower(), "")
    if how.prefix and not given.startswith(how.prefix):
        raise WrongSignature(f"the header {how.header} is missing or does not begin with the prefix")
    given = given.removeprefix(how.prefix)
    if how.algorithm == "none":
        check_token(given, opened.secrets)
        return
    sent = received.headers.get(how.timestamp.lower(), "") if how.timestamp else ""
    template = how.signed or ("{timestamp}.{body}" if how.timestamp else "{body}")
    before, _, after = template.replace("{timestamp}", sent).partition("{body}")
    signed = before.encode("utf-8", "replace") + received.body + after.encode("utf-8", "replace")
    check_hmac(signed, given, opened.secrets, algorithm=how.algorithm, encoding=how.encoding)
    if how.timestamp:
        check_age(epoch_ms(sent), received.received_at_ms, source.tolerance or TOLERANCE_MS)


def translate(received: Received, opened: Opened[GenericSource], origin: Origin) -> list[Translated]:
    """The events of a genuine request. Raises `Unsplittable`."""
    mapping = opened.mapping
    if mapping is None:
        raise Unsplittable("the source has no mapping")
    return [
        one
        for original, values in _objects(received, opened)
        for one in _mapped(original, values, mapping, opened, origin)
    ]


def handshake(received: Received, opened: Opened[GenericSource]) -> Answer | None:
    """Send back what the provider's handshake asks for, if the source has one."""
    how = opened.source.challenge
    if how is None:
        return None
    if how.query and (echo := received.query.get(how.query)) is not None and not received.body:
        if how.token:
            check_token(received.query.get(how.token, ""), opened.secrets)
        return Answer(echo.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8")
    if how.field and received.body:
        try:
            echo = as_text(at(json_of(received.body), how.field))
        except Unsplittable:
            return None
        if echo is not None:
            check(received, opened)
            return Answer(orjson.dumps({how.field: echo}))
    return None


def _objects(received: Received, opened: Opened[GenericSource]) -> list[tuple[bytes, Any]]:
    """The events of a body, each as it came and as a value."""
    # Some clients call everything a form.
    is_json = received.body.lstrip()[:1] in (b"{", b"[")
    if received.headers.get("content-type", "").startswith(_FORM) and not is_json:
        try:
            form = received.body.decode("utf-8", "replace")
            fields = dict(parse_qsl(form, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
            return [(received.body, fields)]
        except ValueError:
            raise Unsplittable(f"the body has more than {_MOST_FIELDS} fields") from None
    if opened.source.items is None:
        return elements_of(received.body)
    # Around the list may stand what each event needs: the whole body is the event as it came.
    found = at(json_of(received.body), opened.source.items)
    if found is None:
        raise Unsplittable(f"the body has nothing at {opened.source.items}")
    return [(received.body, one) for one in (found if isinstance(found, list) else [found])]


def _mapped(
    original: bytes, values: Any, mapping: Mapping, opened: Opened[GenericSource], origin: Origin
) -> list[Translated]:
    if not isinstance(values, dict):
        return [_invalid(original, Reason.NOT_AN_OBJECT, "expected an object per event")]
    envelopes: dict[str, dict[str, Any]] = {}
    try:
        for number, event in enumerate(mapping.produce([values], _FILE, Clock()), 1):
            envelope = to_envelope(event, mapping.name, partial(_content_key, values, number))
            envelope["id"] = event_id(origin, str(envelope["id"]))
            envelope["source"] = event.get("source") or origin.source
            if opened.source.channel:
                envelope["channel"] = opened.source.channel.value
            if envelope["id"] in envelopes:
                raise ValueError("two events of one object have the same id: give each event its own id")
            if not opened.source.ignores(str(envelope.get("type"))):
                envelopes[envelope["id"]] = envelope
    except Exception as error:  # A mapping is the user's code: any exception makes the event a bad one.
        what = str(error) if isinstance(error, ValueError) else repr(error)
        return [_invalid(original, Reason.INVALID_DATA, f"mapping {mapping.name}: {what[:500]}")]
    return [Translated(original, envelope) for envelope in envelopes.values()]


def _invalid(original: bytes, reason: Reason, message: str) -> Translated:
    return Translated(original, InvalidEvent(reason, "", message))


def _content_key(values: dict[str, Any], number: int) -> str:
    content = json.dumps(values, sort_keys=True)
    return f"{hashlib.sha256(content.encode()).hexdigest()[:32]}:{number}"


GENERIC: Final = Kind(
    name="generic",
    title="any other",
    source=GenericSource,
    check=check,
    translate=translate,
    handshake=handshake,
)
