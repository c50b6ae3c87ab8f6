"""The engine's messages as records of Kafka: how they are sent, and how they are read."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import structlog
import uuid_utils

from touchline.engine.customers.announcing import Announcement
from touchline.engine.messages import Delivered, Message
from touchline.log.kafka.records import About, Topics, UnknownRecord, bodies
from touchline.outlet.cloudevent import CONTENT_TYPE, cloud_event
from touchline.runtime.faust_adapter import SEND_SECONDS, FaustClient, Keyed, Record

UNKNOWN = "unknown"
"""The kind of a record that Touchline did not write."""

_EVENT_HEADERS = [("content-type", CONTENT_TYPE.encode())]

_logger = structlog.get_logger(__name__)


class KafkaSender:
    """Sends messages from the task's thread.

    Args:
        client: Sends in its event loop.
        topics: The names of all topics.
        group: The consumer group of this process; part of the sender's name.
        loop: The client's event loop.
    """

    def __init__(
        self, client: FaustClient, topics: Topics, group: str, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._client, self._topics, self._loop = client, topics, loop
        self._name = f"{group}-{uuid_utils.uuid7()}"
        self._sent = 0

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages, and wait until all are durable.

        Raises:
            Exception: a message is not durable.
        """
        asyncio.run_coroutine_threadsafe(self._send(messages), self._loop).result(2 * SEND_SECONDS)

    async def _send(self, messages: Sequence[Message]) -> None:
        sent = []
        for message in messages:
            self._sent += 1
            about = About(message.kind, self._name, self._sent, int(time.time() * 1000))
            topic, partition = (
                (self._topics.links, 0)
                if message.partition is None
                else (self._topics.touchpoints, message.partition)
            )
            sent += [
                await self._client.send(topic, partition, body, about.headers)
                for body in bodies(message.lines)
            ]
        await asyncio.gather(*sent)

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Publish changes of frictions, and wait until all are durable.

        Raises:
            Exception: a change is not durable.
        """
        asyncio.run_coroutine_threadsafe(self._announce(announcements), self._loop).result(2 * SEND_SECONDS)

    async def _announce(self, announcements: Sequence[Announcement]) -> None:
        every: list[Keyed] = []
        current: list[Keyed] = []
        for customer, change in announcements:
            event = cloud_event(change)
            every.append((str(customer), event))
            current.append((str(change.subject), None if change.kind == "retracted" else event))
        sent = [
            *await self._client.send_keyed(self._topics.frictions, every, _EVENT_HEADERS),
            *await self._client.send_keyed(self._topics.frictions_current, current, _EVENT_HEADERS),
        ]
        await asyncio.gather(*sent)


def to_delivered(record: Record, topic: int) -> Delivered:
    """A record as the engine reads it; `topic` is the number of its topic."""
    message = record.message
    headers = message.headers or ()
    try:
        about = About.read(list(headers.items() if isinstance(headers, Mapping) else headers))
        kind: str = about.kind
        received_at = about.received_at
    except UnknownRecord as error:
        _logger.warning("record.unknown", topic=message.topic, offset=message.offset, why=str(error))
        kind, received_at = UNKNOWN, int((message.timestamp or time.time()) * 1000)
    return Delivered(topic, message.partition, message.offset, kind, received_at, message.value or b"")
