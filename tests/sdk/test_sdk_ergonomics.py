"""The current customer, stories of several events, `before_send`, `enabled`, and the environment."""

import asyncio
import threading
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from touchline.sdk import Checkout, Limits, Memory, QueueFull, Touchline, bind
from touchline.sdk.binding import BOUND, bind_request
from touchline.sdk.environment import read
from touchline.vocabulary.envelope import Envelope, to_event
from touchline.vocabulary.registry import EVENT_TYPES

DUE = datetime(2026, 12, 1, 18, tzinfo=UTC)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def tl(memory: Memory, quick: Limits) -> Iterator[Touchline]:
    with Touchline(memory, source="shop", limits=quick) as tl:
        yield tl
        tl.flush(5)
        for event in memory.events:
            EVENT_TYPES[event["type"]].model.model_validate_json(_json(event["data"]))


def _json(value: Any) -> bytes:
    return orjson.dumps(value)


def customers(tl: Touchline, memory: Memory) -> list[Any]:
    assert tl.flush(5)
    return [event["identifiers"] for event in memory.events]


def test_a_bound_customer_is_the_default_one(tl: Touchline, memory: Memory) -> None:
    """Within the block events get the bound identifiers; an event that names a customer gets only its own."""
    with tl.bind({"device": "d"}, context={"release": "7"}):
        tl.track("page.viewed", page="/")
        with bind(account="u", context={"locale": "de"}):
            tl.track("page.viewed", page="/", context={"locale": "en"})
            tl.track("page.viewed", {"account": "another"}, page="/")
        tl.track("page.viewed", page="/")
    tl.track("page.viewed", {"account": "late"}, page="/")
    assert customers(tl, memory) == [
        {"device": "d"},
        {"device": "d", "account": "u"},
        {"account": "another"},
        {"device": "d"},
        {"account": "late"},
    ]
    contexts = [event.get("context") for event in memory.events]
    assert contexts == [
        {"release": "7"},
        {"release": "7", "locale": "en"},
        {"release": "7", "locale": "de"},
        {"release": "7"},
        None,
    ]


async def test_each_task_and_thread_has_its_own_customer(tl: Touchline, memory: Memory) -> None:
    """Tasks that run at the same time, and threads, do not see each other's customer."""

    async def request(account: str) -> None:
        tl.bind(account=account)
        await asyncio.sleep(0.01)
        tl.track("page.viewed", page=account)

    await asyncio.gather(*(request(f"u-{number}") for number in range(5)))
    thread = threading.Thread(target=lambda: tl.track("page.viewed", {"account": "t"}, page="t"))
    with tl.bind(account="main"):
        thread.start()
        thread.join()
    assert customers(tl, memory)
    assert all(event["identifiers"]["account"] == event["data"]["page"] for event in memory.events)


def test_what_is_bound_by_hand_wins_over_the_customer_of_the_request(tl: Touchline, memory: Memory) -> None:
    """`bind` in a request adds to what `identify` finds, and replaces the kinds that both name."""
    with bind_request(lambda: {"account": "session", "device": "d"}, {}):
        with tl.bind(account="u"):
            tl.track("page.viewed", page="/")
        tl.track("page.viewed", page="/")
    assert customers(tl, memory) == [{"account": "u", "device": "d"}, {"account": "session", "device": "d"}]


def test_a_binding_ends_in_whichever_context_resets_it() -> None:
    """A server may end a request in another context than the one that began it, or end it twice."""
    with bind(account="before"):
        binding = bind(account="u")
        elsewhere = copy_context()
        for _ in range(2):
            elsewhere.run(binding.reset)
            assert elsewhere.run(lambda: BOUND.get().identifiers) == {"account": "before"}  # type: ignore[union-attr]
        binding.reset()


def test_a_checkout_is_a_block(tl: Touchline, memory: Memory) -> None:
    """A checkout tracks its start, its steps and its order; an exception is a failed order."""
    with tl.bind(account="u"):
        with tl.checkout("c-1", value=80.0, currency="EUR") as checkout:
            checkout.step_completed("address")
            checkout.payment_failed(method="card")
            checkout.placed("o-1")
        with pytest.raises(LookupError), tl.checkout("c-2", channel="app"):
            raise LookupError
        with tl.checkout("c-3"):
            pass
    tl.flush(5)
    assert [(event["type"], event["data"]["cart_id"]) for event in memory.events] == [
        ("checkout.started", "c-1"),
        ("checkout.step_completed", "c-1"),
        ("payment.failed", "c-1"),
        ("order.placed", "c-1"),
        ("checkout.started", "c-2"),
        ("order.failed", "c-2"),
        ("checkout.started", "c-3"),
    ]
    assert memory.events[3]["data"] == {"cart_id": "c-1", "order_id": "o-1", "value": 80.0, "currency": "EUR"}
    assert memory.events[5]["data"]["reason"] == "LookupError"
    assert {event["identifiers"]["account"] for event in memory.events} == {"u"}


def test_the_end_of_the_process_is_no_failed_order(tl: Touchline, memory: Memory) -> None:
    """A block that a cancelled task or SystemExit leaves is a checkout that is still open."""
    for ended in (SystemExit, asyncio.CancelledError):
        with pytest.raises(ended), tl.checkout("c-1", {"account": "u"}):
            raise ended
    tl.flush(5)
    assert memory.types() == ["checkout.started"] * 2


def test_what_ended_a_story_is_its_only_end(tl: Touchline, memory: Memory) -> None:
    """After `placed` an exception fails no order, and after `kept` or `broken` the block adds nothing."""

    def place_and_fail(checkout: Checkout) -> None:
        checkout.placed("o-1")
        raise LookupError

    customer = {"account": "u"}
    with pytest.raises(LookupError), tl.checkout("c-1", customer) as checkout:
        place_and_fail(checkout)
    with tl.promise("callback", customer, due=DUE) as promise:
        promise.kept()
    with tl.promise("callback", customer, due=DUE) as promise:
        promise.broken(reason="nobody free")
    tl.flush(5)
    assert memory.types() == [
        "checkout.started",
        "order.placed",
        "promise.made",
        "promise.kept",
        "promise.made",
        "promise.broken",
    ]


def test_a_visit_is_a_block(tl: Touchline, memory: Memory) -> None:
    """A visit tracks its start, its steps and its end, with one id and its store."""
    with tl.visit({"loyalty": "l-1"}, store="berlin") as visit:
        visit.assistance_requested()
        visit.assistance_given(wait_seconds=30)
        visit.request_denied("discount")
        visit.bought = True
    tl.flush(5)
    assert memory.types() == [
        "visit.started",
        "assistance.requested",
        "assistance.given",
        "request.denied",
        "visit.ended",
    ]
    assert {
        (event["channel"], event["data"]["visit_id"], event["data"]["store"]) for event in memory.events
    } == {("store", visit.id, "berlin")}
    assert memory.events[-1]["data"]["bought"] is True


def test_a_promise_is_kept_at_the_end_of_its_block(tl: Touchline, memory: Memory) -> None:
    """The end of the block keeps a promise, an exception breaks it; `made` leaves it open."""
    with tl.promise("callback", {"account": "u"}, due=DUE) as promise:
        pass
    with pytest.raises(LookupError), tl.promise("callback", {"account": "u"}, due=DUE):
        raise LookupError
    open_promise = tl.promise("repair", {"account": "u"}, due=DUE).made()
    tl.flush(5)
    assert [(event["type"], event["data"]["kind"]) for event in memory.events] == [
        ("promise.made", "callback"),
        ("promise.kept", "callback"),
        ("promise.made", "callback"),
        ("promise.broken", "callback"),
        ("promise.made", "repair"),
    ]
    assert memory.events[0]["data"]["due_at"] == "2026-12-01T18:00:00+00:00"
    assert memory.events[1]["data"]["promise_id"] == promise.id
    assert memory.events[4]["data"]["promise_id"] == open_promise.id


def test_a_change_is_an_event_of_no_customer(tl: Touchline, memory: Memory) -> None:
    """A change is accepted, and links no customers."""
    tl.change("checkout v2", rule="checkout_abandoned")
    tl.change("checkout v3", id="R-3")
    tl.flush(5)
    assert [event["data"] for event in memory.events] == [
        {"change_id": "checkout v2", "title": "checkout v2", "rule": "checkout_abandoned"},
        {"change_id": "R-3", "title": "checkout v3"},
    ]
    event = to_event(Envelope.model_validate_json(_json(memory.events[0])))
    assert event is not None
    assert [*event.identifiers] == ["terminal:shop"]


def test_before_send_changes_or_drops_an_event(memory: Memory) -> None:
    """What it returns is sent; None drops the event; an event that it fails on is not sent."""

    def before_send(event: dict[str, Any]) -> dict[str, Any] | None:
        match event["data"]["page"]:
            case "/drop":
                return None
            case "/fail":
                raise LookupError
        event["data"]["page"] = event["data"]["page"].upper()
        del event["identifiers"]["email"]
        return event

    identifiers = {"account": "u", "email": "a@b.example"}
    with Touchline(memory, source="shop", before_send=before_send) as tl:
        for page in ("/a", "/drop", "/fail"):
            tl.track("page.viewed", identifiers, page=page)
    assert identifiers == {"account": "u", "email": "a@b.example"}
    assert memory.events[0]["identifiers"] == {"account": "u"}
    assert [event["data"]["page"] for event in memory.events] == ["/A"]
    assert tl.stats.lost == {"filtered": 1, "invalid": 1}
    assert tl.stats.emitted == 3


def test_a_disabled_client_ignores_every_call() -> None:
    """It needs no URL, starts no thread, and counts nothing."""
    before = threading.active_count()
    with Touchline(enabled=False) as tl:
        tl.track("page.viewed", {"account": "u"}, page=object())
        with tl.contact("phone", {"account": "u"}) as call:
            call.queued("tier1")
        assert tl.flush(0)
        assert threading.active_count() == before
        assert tl.stats.emitted == 0


def test_the_environment_configures_a_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """What is not passed comes from the environment; what is passed wins."""
    for name, value in {
        "URL": "memory://",
        "SOURCE": "till",
        "CHANNEL": "store",
        "STRICT": "true",
        "SPOOL": str(tmp_path),
        "WHEN_FULL": "drop_oldest",
        "LIMIT_QUEUE_EVENTS": "7",
        "LIMIT_RETRY_LEAST": "0.5",
    }.items():
        monkeypatch.setenv(f"TOUCHLINE_{name}", value)
    with Touchline() as tl, Touchline(source="shop", channel="app", strict=False) as other:
        for client in (tl, other):
            client.track("page.viewed", {"account": "u"}, page="/")
            client.flush(5)
    assert isinstance(tl.transport, Memory)
    assert isinstance(other.transport, Memory)
    assert [(event["source"], event["channel"]) for event in tl.transport.events] == [("till", "store")]
    assert [(event["source"], event["channel"]) for event in other.transport.events] == [("shop", "app")]
    monkeypatch.setenv("TOUCHLINE_ENABLED", "false")
    assert Touchline().stats.emitted == 0
    given = read(
        {
            "TOUCHLINE_LIMIT_QUEUE_EVENTS": "7",
            "TOUCHLINE_LIMIT_RETRY_LEAST": "0.5",
            "TOUCHLINE_LIMIT_RETRY_MOST": "",
            "TOUCHLINE_KEY": "",
        }
    )
    assert (given.limits, given.key) == (Limits(queue_events=7, retry_least=0.5), None)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "the url is missing: pass url=, or set TOUCHLINE_URL"),
        ({"URL": "memory://"}, "the source is missing"),
        ({"ENABLED": "maybe"}, "TOUCHLINE_ENABLED is 'maybe': write true or false"),
        (
            {"LIMIT_QUEUE": "7"},
            "TOUCHLINE_LIMIT_QUEUE names no limit: use one of TOUCHLINE_LIMIT_QUEUE_EVENTS",
        ),
        ({"LIMIT_QUEUE_EVENTS": "many"}, "TOUCHLINE_LIMIT_QUEUE_EVENTS is 'many': write a number"),
        ({"URL": "memory://", "SOURCE": "s", "CHANNEL": "fax"}, "channel is 'fax': use one of web, app"),
        ({"URL": "memory://", "SOURCE": "s", "WHEN_FULL": "spool"}, "when_full='spool' needs a spool"),
        ({"URL": "memory://", "SOURCE": "s", "WHEN_FULL": "wait"}, "when_full is 'wait': use one of spool"),
    ],
)
def test_a_wrong_configuration_says_what_to_write(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    """A variable that is missing or wrong is named, with what to write instead."""
    for name, value in variables.items():
        monkeypatch.setenv(f"TOUCHLINE_{name}", value)
    with pytest.raises(ValueError, match=message):
        Touchline()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": b"http://127.0.0.1"}, "url is a bytes: pass a str, or a transport"),
        ({"source": 5}, "source is a int: pass a str"),
        ({"key": b"tl_1"}, "key is a bytes: pass a str"),
        ({"limits": {"queue_events": 7}}, "limits is a dict: pass a Limits"),
    ],
)
def test_an_argument_of_a_wrong_type_says_what_to_pass(arguments: dict[str, Any], message: str) -> None:
    """The constructor refuses what would fail later, and names the argument and its type."""
    with pytest.raises(TypeError, match=message):
        Touchline(**{"url": "http://127.0.0.1:9", "source": "shop", **arguments})


@pytest.mark.parametrize(
    ("when_full", "lost", "kept"),
    [
        ("drop_newest", 40, range(20)),
        ("drop_oldest", 40, [*range(10), *range(50, 60)]),
        ("block", 40, range(20)),
    ],
)
def test_what_a_full_queue_loses(quick: Limits, when_full: Any, lost: int, kept: Any) -> None:
    """The newest or the oldest events are lost, or `track` waits first; all are counted."""
    gate = threading.Event()

    class Gate(Memory):
        def send(self, batch: Any) -> Any:
            entered.set()
            gate.wait(10)
            return super().send(batch)

    entered = threading.Event()
    limits = replace(quick, queue_events=10, batch_events=10, batch_seconds=30, block_seconds=0.001)
    transport = Gate()
    tl = Touchline(transport, source="shop", limits=limits, when_full=when_full)
    for number in range(10):
        tl.track("page.viewed", {"account": "u"}, page="/", number=number)
    assert entered.wait(5)
    for number in range(10, 60):
        tl.track("page.viewed", {"account": "u"}, page="/", number=number)
    assert tl.stats.lost == {"queue_full": lost}
    gate.set()
    assert tl.close(5)
    assert [event["data"]["number"] for event in transport.events] == [*kept]
    assert tl.stats.emitted == 60


def test_a_client_that_blocks_waits_for_room(quick: Limits) -> None:
    """While the transport takes events, a client that blocks loses none."""
    memory = Memory()
    limits = replace(quick, queue_events=5, batch_events=5, block_seconds=10)
    with Touchline(memory, source="shop", limits=limits, when_full="block") as tl:
        for number in range(500):
            tl.track("page.viewed", {"account": "u"}, page="/", number=number)
    assert [event["data"]["number"] for event in memory.events] == list(range(500))


def test_a_client_that_raises_counts_the_event(quick: Limits) -> None:
    """QueueFull is raised for an event that finds the queue full; it is counted."""
    limits = replace(quick, queue_events=1, batch_events=10, batch_seconds=30)
    tl = Touchline("memory://", source="shop", limits=limits, when_full="raise")
    tl.track("page.viewed", {"account": "u"}, page="/")
    with pytest.raises(QueueFull, match="it holds 1 events"):
        tl.track("page.viewed", {"account": "u"}, page="/")
    assert tl.stats.lost == {"queue_full": 1}
    assert tl.close(5)
