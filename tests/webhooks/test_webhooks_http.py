"""Webhooks over HTTP: a real collector, a real log."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.collector.served import Served, serving
from tests.webhooks.signing import NOW_MS, signed
from touchline.collector import Keys
from touchline.collector.dialects import DIALECTS
from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.receiver import Webhooks
from touchline.log.sqlite import SqliteLog

EXAMPLES = Path(__file__).parent / "examples"
MakeWebhooks = Callable[..., Webhooks]
Post = Callable[..., Any]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Webhooks], Served]]:
    """`serve(webhooks)` starts a collector that has a key, so that nothing is accepted without one."""
    with ExitStack() as stack:

        def start(webhooks: Webhooks) -> Served:
            log = SqliteLog(tmp_path / "log.sqlite", max_bytes=64 * 1024**2)
            stack.callback(log.close)
            keys = Keys(tmp_path / "keys.json")
            keys.create("shop")
            dialects = (*DIALECTS, webhooks.dialect())
            clock = lambda: NOW_MS / 1000  # noqa: E731
            return stack.enter_context(serving(log, log, keys, dialects=dialects, clock=clock))

        yield start


def post(served: Served, request: Received, method: str = "POST") -> Any:
    return served.http.request(
        method,
        f"{served.url}{request.path}",
        body=request.body,
        headers=dict(request.headers),
    )


def payload(name: str) -> bytes:
    example: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return json.dumps(example["body"]).encode()


def test_a_webhook_is_stored_without_a_key(
    webhooks: MakeWebhooks, serve: Callable[[Webhooks], Served]
) -> None:
    """A signature is enough; the event is in the log, with its source as producer, before the answer."""
    served = serve(webhooks("stripe"))
    response = post(served, signed("stripe", payload("stripe.payment_failed")))
    assert response.status == 200
    assert [result["status"] for result in json.loads(response.data)["results"]] == ["stored"]
    [line] = served.lines("touchpoints")
    assert (line["type"], line["producer"]) == ("payment.failed", "stripe.src")
    [account] = served.lines("accounts")
    assert (account["producer"], account["events"]) == ("stripe.src", 1)
    assert served.metric('touchline_events_total{producer="stripe.src"') == 1


def test_what_is_not_genuine_is_not_kept(webhooks: MakeWebhooks, serve: Callable[[Webhooks], Served]) -> None:
    """401 without the right signature, 404 without a source, 405 for other methods: nothing is stored."""
    served = serve(webhooks("stripe"))
    right = signed("stripe", payload("stripe.payment_failed"))
    answers = [
        post(served, right._replace(headers={})),
        post(served, right._replace(path="/v1/webhooks/stripe/other")),
        post(served, right._replace(path="/v1/webhooks/none/src")),
        post(served, right, "PUT"),
    ]
    codes = [(one.status, json.loads(one.data)["error"]["code"]) for one in answers]
    assert codes == [
        (401, "wrong_signature"),
        (404, "unknown_source"),
        (404, "unknown_source"),
        (405, "method_not_allowed"),
    ]
    assert not served.lines("touchpoints")
    assert not served.lines("quarantine")


def test_a_genuine_body_that_is_unreadable_is_in_quarantine_and_not_asked_for_again(
    webhooks: MakeWebhooks, serve: Callable[[Webhooks], Served]
) -> None:
    """The answer is 200, since a provider would send the same body for days; the body is kept whole."""
    served = serve(webhooks("shopify"))
    response = post(served, signed("shopify", b"<html>"))
    assert response.status == 200
    [kept] = served.lines("quarantine")
    assert (kept["body"], kept["reason"], kept["producer"]) == ("<html>", "malformed_json", "shopify.src")


def test_an_address_can_be_tested(webhooks: MakeWebhooks, serve: Callable[[Webhooks], Served]) -> None:
    """GET and HEAD of an address with a source get 200."""
    served = serve(webhooks("intercom"))
    bare = Received(b"", NOW_MS, "", "/v1/webhooks/intercom/src")
    assert [post(served, bare, method).status for method in ("GET", "HEAD")] == [200, 200]
    assert post(served, bare._replace(path="/v1/webhooks/intercom/x"), "HEAD").status == 404
    assert not served.lines("accounts")


def test_many_wrong_signatures_get_429_with_a_time(
    webhooks: MakeWebhooks, serve: Callable[[Webhooks], Served]
) -> None:
    """Guesses are slowed down, and genuine requests are answered meanwhile."""
    served = serve(webhooks("shopify"))
    wrong = signed("shopify", payload("shopify.refund"), secret="a guess")
    answers = [post(served, wrong) for _ in range(12)]
    assert [one.status for one in answers] == [401] * 10 + [429] * 2
    assert answers[-1].headers["Retry-After"] == "1"
    assert post(served, signed("shopify", payload("shopify.refund"))).status == 200


def test_a_source_without_a_secret_takes_its_key(
    webhooks: MakeWebhooks, serve: Callable[[Webhooks], Served]
) -> None:
    """A key of the scope `webhook` is good for the source of its name; without a key, 401."""
    served = serve(webhooks("generic", secret=[], signature=None))
    own = served.keys.create("src", scope="webhook")
    other = served.keys.create("other", scope="webhook")
    row = json.dumps({"id": "r", "at": 1795173000, "person": {"mail": "a@b.example"}, "stars": 1}).encode()
    bare = Received(row, NOW_MS, "", "/v1/webhooks/generic/src")

    def with_key(key: str) -> int:
        status: int = post(served, bare._replace(headers={"authorization": f"Bearer {key}"})).status
        return status

    assert (post(served, bare).status, with_key("wrong"), with_key(other), with_key(own)) == (
        401,
        401,
        403,
        200,
    )
    [line] = served.lines("touchpoints")
    assert (line["type"], line["producer"]) == ("feedback.given", "src")
