"""What each channel sends, as its receiver documents it; real servers take it."""

import hmac
import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from msgspec.structs import replace

from touchline.alerts.addresses import ADDRESSES, Address
from touchline.alerts.channels import Undelivered, send
from touchline.alerts.messages.incident_text import Counts, sentence
from touchline.alerts.messages.message import Message, Origin, message
from touchline.config.alerts_files import load_alerts
from touchline.tables import AlertRow
from touchline.vocabulary.wording import plain

T = 1_795_000_000_000
LIVE = "https://touchline.shop.example"
HERE = Origin(LIVE)
HOSTILE = (
    "<script>alert(1)</script>\r\nBcc: everyone@shop.example\n*bold* <!channel> &amp; \u202egnp.exe\x00"
    + "x" * 10_000
)
"""Markup, line breaks, a mention, a direction mark, a null and ten thousand letters."""

# Apprise still looks for a module that later versions of Python do not have.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

Made = Callable[..., Address]


@pytest.fixture
def address() -> Made:
    """An address of a kind."""

    def make(kind: str, **fields: Any) -> Any:
        return ADDRESSES[kind].model_validate({"kind": kind, **fields})

    return make


@pytest.fixture
def firing(row: AlertRow) -> Message:
    """The message of a firing incident."""
    return message(row, "firing", HERE, row.opened_at + 6_000)


@pytest.fixture
def over(row: AlertRow) -> Message:
    """The message of a resolved incident."""
    done = replace(row, status="resolved", resolved_at=row.opened_at + 90_000, version=2)
    return message(done, "resolved", HERE, row.opened_at + 100_000)


@pytest.fixture
def hostile(row: AlertRow) -> Message:
    """The message of an incident with hostile labels."""
    labels = (f"source={HOSTILE}",)
    return message(replace(row, labels=labels, title=HOSTILE, summary=HOSTILE), "firing", HERE, row.opened_at)


class Mailbox:
    """Keeps the mails that it is handed."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(
            (
                envelope.mail_from,
                envelope.rcpt_tos,
                message_from_bytes(envelope.content, policy=policy.default),
            )
        )
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[int, Mailbox]]:
    """A mail server on a free port."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield port, box
    server.stop()


def test_a_message_says_it_all(firing: Message) -> None:
    """What, where, since when, how many customers, what is usual, three journeys, and where to look."""
    assert firing.subject == "[critical] Payments fail (source webshop)"
    assert firing.summary == (
        "Payments fail (source webshop): 24 times since 2026-11-18 11:06:40 UTC, 12 customers affected; "
        "usual at this hour: 0.5 customers in 5m"
    )
    assert [one.link.startswith(f"{LIVE}/customer/") for one in firing.evidence] == [True] * 3
    assert firing.text.splitlines()[-1] == f"Live page: {LIVE}/"


def test_a_message_says_how_it_ended_first(over: Message, row: AlertRow) -> None:
    """Since when it is over, and after how long; or that it never was."""
    assert over.text.splitlines()[0] == "Resolved at 2026-11-18 11:08:10 UTC, after 2 min."
    gone = message(replace(row, status="retracted"), "resolved", HERE, row.opened_at)
    assert gone.subject == "[taken back] Payments fail (source webshop)"
    assert gone.text.splitlines()[0] == "Retracted: late events show that it did not happen."


def test_without_an_address_a_message_has_no_links(row: AlertRow, receiver: Any, address: Made) -> None:
    """Without the live page's address, every channel names journeys by their ids and links nowhere."""
    unlinked = message(row, "firing", Origin(), row.opened_at)
    assert unlinked.text.splitlines()[1:] == [
        f"Journey {number}: {journey}" for number, journey in enumerate(row.evidence, 1)
    ]
    for kind, fields in (
        ("slack", {"url": receiver.url}),
        ("alertmanager", {"url": receiver.url}),
        ("pagerduty", {"url": receiver.url, "routing_key": "R" * 32}),
        ("webhook", {"url": receiver.url}),
    ):
        send(address(kind, **fields), unlinked)
    assert len(receiver.got) == 4
    assert not any(
        word in body for _, _, body in receiver.got for word in (b"http://", b"https://", b"|Live")
    )


def test_labels_of_an_installation_are_part_of_its_identity(
    row: AlertRow, receiver: Any, address: Made
) -> None:
    """Two installations with different labels open two incidents at a shared receiver."""
    first, second = (
        message(row, "firing", Origin(LIVE, {"installation": name}), row.opened_at)
        for name in ("berlin", "madrid")
    )
    assert len({first.fingerprint, second.fingerprint, str(row.fingerprint)}) == 3
    assert (
        first.fingerprint == message(row, "resolved", Origin("", {"installation": "berlin"}), 0).fingerprint
    )
    send(address("alertmanager", url=receiver.url), first)
    send(address("pagerduty", url=receiver.url, routing_key="R" * 32), second)
    (alert,), event = receiver.bodies
    assert alert["labels"]["installation"] == "berlin"
    assert event["dedup_key"] == second.fingerprint


@pytest.mark.parametrize(
    ("rule", "labels", "count", "customers", "usual", "said"),
    [
        ("orders_fail", (), 1, 1, None,
         "Orders fail: 1 time since 2026-11-18 11:06:40 UTC, 1 customer affected; "
         "no baseline yet: too little data before"),
        ("friction_unusual", ("rule=queue",), 1_062, 955, 14.5,
         "More friction than usual (rule queue): 1,062 times since 2026-11-18 11:06:40 UTC, "
         "955 customers affected; usual at this hour: 14.5 times in 1h"),
        ("producer_silent", ("producer=pbx",), 0, 0, 12_345.0,
         "A producer is silent (producer pbx): no event since 2026-11-18 08:06:40 UTC; "
         "usual at this hour: 12,345 events in 3h"),
        ("strike_outs", ("channel=phone",), 9, 9, 1.0,
         "Customers strike out (channel Phone): 9 customers with 60 strike points since 2026-11-18 "
         "11:06:40 UTC; usual at this hour: 1 customer in 1h"),
    ],
)  # fmt: skip
def test_each_kind_of_rule_has_its_words(
    rule: str, labels: tuple[str, ...], count: int, customers: int, usual: float | None, said: str
) -> None:
    """What, where, how many, since when, and against what; also where that is not known."""
    (found,) = (one for one in load_alerts().rules if one.id == rule)
    assert sentence(found, labels, T, Counts(count, customers, usual), "UTC") == said


def test_pagerduty_is_triggered_and_resolved_by_one_key(
    receiver: Any, address: Made, firing: Message, over: Message
) -> None:
    """Events API v2: a trigger with its payload, a resolve with the same dedup key."""
    to = address("pagerduty", routing_key="R" * 32, url=f"{receiver.url}/v2/enqueue")
    receiver.answers += [(202, {}, b'{"status": "success"}')] * 2
    send(to, firing)
    send(to, over)
    trigger, resolve = receiver.bodies
    assert receiver.got[0][0] == "/v2/enqueue"
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"] == firing.fingerprint
    assert len(trigger["dedup_key"]) <= 255
    assert trigger["routing_key"] == resolve["routing_key"] == "R" * 32
    payload = trigger["payload"]
    assert payload["severity"] in {"critical", "error", "warning", "info"}
    assert 0 < len(payload["summary"]) <= 1024
    assert payload["source"] == "webshop"
    assert payload["timestamp"] == "2026-11-18T11:06:40.000Z"
    assert payload["custom_details"]["customers"] == 12
    assert [set(link) for link in trigger["links"]] == [{"href", "text"}] * 3
    assert resolve.keys() == {"routing_key", "event_action", "dedup_key"}


def test_slack_is_given_blocks_within_its_limits(
    receiver: Any, address: Made, firing: Message, hostile: Message
) -> None:
    """A header of at most 150 letters, plain text for what others wrote, and links that are ours alone."""
    to = address("slack", url=f"{receiver.url}/services/T0/B0/secret")
    send(to, firing)
    send(to, hostile)
    for body in receiver.bodies:
        header, section, context = body["blocks"]
        assert header["type"] == "header"
        assert header["text"]["type"] == section["text"]["type"] == "plain_text"
        assert len(header["text"]["text"]) <= 150
        assert 0 < len(section["text"]["text"]) <= 3000
        assert context["elements"][0]["text"].count("<") == 4
        assert "<" not in body["text"]
    assert receiver.bodies[0]["text"].startswith("[critical] Payments fail (source webshop): 24 times since")
    assert "12 customers affected" in receiver.bodies[0]["blocks"][1]["text"]["text"]


def test_a_mail_server_takes_the_mail(
    mailbox: tuple[int, Mailbox], address: Made, firing: Message, over: Message
) -> None:
    """A real server is handed plain text; the end is in the same thread, a repetition has the same id."""
    port, box = mailbox
    to = address(
        "email",
        host="127.0.0.1",
        port=port,
        sender="touchline@shop.example",
        to=["cx@shop.example", "b@shop.example"],
    )
    for one in (firing, firing, over):
        send(to, one)
    (sender, receivers, first), (_, _, again), (_, _, end) = box.mails
    assert (sender, receivers) == ("touchline@shop.example", ["cx@shop.example", "b@shop.example"])
    assert first["Subject"] == "[critical] Payments fail (source webshop)"
    assert end["Subject"] == "[resolved] Payments fail (source webshop)"
    assert first["Message-ID"] == again["Message-ID"] != end["Message-ID"]
    assert first["References"] == end["References"]
    assert first.get_content_type() == "text/plain"
    assert f"Journey 3: {LIVE}/customer/" in first.get_content()
    assert "Resolved at 2026-11-18 11:08:10 UTC" in end.get_content()


def test_a_hostile_mail_is_one_harmless_mail(
    mailbox: tuple[int, Mailbox], address: Made, hostile: Message
) -> None:
    """No header and no receiver is added by what stands in an event."""
    port, box = mailbox
    send(
        address("email", host="127.0.0.1", port=port, sender="t@shop.example", to="cx@shop.example"), hostile
    )
    ((_, receivers, mail),) = box.mails
    assert receivers == ["cx@shop.example"]
    assert mail["Bcc"] is None
    assert len(mail["Subject"]) <= 200
    assert mail.get_content_type() == "text/plain"
    assert len(mail.get_content()) < 2_000


def test_a_webhook_is_signed(receiver: Any, address: Made, firing: Message) -> None:
    """The signature is the HMAC of time and body; the body is one object with times of RFC 3339."""
    send(address("webhook", url=f"{receiver.url}/hook", secret="s3cret"), firing)
    ((path, headers, body),) = receiver.got
    expected = hmac.new(
        b"s3cret", headers["X-Touchline-Timestamp"].encode() + b"." + body, "sha256"
    ).hexdigest()
    assert headers["X-Touchline-Signature"] == f"sha256={expected}"
    assert path == "/hook"
    (payload,) = receiver.bodies
    assert payload["fingerprint"] == firing.fingerprint
    assert payload["since"] == "2026-11-18T11:06:40.000Z"
    assert payload["customers"] == 12
    assert b"s3cret" not in body


def test_apprise_sends_to_what_it_knows(receiver: Any, address: Made, firing: Message, over: Message) -> None:
    """Apprise sends the beginning and the end; an unknown service is an error."""
    to = address("apprise", url=receiver.url.replace("http://", "json://") + "/notify")
    send(to, firing)
    send(to, over)
    first, second = receiver.bodies
    assert first["title"] == "[critical] Payments fail (source webshop)"
    assert (first["type"], second["type"]) == ("failure", "success")
    with pytest.raises(Undelivered, match="knows no service"):
        send(address("apprise", url="nothing://hush-hush"), firing)


def test_apprise_follows_no_redirect(receiver: Any, address: Made, firing: Message) -> None:
    """A service that redirects gets no second request: it could be meant for a private network."""
    receiver.answers.append((302, {"Location": f"{receiver.url}/elsewhere"}, b""))
    with pytest.raises(Undelivered, match="did not take it"):
        send(address("apprise", url=receiver.url.replace("http://", "json://")), firing)
    assert [path for path, _, _ in receiver.got] == ["/"]


NOISY = """
from enum import Enum
print("loaded")
NotifyType, NotifyFormat = Enum("T", "failure"), Enum("F", "TEXT")
NotifyType._value2member_map_ = {"failure": "failure"}
class Apprise:
    service_name = "Noisy"
    instantiate = staticmethod(lambda *_, **__: Apprise())
    def notify(self, **named):
        print("sent")
        return False
"""


def test_a_module_of_the_working_folder_is_not_apprise(
    receiver: Any, address: Made, firing: Message, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working folder, where others may write, gives the process of Apprise no module."""
    (tmp_path / "apprise.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    send(address("apprise", url=receiver.url.replace("http://", "json://")), firing)
    assert len(receiver.bodies) == 1


def test_what_apprise_prints_is_not_its_outcome(
    address: Made, firing: Message, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that prints while it sends changes nothing about what is reported."""
    (tmp_path / "apprise.py").write_text(NOISY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Undelivered, match=r"^Noisy did not take it$"):
        send(address("apprise", url="json://x"), firing)


@pytest.mark.parametrize("kind", ["pagerduty", "slack", "webhook", "alertmanager", "apprise"])
def test_what_others_wrote_arrives_as_one_bounded_line(
    kind: str, receiver: Any, address: Made, hostile: Message
) -> None:
    """Whatever stands in an event, each text that is sent is a line without control characters, and short."""
    url = receiver.url.replace("http://", "json://") if kind == "apprise" else receiver.url
    more = {"routing_key": "k"} if kind == "pagerduty" else {}
    send(address(kind, url=url, **more), hostile)

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                yield from texts(one)
        elif isinstance(value, str):
            yield value

    for text in texts(receiver.bodies[0]):
        assert len(text) <= 1_500
        assert all(line == plain(line, 2_000) for line in text.split("\n"))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("pagerduty", {"routing_key": "hush-hush"}),
        ("slack", {}),
        ("webhook", {"secret": "hush-hush"}),
        ("alertmanager", {"token": "hush-hush"}),
    ],
)
def test_a_refusal_says_why_and_no_secret(
    kind: str, fields: dict[str, str], receiver: Any, address: Made, firing: Message
) -> None:
    """The status and what the receiver says are in the error, with when to come again; secrets are not."""
    receiver.answers.append((429, {"Retry-After": "7"}, b"slow\r\ndown"))
    with pytest.raises(Undelivered) as caught:
        send(address(kind, url=f"{receiver.url}/hush-hush", **fields), firing)
    assert str(caught.value) == "127.0.0.1 answered 429: slow down"
    assert caught.value.retry_after == 7_000


def test_an_address_that_nobody_listens_on_is_an_error(address: Made, firing: Message) -> None:
    """A connection that is refused is said with the host alone."""
    for to in (
        address("webhook", url="http://127.0.0.1:9/hush-hush"),
        address("email", host="127.0.0.1", port=9, sender="a@b.example", to="c@d.example"),
    ):
        with pytest.raises(Undelivered) as caught:
            send(to, firing)
        assert "hush-hush" not in str(caught.value)
        assert "127.0.0.1" in str(caught.value)


def test_a_secret_comes_from_the_environment_or_a_file(
    receiver: Any, address: Made, firing: Message, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """It is read when it is needed, and what lacks is named."""
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.setenv("TOUCHLINE_TEST_KEY", "from-environment")
    send(address("pagerduty", url=receiver.url, routing_key={"env": "TOUCHLINE_TEST_KEY"}), firing)
    send(address("pagerduty", url=receiver.url, routing_key={"file": str(tmp_path / "key")}), firing)
    assert [body["routing_key"] for body in receiver.bodies] == ["from-environment", "from-file"]
    with pytest.raises(Undelivered, match="the environment has no TOUCHLINE_NONE"):
        send(address("pagerduty", url=receiver.url, routing_key={"env": "TOUCHLINE_NONE"}), firing)
    with pytest.raises(Undelivered, match="cannot be read"):
        send(address("slack", url={"file": str(tmp_path / "none")}), firing)
