"""Only requests that the provider signed are admitted, and only for a while."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.webhooks.signing import NOW_MS, SECRET, TWILIO_URL, signed
from touchline.collector.dialects.dialect import Answer, Received, Refused
from touchline.collector.webhooks.kinds import KINDS
from touchline.collector.webhooks.receiver import Webhooks
from touchline.collector.webhooks.signatures import decoded, epoch_ms
from touchline.collector.webhooks.sources_file import open_sources

MakeWebhooks = Callable[..., Webhooks]
TIMED = {
    "stripe": 300,
    "zendesk": 3_600,
    "mailgun": 32_400,
    "sendgrid": 90_000,
    "generic": 300,
}
"""Seconds by which each signed time may differ."""
TOKENS = ("amazon-connect", "genesys")
"""Kinds whose header holds the secret itself, whatever the body is."""


def admit(webhooks: Webhooks, received: Received) -> str | Answer | None:
    check = webhooks.dialect().admit
    assert check is not None
    return check(received)


def refused(webhooks: Webhooks, received: Received) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        admit(webhooks, received)
    assert SECRET not in str(caught.value)
    return caught.value.refusal.status, caught.value.refusal.code


def genuine(kind: str, **more: Any) -> Received:
    return signed(kind, b'{"a": 1}', **more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_genuine_request_is_admitted(kind: str, webhooks: MakeWebhooks) -> None:
    """A right signature gives the producer, by kind and source."""
    assert admit(webhooks(kind), genuine(kind)) == f"{kind}.src"


@pytest.mark.parametrize("kind", KINDS)
def test_another_secret_is_refused_and_counted(kind: str, webhooks: MakeWebhooks) -> None:
    """A signature with another secret gets 401, and is counted by source."""
    if kind == "sendgrid":
        sent = genuine(kind)
        wrong = sent._replace(body=b"{}")
    else:
        wrong = genuine(kind, secret="another secret")
    hooks = webhooks(kind)
    assert refused(hooks, wrong) == (401, "wrong_signature")
    assert hooks.refused == {"src": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_without_signature_is_refused(kind: str, webhooks: MakeWebhooks) -> None:
    """No header and no signature in the body: 401."""
    bare = Received(b'{"a": 1}', NOW_MS, "", f"/v1/webhooks/{kind}/src")
    assert refused(webhooks(kind), bare) == (401, "wrong_signature")


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {*TOKENS, "mailgun"}))
def test_a_changed_body_is_refused(kind: str, webhooks: MakeWebhooks) -> None:
    """The signature is of the raw body: one more blank, and it is wrong."""
    sent = genuine(kind)
    assert refused(webhooks(kind), sent._replace(body=sent.body + b" "))[0] == 401


@pytest.mark.parametrize("kind", TIMED)
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_signed_time_is_bounded(kind: str, sign: int, webhooks: MakeWebhooks) -> None:
    """A request whose signed time is too old, or in the future, is refused; sources may allow more."""
    at = NOW_MS + sign * (TIMED[kind] + 1) * 1000
    late = genuine(kind, sent_at_ms=at)
    near = genuine(kind, sent_at_ms=NOW_MS + sign * TIMED[kind] * 1000)
    assert refused(webhooks(kind), late)[0] == 401
    assert admit(webhooks(kind), near) == f"{kind}.src"
    assert admit(webhooks(kind, tolerance="3d"), late) == f"{kind}.src"


def test_the_timed_kinds_are_those_whose_checks_look_at_a_time() -> None:
    """The table of these tests has every kind whose module bounds the time."""
    providers = Path(__file__).parents[2] / "producers/touchline/collector/webhooks/providers"
    assert {path.stem for path in providers.glob("*.py") if "check_age(" in path.read_text()} == {*TIMED}


@pytest.mark.parametrize("kind", ["shopify", *TOKENS])
def test_two_secrets_at_once_allow_a_rotation(kind: str, webhooks: MakeWebhooks) -> None:
    """While a secret is replaced, requests with the old and the new one are genuine, and no others."""
    hooks = webhooks(kind, secret=["the new secret", SECRET])
    assert admit(hooks, genuine(kind, secret="the new secret")) == f"{kind}.src"
    assert admit(hooks, genuine(kind)) == f"{kind}.src"
    assert refused(hooks, genuine(kind, secret="a third"))[0] == 401


def test_one_right_signature_of_several_is_enough(webhooks: MakeWebhooks) -> None:
    """While Stripe rotates a secret, it sends a signature for each."""
    sent = genuine("stripe")
    header = sent.headers["stripe-signature"].replace(",v1=", f",v1={'ab' * 32},v1=")
    assert admit(webhooks("stripe"), sent._replace(headers={"stripe-signature": header})) == "stripe.src"


@pytest.mark.parametrize(("wrong", "is_read"), [(7, True), (8, False)])
def test_only_the_first_signatures_are_checked(wrong: int, is_read: bool, webhooks: MakeWebhooks) -> None:
    """A request cannot have any number of signatures compared: those after the eighth do not count."""
    sent = genuine("stripe")
    header = sent.headers["stripe-signature"].replace(",v1=", f",v1={'ab' * 32}" * wrong + ",v1=")
    given = sent._replace(headers={"stripe-signature": header})
    if is_read:
        assert admit(webhooks("stripe"), given) == "stripe.src"
    else:
        assert refused(webhooks("stripe"), given)[0] == 401


def test_twilio_signs_the_address_that_it_knows(webhooks: MakeWebhooks) -> None:
    """Behind a proxy, the address of the source counts, not that of the request."""
    sent = signed("twilio", b"", form={"CallSid": "CA1", "CallStatus": "completed"})
    assert admit(webhooks("twilio"), sent) == "twilio.src"
    assert refused(webhooks("twilio", url=TWILIO_URL.replace("https", "http")), sent)[0] == 401


def test_twilios_digest_is_that_of_the_body(webhooks: MakeWebhooks) -> None:
    """The signature over the address with `bodySHA256` is of no use with another body."""
    sent = signed("twilio", b"[]")
    assert refused(webhooks("twilio"), sent._replace(body=b"[{}]"))[0] == 401
    assert refused(webhooks("twilio"), sent._replace(query={}))[0] == 401


@pytest.mark.parametrize(
    ("path", "method"), [("/v1/webhooks/stripe/other", "POST"), ("/v1/webhooks/shopify/src", "GET")]
)
def test_an_unknown_source_is_not_found(path: str, method: str, webhooks: MakeWebhooks) -> None:
    """Another name, and the right name below another kind, get 404 before any signature is looked at."""
    sent = genuine("stripe")._replace(path=path, method=method)
    assert refused(webhooks("stripe"), sent) == (404, "unknown_source")


def test_wrong_signatures_are_throttled_and_right_ones_are_not(webhooks: MakeWebhooks) -> None:
    """After ten wrong ones at once a source answers 429 to further ones, and still admits the provider."""
    hooks = webhooks("shopify")
    wrong = genuine("shopify", secret="guess")
    answers = [refused(hooks, wrong) for _ in range(12)]
    assert answers == [(401, "wrong_signature")] * 10 + [(429, "too_many_wrong_signatures")] * 2
    assert admit(hooks, genuine("shopify")) == "shopify.src"
    assert hooks.refused == {"src": 12}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_without_events_tests_the_address(method: str, webhooks: MakeWebhooks) -> None:
    """GET and HEAD, with which providers look at an address, get 200 and store nothing."""
    answer = admit(
        webhooks("intercom"), Received(b"", NOW_MS, "", "/v1/webhooks/intercom/src", method=method)
    )
    assert isinstance(answer, Answer)
    assert answer.status == 200


def test_events_in_a_query_are_refused_and_not_overlooked(webhooks: MakeWebhooks) -> None:
    """Twilio can be told to send callbacks with GET: that gets 405, so that somebody notices."""
    asks = Received(b"", NOW_MS, "", "/v1/webhooks/twilio/src", {"CallSid": "CA1"}, method="GET")
    assert refused(webhooks("twilio"), asks) == (405, "method_not_allowed")


def test_a_challenge_in_the_query_is_sent_back_to_who_knows_the_secret(webhooks: MakeWebhooks) -> None:
    """A GET with the secret gets its challenge back as text; with another one, 401."""
    hooks = webhooks("generic", challenge={"query": "hub.challenge", "token": "hub.verify_token"})
    asks = Received(b"", NOW_MS, "", "/v1/webhooks/generic/src", method="GET")
    right = asks._replace(query={"hub.challenge": "<b>123</b>", "hub.verify_token": SECRET})
    answer = admit(hooks, right)
    assert isinstance(answer, Answer)
    assert (answer.body, answer.media_type) == (b"<b>123</b>", "text/plain; charset=utf-8")
    assert refused(hooks, right._replace(query={"hub.challenge": "123", "hub.verify_token": "no"}))[0] == 401


def test_a_challenge_in_the_body_must_be_signed(webhooks: MakeWebhooks) -> None:
    """A POST with a challenge gets it back, if it is genuine."""
    hooks = webhooks("generic", challenge={"field": "challenge"})
    sent = signed("generic", b'{"challenge": "abc"}')
    answer = admit(hooks, sent)
    assert isinstance(answer, Answer)
    assert answer.body == b'{"challenge":"abc"}'
    assert refused(hooks, sent._replace(headers={}))[0] == 401
    assert admit(hooks, signed("generic", b'{"id": 1}')) == "generic.src"


def test_a_generic_source_may_send_its_secret_as_it_is(webhooks: MakeWebhooks) -> None:
    """Algorithm `none` compares the header, behind its prefix, with the secret."""
    how = {"header": "Authorization", "prefix": "Bearer ", "algorithm": "none"}
    hooks = webhooks("generic", signature=how)
    sent = genuine("generic")
    assert admit(hooks, sent._replace(headers={"authorization": f"Bearer {SECRET}"})) == "generic.src"
    for wrong in ("Bearer ", SECRET, f"Bearer {SECRET}x", "Bearer \udcff"):
        assert (
            refused(webhooks("generic", signature=how), sent._replace(headers={"authorization": wrong}))[0]
            == 401
        )


@given(
    algorithm=st.sampled_from(["sha1", "sha256", "sha512"]),
    encoding=st.sampled_from(["hex", "base64"]),
    template=st.sampled_from(["", "{body}", "{body}{timestamp}", "v0:{timestamp}:{body}:end"]),
    body=st.binary(max_size=50),
)
def test_a_generic_signature_is_as_its_source_describes_it(
    tmp_path_factory: pytest.TempPathFactory, algorithm: str, encoding: str, template: str, body: bytes
) -> None:
    """Any hash, encoding and template of what is signed are checked as they are written."""
    import base64
    import hmac

    folder = tmp_path_factory.getbasetemp()
    (folder / "mapping.yaml").write_text("events: [{type: a.b, time: t, channel: web}]")
    how = {
        "header": "X-Signature",
        "timestamp": "X-Sent-At",
        "prefix": "",
        "algorithm": algorithm,
        "encoding": encoding,
        "signed": template,
    }
    source = {"kind": "generic", "secret": SECRET, "mapping": "mapping.yaml", "signature": how}
    sources = open_sources(yaml.safe_dump({"sources": {"src": source}}), folder / "webhooks.yaml")
    sent = str(NOW_MS)
    parts = (template or "{timestamp}.{body}").replace("{timestamp}", sent).split("{body}")
    digest = hmac.new(SECRET.encode(), parts[0].encode() + body + parts[1].encode(), algorithm).digest()
    given = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    request = Received(
        body, NOW_MS, "", "/v1/webhooks/generic/src", {}, {"x-signature": given, "x-sent-at": sent}
    )
    hooks = Webhooks(lambda: sources)
    assert admit(hooks, request) == "generic.src"
    assert refused(hooks, request._replace(body=body + b"!"))[0] == 401


@given(text=st.text(max_size=40))
def test_signatures_and_times_of_any_text_are_read_or_not(text: str) -> None:
    """Nothing that a stranger writes into a header ends in an exception."""
    assert isinstance(decoded(text, "hex"), bytes)
    assert isinstance(decoded(text, "base64"), bytes)
    assert epoch_ms(text) is None or isinstance(epoch_ms(text), int)
