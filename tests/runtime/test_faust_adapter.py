"""The names of Faust and aiokafka that are reached without being public."""

import aiokafka  # type: ignore[import-untyped]
import faust
from aiokafka.consumer.group_coordinator import GroupCoordinator  # type: ignore[import-untyped]
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Producer


def test_the_private_names_that_the_adapter_reaches_exist() -> None:
    """A version of Faust or aiokafka without one of them fails here, not in production."""
    assert "_committed_offset" in Consumer.__annotations__
    assert callable(faust.App._create_directories)
    assert callable(AIOKafkaConsumerThread._ensure_consumer)
    assert callable(AIOKafkaConsumerThread.call_thread)
    assert callable(GroupCoordinator._do_heartbeat)
    assert callable(Producer._ensure_producer)
    assert "_coordinator" in aiokafka.AIOKafkaConsumer.__init__.__code__.co_names
    assert "generation" in GroupCoordinator.__init__.__code__.co_names
