"""The pack as a stateful function of a Quix Streams dataframe, driven in this process without a broker.

Each message takes the same steps as in Quix Streams' own loop: a context, the composed dataframe, the state
of its key in a store partition (as JSON, the library's format), its offset, and a checkpoint every
`checkpoint` messages, which writes the state to the store. It leaves out what Kafka adds: polling, decoding,
the changelog topic, the commit of offsets. The library documents no way to run without a broker, so its parts
are assembled here.
"""

from collections.abc import Sequence
from contextvars import copy_context
from pathlib import Path
from typing import Any

from quixstreams.context import set_message_context
from quixstreams.dataframe import DataFrameRegistry, StreamingDataFrame
from quixstreams.models import MessageContext, Topic, TopicConfig, TopicManager
from quixstreams.processing import ProcessingContext
from quixstreams.sinks import SinkManager
from quixstreams.state import State as QuixState
from quixstreams.state import StateStoreManager
from quixstreams.state.memory import MemoryStore
from quixstreams.state.rocksdb import RocksDBStore

from benchmarks.peers import pack
from benchmarks.peers.patterns import Event, Found, State

STORES = {"rocksdb": RocksDBStore, "memory": MemoryStore}
"""Where Quix Streams keeps state: on disk (its default) or in memory."""


class _NoBroker:
    """Takes the place of the producer and the consumer; sends and commits nothing."""

    def __init__(self) -> None:
        self.offsets: dict[tuple[str, int], int] = {}

    def flush(self, timeout: float | None = None) -> int:
        return 0

    def commit(self, **_: Any) -> None:
        return None


class Quix:
    """A dataframe with its store; it writes a checkpoint every `checkpoint` messages."""

    def __init__(self, store: str, folder: Path, checkpoint: int) -> None:
        topics = TopicManager(topic_admin=None, consumer_group="benchmark", auto_create_topics=False)
        topic = Topic("touchpoints")
        topic.broker_config = TopicConfig(1, 1, {"retention.ms": "-1"})
        self._stores = StateStoreManager(
            group_id="benchmark", state_dir=folder, default_store_type=STORES[store]
        )
        self._stores.init()
        registry = DataFrameRegistry()
        self._context = ProcessingContext(
            commit_interval=3_600.0,
            commit_every=checkpoint,
            producer=_NoBroker(),
            consumer=_NoBroker(),
            state_manager=self._stores,
            sink_manager=SinkManager(),
            dataframe_registry=registry,
        )
        frame = StreamingDataFrame(
            topic, topic_manager=topics, registry=registry, processing_context=self._context
        )
        self._out: list[Found] = []
        registry.register_root(frame)
        frame.apply(fold, stateful=True, expand=True)
        self._topic, self._stream = topic.name, frame.stream_id
        self._run = registry.compose_all(sink=lambda found, *_: self._out.append(found))[topic.name]
        self._stores.on_partition_assign(stream_id=self._stream, partition=0, committed_offsets={})
        self._context.init_checkpoint()
        self._offset = 0

    def feed(self, events: Sequence[tuple[bytes, Event]]) -> list[Found]:
        """Fold events, each with its customer as the message's key; return everything found so far."""
        topic, run, processing = self._topic, self._run, self._context
        for offset, (key, event) in enumerate(events, self._offset):
            context = copy_context()
            context.run(set_message_context, MessageContext(topic, 0, offset, 0))
            context.run(run, event, key, event["time"], None)
            processing.store_offset(topic=topic, partition=0, offset=offset)
            processing.commit_checkpoint()
        self._offset += len(events)
        processing.commit_checkpoint(force=True)
        return self._out

    def close(self) -> None:
        """Close the store."""
        self._stores.on_partition_revoke(stream_id=self._stream, partition=0)


def fold(event: Event, state: QuixState[str, State]) -> list[Found]:
    customer = state.get("customer")
    if customer is None:
        customer = pack.initial_state()
    found = pack.sweep(customer, event["time"]) if event["type"] == "sweep" else pack.step(customer, event)
    state.set("customer", customer)
    return found
