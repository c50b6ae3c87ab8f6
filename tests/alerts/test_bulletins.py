"""Bulletins, such as the weekly digest, by each kind of channel."""

from typing import Any

import orjson
import pytest

from touchline.alerts.addresses import ADDRESSES
from touchline.alerts.channels import Undelivered, send_bulletin, signature
from touchline.alerts.channels.mail import written_bulletin
from touchline.alerts.file import AlertsError, parse_alerts
from touchline.alerts.messages.bulletin import Bulletin

HARM = "Up <script>x</script> <!channel> & more"
SENT_AT = 1_795_000_000_000


def address(kind: str, **fields: Any) -> Any:
    """An address of a kind."""
    return ADDRESSES[kind].model_validate({"kind": kind, **fields})


@pytest.fixture
def digest() -> Bulletin:
    """A bulletin with markup and mentions in its texts."""
    return Bulletin(
        key="weekly.2026-W48",
        subject=HARM,
        summary=f"{HARM}\nsecond line",
        text=f"# {HARM}",
        html="<!doctype html><p>fine</p>",
        link="https://live.example/digest",
        sent_at=SENT_AT,
    )


def test_chat_gets_the_summary_as_plain_text(digest: Bulletin, receiver: Any) -> None:
    """Slack gets the summary as plain text, in which there is no mention, and the link."""
    send_bulletin(address("slack", url=receiver.url), digest)
    [(_, _, body)] = receiver.got
    message = orjson.loads(body)
    assert "<" not in message["text"]
    header, section, context = message["blocks"]
    assert (header["text"]["type"], section["text"]["type"]) == ("plain_text", "plain_text")
    assert section["text"]["text"] == digest.summary
    assert context["elements"][0]["text"] == "<https://live.example/digest|All of it>"


def test_a_webhook_gets_all_of_it_signed(digest: Bulletin, receiver: Any) -> None:
    """A webhook gets every text, with the key as the delivery's id and a signature over the body."""
    send_bulletin(address("webhook", url=receiver.url, secret="s3cret"), digest)
    [(_, headers, body)] = receiver.got
    content = orjson.loads(body)
    assert (content["key"], content["html"], content["text"]) == (digest.key, digest.html, digest.text)
    assert content["sent_at"] == "2026-11-18T11:06:40.000Z"
    assert headers["X-Touchline-Delivery"] == digest.key
    assert headers["X-Touchline-Signature"] == signature("s3cret", headers["X-Touchline-Timestamp"], body)


def test_a_mail_has_text_and_html(digest: Bulletin) -> None:
    """A mail has both forms, and an id that is the same each time."""
    to = address("email", host="mail.example", sender="a@shop.example", to=["b@shop.example"])
    mail = written_bulletin(to, digest)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["Message-ID"] == "<weekly.2026-W48@touchline>"
    assert mail["Subject"] == HARM


@pytest.mark.parametrize(
    ("kind", "fields"), [("pagerduty", {"routing_key": "R"}), ("alertmanager", {"url": "http://127.0.0.1:1"})]
)
def test_pagers_take_no_reports(digest: Bulletin, kind: str, fields: dict[str, str]) -> None:
    """A channel for incidents refuses a bulletin, with the reason."""
    with pytest.raises(Undelivered, match="incidents alone"):
        send_bulletin(address(kind, **fields), digest)


@pytest.mark.parametrize(
    ("digest_line", "message"),
    [
        ("digest: [male]", "there is no 'male' among the channels (did you mean 'mail'?)"),
        ("digest: [pager]", "'pager' takes incidents alone: its kind is pagerduty"),
        ("digest: mail", "digest: write a list"),
    ],
)
def test_channels_of_the_digest_are_checked(digest_line: str, message: str) -> None:
    """A channel that the file lacks, or that takes no reports, is a fault of the file."""
    channels = """
channels:
  mail: {kind: email, host: h, sender: a@shop.example, to: [b@shop.example]}
  pager: {kind: pagerduty, routing_key: R}
"""
    with pytest.raises(AlertsError) as raised:
        parse_alerts(f"extends: default\n{channels}{digest_line}\n", packs={"default": "rules: []"})
    assert message in str(raised.value)
