"""Events written to Kafka, for a collector to take in: no HTTP on the way.

A batch is one record of the topic `<prefix>inbox`, NDJSON as it would be posted. What a collector checks and
stamps it checks and stamps when it takes the record in, so that every event passes the same door; which
partition an event belongs to follows from identifiers that only the door has brought into normal form.

kafka-python has no bound on what it holds, so it is given one batch at a time, and a producer with which
anything went wrong is ended and not used again.
"""

from importlib.util import find_spec
from time import time_ns
from typing import Any
from urllib.parse import SplitResult, unquote

from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge
from touchline.sdk.transports.kafka_access import access

PREFIX = "touchline."
"""What the names of the topics begin with, if the URL does not say."""

_VERSION = b"1"
_MORE_SECONDS = 2.0
_CLOSE_SECONDS = 1.0
_RECORD_BYTES = 1_000_000


class Kafka:
    """Writes batches to `kafka://host:9092,host:9092/prefix`, or over TLS to `kafkas://user@host:9093/prefix`.

    The path names the installation by the prefix of its topics, or by its topic of touchpoints. `key` is the
    user's password.

    Raises:
        ValueError: the URL lacks a part, or kafka-python is not installed.
    """

    def __init__(self, url: SplitResult, source: str, seconds: float, key: str | None = None) -> None:
        self._access = access(url, key)
        found = find_spec("kafka")
        if found is None or found.origin is None:
            raise ValueError(
                "kafka:// needs kafka-python: install it with the extra, pip install 'touchline[kafka]'"
            )
        named = unquote(url.path.strip("/")) or PREFIX
        self.topic = f"{named.removesuffix('touchpoints').removesuffix('inbox')}inbox"
        """Where the batches go."""
        self._source, self._seconds = source, seconds
        self._producer: Any = None

    def send(self, batch: Batch) -> Outcome:
        """Write one batch; accepted when Kafka says that it is durable."""
        from kafka import errors

        try:
            producer = self._producer or self._open()
            client = batch.account.client if batch.account else self._source
            # By this key, what one client sends stays in order.
            sent = producer.send(self.topic, batch.body, client.encode(), self._headers(batch))
            sent.get(timeout=self._seconds + _MORE_SECONDS)
        except (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError):
            return TooLarge()
        except (
            errors.TopicAuthorizationFailedError,
            errors.ClusterAuthorizationFailedError,
            errors.SaslAuthenticationFailedError,
        ) as error:
            return self._dropped(Refused(type(error).__name__))
        except (errors.KafkaError, OSError) as error:
            return self._dropped(Retry(type(error).__name__))
        return Accepted()

    def close(self) -> None:
        """End the producer; nothing of it is under way."""
        producer, self._producer = self._producer, None
        if producer is not None:
            _end(producer)

    def forked(self) -> None:
        """In a child, the producer's thread is gone and its sockets are the parent's: it is left alone."""
        if self._producer is not None:
            self._producer._closed = True
            self._producer = None

    def _dropped(self, outcome: Outcome) -> Outcome:
        self.close()
        return outcome

    def _open(self) -> Any:
        self._access.reach()
        milliseconds = int(self._seconds * 1000)
        producer = _made(
            **self._access.options,
            acks="all",
            compression_type="lz4",
            max_request_size=_RECORD_BYTES,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=milliseconds,
            max_block_ms=milliseconds,
            request_timeout_ms=milliseconds // 2,
            delivery_timeout_ms=milliseconds,
            reconnect_backoff_max_ms=1_000,
            metrics_enabled=False,
        )
        # At the interpreter's end it would close before the last batch is sent; the client closes it after.
        producer._unregister_cleanup()
        self._producer = producer
        return producer

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


def _made(**options: Any) -> Any:
    """A producer; one that finds no broker leaves its sockets open, if nobody closes its client."""
    from kafka import KafkaProducer
    from kafka.net.compat import KafkaNetClient

    clients = []

    def client(**more: Any) -> Any:
        clients.append(KafkaNetClient(**more))
        return clients[-1]

    try:
        return KafkaProducer(kafka_client=client, **options)
    except BaseException:
        for one in clients:
            one.close()
        raise


def _end(producer: Any) -> None:
    from kafka.errors import KafkaError

    try:
        producer.close(timeout=_CLOSE_SECONDS)
    except KafkaError:
        # It waits for an answer that does not come, and would wait for it on.
        producer._sender.force_close()
        producer._closed = True
