"""Records of the topics."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from touchline.log.kafka.records import RECORD_BYTES, About, Topics, UnknownRecord, bodies, partition_of

ABOUT = About("events", "collector-1", 7, 1_795_000_000_000)


@given(st.text(), st.integers(1, 10_000))
def test_an_entity_has_the_partition_of_kafkas_partitioner(entity: str, partitions: int) -> None:
    """Any client with the default partitioner sends the key to the partition where we look for it."""
    assert partition_of(entity, partitions) == (murmur2(entity.encode()) & 0x7FFFFFFF) % partitions


@given(st.lists(st.binary(max_size=40)), st.integers(1, 100))
def test_bodies_hold_every_line_in_order_within_the_bound(lines: list[bytes], most: int) -> None:
    """No line is lost, doubled or split; only a line that alone is over the bound passes it."""
    lines = [line.replace(b"\n", b" ") for line in lines]
    found = list(bodies(lines, most))
    assert [line for body in found for line in body.split(b"\n")[:-1]] == lines
    for body in found:
        assert len(body) <= most or body.count(b"\n") == 1
    for one, following in pairwise(found):
        assert len(one) + following.index(b"\n") + 1 > most, "the next line would have had room"


@given(st.text(), st.integers(0, 2**40), st.integers(0, 2**50), st.text(st.characters(codec="utf-8")))
def test_headers_come_back_as_they_went(producer: str, batch: int, received_at: int, account: str) -> None:
    """What is written into headers is read from them."""
    producer = producer.encode(errors="replace").decode()
    about = About("raw", producer, batch, received_at, account)
    assert About.read(about.headers) == about


def test_the_headers_are_the_contract() -> None:
    """Other programs read them: their names and forms stay."""
    assert ABOUT.headers == [
        ("v", b"1"),
        ("kind", b"events"),
        ("producer", b"collector-1"),
        ("batch", b"7"),
        ("received_at", b"1795000000000"),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"v": b"2"}, "version 2, but this Touchline reads 1"),
        ({"kind": b"news"}, "kind 'news'"),
        ({"batch": b"x"}, "cannot be read"),
        ({"producer": b"\xff"}, "cannot be read"),
        ({"received_at": None}, "cannot be read"),
    ],
)
def test_a_record_that_cannot_be_read_says_why(change: dict[str, bytes | None], says: str) -> None:
    """A later version, an unknown kind and a broken header have different messages."""
    headers = [(name, change.get(name, value)) for name, value in ABOUT.headers]
    with pytest.raises(UnknownRecord, match=says):
        About.read(headers)  # type: ignore[arg-type]


@pytest.mark.parametrize("without", ["v", "kind", "producer", "batch", "received_at"])
def test_a_record_without_our_headers_is_refused(without: str) -> None:
    """Each header is needed; the message names the one that is missing."""
    with pytest.raises(UnknownRecord, match=f"no header '{without}'"):
        About.read([header for header in ABOUT.headers if header[0] != without])


def test_the_topics_share_their_prefix() -> None:
    """Several installations can share a cluster, each with a prefix of its own."""
    topics = Topics("shop.")
    names = (topics.touchpoints, topics.links, topics.quarantine, topics.inbox)
    assert names == ("shop.touchpoints", "shop.links", "shop.quarantine", "shop.inbox")
    assert (topics.frictions, topics.frictions_current) == ("shop.frictions", "shop.frictions-current")
    assert RECORD_BYTES < 1_000_000, "a broker's limit, if nobody changes it, is 1 MB a record"
