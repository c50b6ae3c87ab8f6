"""Transport `kafka://`: writes batches to Kafka, where a collector reads them.

A batch is one record of the topic `<prefix>inbox`, with the same NDJSON body as an HTTP request. The SDK does
not pick a partition by customer: that needs normalised identifiers, and only the collector normalises them.

kafka-python does not bound its memory, so it gets one batch at a time. After any error the producer is closed
and a new one is opened.
"""

from time import time_ns
from typing import Any
from urllib.parse import SplitResult, unquote

from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge
from touchline.sdk.transports import kafka_client
from touchline.sdk.transports.kafka_access import access

PREFIX = "touchline."
"""The prefix of the topics' names, unless the URL has one."""

_VERSION = b"1"
_EXTRA_SECONDS = 2.0


class Kafka:
    """Writes batches to `kafka://host:9092,host:9092/prefix`, or with TLS to `kafkas://user@host:9093/prefix`.

    The path is the prefix of the topics, or the name of the topic of touchpoints. `key` is the user's
    password.

    Raises:
        ValueError: a part of the URL is missing or wrong, or kafka-python is not installed.
    """

    def __init__(self, url: SplitResult, source: str, seconds: float, key: str | None = None) -> None:
        self._access = access(url, key)
        if not kafka_client.installed():
            raise ValueError(
                "kafka:// needs kafka-python: from a clone of Touchline, run pip install './touchline[kafka]'"
            )
        name = unquote(url.path.strip("/")) or PREFIX
        self.topic = f"{name.removesuffix('touchpoints').removesuffix('inbox')}inbox"
        """The topic that batches are written to."""
        self._source, self._seconds = source, seconds
        self._producer: Any = None

    def send(self, batch: Batch) -> Outcome:
        """Write one batch. It is accepted when Kafka acknowledges it as durable."""
        from kafka import errors

        try:
            producer = self._producer or self._open()
            client = batch.account.client if batch.account else self._source
            # With the client as the key, the batches of one client stay in order.
            sending = producer.send(self.topic, batch.body, client.encode(), self._headers(batch))
            sending.get(timeout=self._seconds + _EXTRA_SECONDS)
        except (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError):
            return TooLarge()
        except (
            errors.TopicAuthorizationFailedError,
            errors.ClusterAuthorizationFailedError,
            errors.SaslAuthenticationFailedError,
        ) as error:
            self.close()
            return Refused(type(error).__name__, of_client=True)
        except (errors.KafkaError, OSError) as error:
            self.close()
            return Retry(type(error).__name__)
        return Accepted()

    def close(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            kafka_client.close(producer)

    def forked(self) -> None:
        """Drop the parent's producer: the child has no sending thread, and the sockets are the parent's."""
        if self._producer is not None:
            kafka_client.abandon(self._producer)
            self._producer = None

    def _open(self) -> Any:
        kafka_client.check_login(self._access)
        self._producer = kafka_client.open_producer(self._access, self._seconds)
        return self._producer

    def _headers(self, batch: Batch) -> list[tuple[str, bytes]]:
        account = batch.account
        headers = {
            "v": _VERSION,
            "kind": b"raw",
            "producer": self._source.encode(),
            "batch": b"%d" % (account.batch if account else 0),
            "received_at": b"%d" % (time_ns() // 1_000_000),
        }
        if account is not None:
            headers["account"] = account.header.encode()
        return list(headers.items())
