"""Privacy at the collector: what the log and quarantine hold of events, under rules."""

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from touchline.collector.acceptance import accept, accept_each
from touchline.collector.accounts import account_row
from touchline.collector.dialects.dialect import Described, Dialect, Received, Translated, Unsplittable
from touchline.privacy import parse_privacy
from touchline.vocabulary.normaliser import Normaliser
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent, Validator

NOW = 1_709_290_800_000  # 2024-03-01T11:00:00Z
KEY = "0123456789abcdef0123456789abcdef"
SECRET = "ann@private.example"
RULES = """
identifiers: {email: hash, social: drop}
fields:
  - deny: [data.card, context.ip, data.**.password]
  - redact: [data.comment, context.page.url]
  - allow: [data.score, data.feedback_id, data.metric, data.comment]
    types: feedback.*
consent:
  purpose: analytics
  types: {campaign.*: marketing}
"""


def under(rules: str) -> Validator:
    privacy = parse_privacy(rules, KEY)
    return Validator(Normaliser(seal=privacy.seal), privacy=privacy)


VALIDATOR = under(RULES)


def event(**fields: Any) -> dict[str, Any]:
    good = {
        "id": "e-1",
        "type": "checkout.started",
        "time": "2024-03-01T10:00:00Z",
        "channel": "web",
        "source": "shop",
        "identifiers": {"account": "u-17", "email": SECRET, "social": SECRET},
        "data": {"cart_id": "77", "card": SECRET, "comment": SECRET, "who": {"password": SECRET}},
        "context": {"ip": SECRET, "page": {"url": SECRET, "path": "/pay"}},
    }
    return good | fields


def sent(*events: Any, validator: Validator = VALIDATOR) -> Any:
    return accept_each(map(orjson.dumps, events), received_at_ms=NOW, producer="shop", validator=validator)


def test_a_stored_event_has_what_the_rules_leave() -> None:
    """Identifiers are sealed or dropped, fields removed and hidden; the rest is as it came."""
    acceptance = sent(event())
    assert [result.status for result in acceptance.results] == ["stored"]
    stored = orjson.loads(acceptance.batch.touchpoints[0])
    assert stored["identifiers"][0] == "account:u-17"
    assert [one.partition("-")[0] for one in stored["identifiers"]] == ["account:u", "email:hmac"]
    assert stored["data"] == {"cart_id": "77", "comment": "[redacted]", "who": {}}
    assert stored["context"] == {"page": {"url": "[redacted]", "path": "/pay"}}


def test_rules_of_types_hold_for_them_alone() -> None:
    """An allow list of some types leaves the fields of others."""
    data = {"feedback_id": "f", "metric": "csat", "score": 3, "comment": "x", "note": "y"}
    feedback = event(type="feedback.given", data=data)
    other = event(id="e-2", data={"cart_id": "77", "note": "y"})
    lines = [orjson.loads(line) for line in sent(feedback, other).batch.touchpoints]
    assert lines[0]["data"] == {"feedback_id": "f", "metric": "csat", "score": 3, "comment": "[redacted]"}
    assert lines[1]["data"] == {"cart_id": "77", "note": "y"}


def test_a_replayed_event_is_not_hashed_again() -> None:
    """What was exported and is sent again keeps its identifiers."""
    stored = orjson.loads(sent(event()).batch.touchpoints[0])
    identifiers = dict(one.split(":", 1) for one in stored["identifiers"])
    again = orjson.loads(sent(event(identifiers=identifiers)).batch.touchpoints[0])
    assert again["identifiers"] == stored["identifiers"]


@pytest.mark.parametrize(
    ("consent", "status"),
    [
        ({"analytics": True}, "stored"),
        ({"analytics": "granted"}, "stored"),
        ({"marketing": False}, "stored"),
        ({"analytics": False}, "suppressed"),
        ({"analytics": "denied"}, "suppressed"),
        ({"analytics": 0}, "suppressed"),
        (False, "suppressed"),
        (None, "stored"),
        ({}, "stored"),
    ],
)
def test_a_refused_purpose_is_not_stored(consent: Any, status: str) -> None:
    """Touchline's purpose decides; an event that does not say is stored unless the rules say otherwise."""
    acceptance = sent(event(context={"consent": consent}))
    assert [result.status for result in acceptance.results] == [status]
    assert bool(acceptance.batch.touchpoints) == (status == "stored")
    assert not acceptance.batch.quarantine


def test_an_event_that_does_not_say_may_be_suppressed() -> None:
    """With `unstated: suppress`, only consent that is stated counts."""
    strict = under("consent: {purpose: analytics, unstated: suppress}")
    events = [event(), event(id="e-2", context={"consent": {"analytics": True}})]
    assert [result.status for result in sent(*events, validator=strict).results] == ["suppressed", "stored"]


def test_types_may_need_a_purpose_of_their_own() -> None:
    """An event of such a type needs both purposes."""
    campaign = event(type="campaign.opened", data={"campaign": "c"})
    both = {"analytics": True, "marketing": False}
    acceptance = sent(campaign | {"context": {"consent": both}}, event(id="e-2", context={"consent": both}))
    assert [result.status for result in acceptance.results] == ["suppressed", "stored"]
    assert acceptance.results[0].message == "the customer did not consent to 'marketing'"


def test_an_event_of_unknown_type_needs_the_purposes_of_all_types() -> None:
    """It may be a misspelt event of any type, so a refused purpose of any keeps it out of quarantine."""
    stated = {"analytics": True, "marketing": False}
    acceptance = sent(event(type="nonsense", context={"consent": stated}))
    assert [result.status for result in acceptance.results] == ["suppressed"]
    assert not acceptance.batch.quarantine


def test_a_refused_invalid_event_is_not_in_quarantine() -> None:
    """Consent is asked first: quarantine is storage, too. The account counts the event."""
    refused = event(type="nonsense", context={"consent": {"analytics": False}})
    acceptance = sent(refused, event(id=17, context={"consent": {"analytics": False}}))
    assert [result.status for result in acceptance.results] == ["suppressed", "suppressed"]
    assert not acceptance.batch.quarantine
    account = orjson.loads(account_row(acceptance.results, "shop", NOW))
    assert (account["events"], account["suppressed"], account["quarantined"]) == (2, 2, 0)


def test_a_quarantined_event_has_what_the_rules_leave() -> None:
    """An event that cannot be used is kept as it would have been stored, with what is wrong in it."""
    acceptance = sent(event(channel="telepathy"))
    entry = orjson.loads(acceptance.batch.quarantine[0])
    body = orjson.loads(entry["body"])
    assert (entry["reason"], body["channel"], body["id"]) == ("invalid_envelope", "telepathy", "e-1")
    assert body["identifiers"]["account"] == "u-17"
    assert body["identifiers"]["email"].startswith("hmac-")
    assert body["data"] == {"cart_id": "77", "comment": "[redacted]", "who": {}}
    assert SECRET not in entry["body"]


def test_an_event_of_unknown_type_is_under_the_rules_of_all_types() -> None:
    """Nobody knows which rules were meant for a misspelt type, whatever else is wrong with the event."""
    misspelt = event(type="feedback.givn", data={"score": 3, "note": SECRET})
    for line in sent(misspelt, misspelt | {"time": "soon"}, misspelt | {"id": 7}).batch.quarantine:
        entry = orjson.loads(line)
        assert orjson.loads(entry["body"])["data"] == {"score": 3}
        assert entry["field"] in ("type", "time", "id")


@pytest.mark.parametrize("raw", [b"{", b"[1]", SECRET.encode(), b"\xff", b'{"id": NaN}', b'"\\ud800"'])
def test_of_a_body_that_cannot_be_read_a_digest_is_kept(raw: bytes) -> None:
    """A body that nobody can redact is known by its SHA-256 and size alone."""
    acceptance = accept_each([raw], received_at_ms=NOW, producer="shop", validator=VALIDATOR)
    body = orjson.loads(orjson.loads(acceptance.batch.quarantine[0])["body"])
    assert body == {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
    assert orjson.loads(acceptance.batch.quarantine[0])["field"] in ("", "id")


def test_of_a_request_that_cannot_be_split_a_digest_is_kept() -> None:
    """The same holds for a whole request."""
    acceptance = accept(Received(SECRET.encode(), NOW, "shop"), validator=VALIDATOR)
    (line,) = acceptance.batch.quarantine
    assert SECRET.encode() not in line
    assert acceptance.readable is False


def test_of_a_foreign_event_the_native_one_is_kept() -> None:
    """Rules are written for native events; of a foreign event that has no native one, a digest is kept."""

    def translate(received: Received) -> list[Translated]:
        if received.body == b"unreadable":
            raise Unsplittable("nothing")
        original = orjson.dumps({"userEmail": SECRET})
        invalid = InvalidEvent(Reason.INVALID_ENVELOPE, "kind", "unknown")
        return [Translated(original, event(channel="x")), Translated(original, invalid)]

    foreign = Dialect(name="foreign", described=Described(""), paths=("/x",), translate=translate)
    acceptance = accept(Received(b"", NOW, "shop"), dialect=foreign, validator=VALIDATOR)
    native, digest = (orjson.loads(orjson.loads(line)["body"]) for line in acceptance.batch.quarantine)
    assert native["id"] == "e-1"
    assert set(digest) == {"sha256", "bytes"}
    assert SECRET.encode() not in b"".join(acceptance.batch.quarantine)


def test_without_rules_for_fields_quarantine_is_whole() -> None:
    """Rules of consent alone hide nothing of an event that may be stored."""
    only_consent = under("consent: {purpose: analytics}")
    (line,) = sent(event(channel="x"), validator=only_consent).batch.quarantine
    assert orjson.loads(orjson.loads(line)["body"]) == event(channel="x")


def test_a_message_of_quarantine_quotes_no_value() -> None:
    """A message that repeats a text to its producer does not repeat it in quarantine."""
    acceptance = sent(event(channel=SECRET))
    entry = orjson.loads(acceptance.batch.quarantine[0])
    assert entry["message"].endswith("got another text")
    assert SECRET in acceptance.results[0].message


def test_a_message_of_a_mapping_quotes_no_value() -> None:
    """What a dialect says of an event that it cannot map may repeat values: quoted ones are hidden."""
    why = f"mapping m: column 'mail': {SECRET!r} is no number, nor is \"{SECRET}\""
    invalid = InvalidEvent(Reason.INVALID_DATA, "", why)
    assert VALIDATOR.privacy is not None
    kept = VALIDATOR.privacy.quarantined(b"x", b"", invalid, VALIDATOR)
    assert kept.message == "mapping m: column '…': '…' is no number, nor is '…'"


PLACES = st.sampled_from(
    [
        ("identifiers", "email"),
        ("identifiers", "social"),
        ("identifiers", "E-Mail"),
        ("data", "card"),
        ("data", "comment"),
        ("data", "deep", "password"),
        ("context", "ip"),
        ("email",),
        ("user", "email"),
        ("data",),
        ("context",),
        ("identifiers",),
    ]
)
SHAPES = st.sampled_from(
    [
        SECRET,
        [SECRET],
        {"x": SECRET},
        [[SECRET]],
        {"x": {"y": [SECRET]}},
        f" {SECRET.upper()}\u200b",
        [1, SECRET],
    ]
)
FAULTS = st.sampled_from(
    [{}, {"channel": "x"}, {"type": "x"}, {"type": 7}, {"time": "x"}, {"identifiers": {}}, {"id": None}]
)


@given(PLACES, SHAPES, FAULTS, st.booleans())
def test_what_privacy_forbids_is_stored_nowhere(
    place: tuple[str, ...], shape: Any, fault: dict[str, Any], as_key: bool
) -> None:
    """Whatever is wrong with an event, no forbidden value is in the log, nor in quarantine."""
    # No rule is about these objects' field x.
    assume(not (isinstance(shape, dict) and place in [("data",), ("context",), ("identifiers",)]))
    sending = event(identifiers={"account": "u-17"}, data={"cart_id": "77"}, context={}) | fault
    within = sending
    for step in place[:-1]:
        within = within.setdefault(step, {})
    within[place[-1]] = shape
    if as_key and place == ("identifiers",):
        sending["identifiers"] = {SECRET: "x"}
    batch = sent(sending).batch
    written = b"".join([*batch.touchpoints, *batch.quarantine]).lower()
    assert SECRET.encode() not in written
    assert len(batch.touchpoints) + len(batch.quarantine) == 1


@pytest.fixture(params=["deep", "wide"])
def hostile(request: pytest.FixtureRequest) -> Iterator[bytes]:
    """An event that is costly to walk through."""
    if request.param == "deep":
        yield b'{"data": ' + b'{"a":' * 3_000 + b"1" + b"}" * 3_000 + b"}"
    else:
        yield orjson.dumps(event(data={"a": [{"b": "c"}] * 2_000}, channel="x"))


def test_hostile_events_end_in_quarantine(hostile: bytes) -> None:
    """Depth and width of an event break nothing."""
    acceptance = accept_each([hostile], received_at_ms=NOW, producer="shop", validator=VALIDATOR)
    assert [result.status for result in acceptance.results] == ["quarantined"]
