"""One contract for all channels, against receivers that refuse what their providers' formats do not allow."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from tests.alerts.receivers import ACKNOWLEDGING, LIVE, NAMELESS, RECEIVERS, Answer, Simulator, SlackApi
from touchline.alerts.addresses import ADDRESSES, Address
from touchline.alerts.channels import Undelivered, limits, send
from touchline.alerts.channels.limits import LIMITS, cut
from touchline.alerts.life.plan import HoldPlan
from touchline.alerts.life.situation import Situation
from touchline.alerts.messages.message import Link, Message, Notice, Origin, message
from touchline.alerts.messages.templates import Templates
from touchline.alerts.policy import first_row
from touchline.alerts.rules import AlertRule
from touchline.config.alerts_files import load_alerts
from touchline.runtime.alerting.channel import ChannelThread, Delivery
from touchline.runtime.alerting.outbox import Outbox
from touchline.tables import AlertRow
from touchline.vocabulary.ids import derived_id

T = 1_795_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
RULE = next(rule for rule in load_alerts().rules if rule.id == "payment_outage")
ACTIONS = (Link("Acknowledge", f"{LIVE}/act/1"), Link("Snooze", f"{LIVE}/act/2"))
LONG_LINK = Link("Verdict", f"{LIVE}/act/{'x' * 4_000}")
KINDS = pytest.mark.parametrize("kind", RECEIVERS)
HOSTILE = (
    "<script>x</script> <!channel> [a](https://evil.example) *b* {title} ${x} @{y} \x00\u202e\ud83d"
    + "😀" * 9_000
)


@pytest.fixture
def line(receiver: Any) -> Callable[[str], tuple[Address, Any]]:
    """A channel of a kind, and the receiver at its other end."""

    def make(kind: str) -> tuple[Address, Simulator]:
        simulator, settings = RECEIVERS[kind]
        far = simulator()
        receiver.respond = far.respond
        return ADDRESSES[kind].model_validate({"kind": kind, "url": f"{receiver.url}/hush", **settings}), far  # type: ignore[return-value]

    return make


def _message(
    row: AlertRow, status: str = "firing", notice: Notice | None = None, rule: AlertRule = RULE
) -> Message:
    return message(row, status, Origin(LIVE), T + 6_000, rule, notice or Notice(actions=ACTIONS))


def _over(row: AlertRow) -> AlertRow:
    return replace(row, status="resolved", resolved_at=T + 90_000, version=row.version + 2)


def _channel(to: Address, outbox: Outbox, current: dict[UUID, AlertRow], now: list[int]) -> ChannelThread:
    """A channel that sends when it is called, by a clock that is set by hand."""
    rules = {rule.id: rule for rule in load_alerts().rules}
    delivery = Delivery(
        rules,
        outbox,
        lambda: Situation(rules, None, HoldPlan(), current.values(), [], now[0]),
        Origin(LIVE),
        lambda name, taken: None,
        lambda: True,
        lambda: now[0] / 1000,
    )
    return ChannelThread("chat", to, delivery)


@KINDS
def test_an_incident_opens_changes_and_ends_as_one(
    kind: str, line: Any, receiver: Any, row: AlertRow
) -> None:
    """A resend after a crash, a change and the end are of one incident where the receiver names incidents."""
    to, far = line(kind)
    first = _message(row)
    send(to, first)
    reference = send(to, first)
    assert list(far.incidents.values()) == ([] if kind in NAMELESS else ["open"])
    grown = replace(row, version=2, customers=40, summary="Payments fail: 40 customers affected")
    reference = send(to, _message(grown), reference)
    known = _message(grown, notice=Notice(("Acknowledged by Kim",), "Kim", ACTIONS))
    reference = send(to, known, reference)
    expected = "acknowledged" if kind in ACKNOWLEDGING else "open"
    assert list(far.incidents.values()) == ([] if kind in NAMELESS else [expected])
    reference = send(to, _message(_over(row), "resolved"), reference)
    requests = len(receiver.got)
    send(to, _message(_over(row), "followup", Notice(("A day later: no such friction",))), reference)
    assert (len(receiver.got) == requests) == (kind in ("alertmanager", "pagerduty", "incident_io"))
    assert list(far.incidents.values()) == ([] if kind in NAMELESS else ["closed"])
    assert far.refusals == []


@KINDS
def test_hostile_and_endless_text_is_taken_and_harmless(kind: str, line: Any, row: AlertRow) -> None:
    """Whatever stands in events and rules, no receiver refuses it, and none finds markup in it."""
    to, far = line(kind)
    rule = RULE.model_copy(update={"why": HOSTILE, "owner": HOSTILE})
    labels = tuple(f"{name}={HOSTILE}" for name in ("source", "channel"))
    wild = replace(
        row, title=HOSTILE, summary=HOSTILE, labels=labels, causes=(HOSTILE,) * 3, changes=(HOSTILE,) * 3,
        cost=HOSTILE,
    )  # fmt: skip
    notice = Notice((HOSTILE,) * 20, HOSTILE, (LONG_LINK, *ACTIONS * 5))
    origin = Origin(LIVE, templates=Templates(text="{summary}\n" * 200))
    reference = send(to, _message(wild, notice=notice, rule=rule))
    reference = send(to, message(wild, "firing", origin, T, rule, notice), reference)
    empty = Origin(templates=Templates(subject="{cost}", text="{cost}"))
    reference = send(to, message(row, "firing", empty, T), reference)
    narrow = Origin(LIVE, templates=Templates(text="x\n" * 1_900))
    reference = send(to, message(wild, "firing", narrow, T, rule, notice), reference)
    send(to, _message(_over(wild), "resolved", notice, rule), reference)
    assert far.refusals == []
    assert not any(ord(one) < 32 and one != "\n" for said in far.said for one in said)
    assert not any("\ud800" <= one <= "\udfff" for said in far.said for one in said)
    if kind == "incident_io":
        assert far.descriptions
        assert not any("[a](" in said for said in far.descriptions)


@KINDS
def test_a_busy_receiver_says_when_to_come_again(kind: str, line: Any, receiver: Any, row: AlertRow) -> None:
    """Retry-After is in the error, without a secret; a redirect is not followed."""
    to, far = line(kind)
    receiver.answers.append((429, {"Retry-After": "7"}, b"slow down"))
    with pytest.raises(Undelivered, match="answered 429") as caught:
        send(to, _message(row))
    assert caught.value.retry_after == 7_000
    receiver.answers.append((302, {"Location": f"{receiver.url}/elsewhere"}, b""))
    with pytest.raises(Undelivered, match="answered 302") as moved:
        send(to, _message(row))
    assert "hush" not in f"{caught.value}{moved.value}"
    assert not any("elsewhere" in path for path, _, _ in receiver.got)
    assert not far.incidents


@KINDS
def test_a_channel_that_was_away_for_an_hour_gets_what_is_true_in_order(
    kind: str, line: Any, receiver: Any, row: AlertRow
) -> None:
    """While it is away it is asked seldom; then it gets the older incident first, and what ended as ended."""
    to, far = line(kind)
    own = {"id": derived_id("older"), "fingerprint": derived_id("older"), "labels": ("source=store",)}
    older = replace(row, opened_at=T - HOUR, title="Older", **own)
    current: dict[UUID, AlertRow] = {one.fingerprint: one for one in (row, older)}
    outbox = Outbox(lambda sql, parameters: [], lambda table, columns, token: None)
    outbox.expect([found for one in current.values() if (found := first_row(one, None, "chat"))])
    now = [T + MINUTE]
    channel = _channel(to, outbox, current, now)
    receiver.respond = lambda path, headers, body: (503, {"Retry-After": "600"}, b"away")
    due = channel.send_due()
    assert len(receiver.got) == 1  # The receiver limits the sender: the second incident waits as well.
    while due is not None and due < T + HOUR:
        now[0] = due
        due = channel.send_due()
    assert len(receiver.got) <= 2 * HOUR // (300_000) + 2
    current[older.fingerprint] = replace(_over(older), resolved_at=T)
    receiver.respond = far.respond
    far.said.clear()
    now[0] = T + 2 * HOUR
    channel.send_due()
    channel.send_due()
    assert far.refusals == []
    assert sorted(far.incidents.values()) == ([] if kind in NAMELESS else ["closed", "open"])
    assert {row.told for row in outbox.of("chat")} == {"firing", "resolved"}
    said = [said for said in far.said if "Older" in said or "Payments" in said]
    if kind not in ("alertmanager", "pagerduty"):  # Their fields have no title that people see first.
        assert "Older" in said[0]
        assert kind == "incident_io" or any("Resolved at" in one for one in far.said)


@KINDS
def test_a_storm_is_sent_at_the_pace_that_the_receiver_allows(
    kind: str, line: Any, receiver: Any, row: AlertRow
) -> None:
    """Of 20 incidents each arrives once; a receiver that is busy is asked once in each pause."""
    to, far = line(kind)
    names = [derived_id(f"storm {number}") for number in range(20)]
    current = {
        name: replace(row, id=name, fingerprint=name, labels=(f"source={name}",), evidence=())
        for name in names
    }
    outbox = Outbox(lambda sql, parameters: [], lambda table, columns, token: None)
    outbox.expect([found for one in current.values() if (found := first_row(one, None, "chat"))])
    now, taken, refused = [T + MINUTE], Counter[int](), Counter[int]()

    def respond(path: str, headers: dict[str, str], body: bytes) -> Answer:
        if taken[now[0] // 1000] == 4:
            refused[now[0] // 1000] += 1
            return 429, {"Retry-After": "1"}, b"busy"
        taken[now[0] // 1000] += 1
        answer: Answer = far.respond(path, headers, body)
        return answer

    receiver.respond = respond
    channel = _channel(to, outbox, current, now)
    while (due := channel.send_due()) is not None and due < T + 10 * MINUTE:
        now[0] = due
    assert {one.told for one in outbox.of("chat")} == {"firing"}
    assert far.refusals == []
    assert list(far.incidents.values()) == ([] if kind in NAMELESS else ["open"] * 20)
    assert max(refused.values()) == 1


def test_a_thread_tells_the_story_once(line: Any, row: AlertRow) -> None:
    """Changes and the end are replies under the one message; a repeated attempt adds no reply."""
    to, far = line("slack_bot")
    reference = send(to, _message(row))
    assert far.thread == []
    send(to, _message(replace(row, version=2)), reference)
    reference = send(to, _message(replace(row, version=2)), reference)
    reference = send(to, _message(_over(row), "resolved"), reference)
    assert len(far.thread) == 2
    assert far.thread[1].startswith("Resolved at 2026-11-18 11:08:10 UTC, after 2 min.")
    root = next(one for one in far.messages.values() if "thread_ts" not in one)
    assert root["text"].startswith("[resolved]")


@pytest.mark.parametrize(("history", "messages"), [(True, 1), (False, 2)])
def test_a_bot_finds_the_message_whose_answer_was_lost(
    history: bool, messages: int, line: Any, row: AlertRow
) -> None:
    """With the right to read the channel, a lost answer makes no second message; without it, it does."""
    to, far = line("slack_bot")
    far.history = history
    send(to, _message(row))
    for number in range(150):
        noise = {"text": f"chat {number}", "channel": far.CHANNEL}
        far.messages[f"1795001{number:03}.000100"] = noise
    send(to, _message(row))
    assert len(far.incidents) == messages


def test_a_deleted_message_is_posted_again(line: Any, row: AlertRow) -> None:
    """If somebody deletes the message, the next change posts it again."""
    to, far = line("slack_bot")
    reference = send(to, _message(row))
    far.messages.clear()
    again = send(to, _message(replace(row, version=2)), reference)
    assert again in {f"{ts} 0" for ts in far.messages}


def test_slack_refuses_with_its_own_code(line: Any, row: AlertRow) -> None:
    """An error of Slack's is an attempt that failed, with Slack's name for it and no secret."""
    wrong = {"kind": "slack_bot", "token": "xoxb-wrong", "channel": SlackApi.CHANNEL}
    to, far = line("slack_bot")
    other = ADDRESSES["slack_bot"].model_validate({**wrong, "url": to.url})
    with pytest.raises(Undelivered, match="invalid_auth") as caught:
        send(other, _message(row))  # type: ignore[arg-type]
    assert "xoxb" not in str(caught.value)
    assert far.messages == {}


@pytest.mark.parametrize("most", [1, 2, 75, 130])
def test_a_cut_text_has_its_mark_and_no_half_sign(most: int) -> None:
    """However receivers count, a cut text is within the limit, ends with the mark, and halves no emoji."""
    for given in ("a" * 500, "😀" * 500, "é😀" * 300):
        found = cut(given, most)
        assert len(found.encode("utf-16-le")) // 2 <= most
        assert found.endswith("…")
    assert cut("short", 130) == "short"


def test_every_limit_is_kept() -> None:
    """The table of limits names kinds of channels, and the code of channels uses each of its entries."""
    assert LIMITS.keys() <= ADDRESSES.keys()
    code = "".join(path.read_text(encoding="utf-8") for path in Path(limits.__file__).parent.glob("*.py"))
    for entries in LIMITS.values():
        for name in entries:
            assert f'["{name}"]' in code, name
