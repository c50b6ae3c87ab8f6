"""The process behind `touchline collector`: the ingress in front of Kafka or of the data folder's log."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any, Protocol

from touchline.collector import Batch, Collector, create_app
from touchline.collector.dialects import DIALECTS
from touchline.collector.inboxes.sqlite import keep_draining
from touchline.collector.webhooks.receiver import Webhooks
from touchline.config.folders import make_folder
from touchline.config.settings import Settings
from touchline.config.validator_in_force import ValidatorInForce, keep_current
from touchline.config.webhook_sources import SourcesInForce, keep_sources_current
from touchline.log.sqlite import SqliteLog
from touchline.runtime.garbage import search_only_new
from touchline.services.ending import Ending
from touchline.services.web.front import guarded
from touchline.services.web.probes import register_files, register_process, register_webhooks
from touchline.services.web.serving import (
    CannotServe,
    Serving,
    draining,
    keys_for,
    listening_on,
    url_of,
    warn_without_keys,
)
from touchline.store.server_file import token_of

STOP_SECONDS = 7
"""How long requests under way may take to end; Kafka may need that long to answer."""


class OpenLog(Protocol):
    """A log that says whether it can be written."""

    def append(self, batch: Batch) -> None:
        """Write a batch."""

    def health_error(self) -> str | None:
        """Why nothing can be written now."""

    def close(self) -> None:
        """Close it."""


def serve_collector(settings: Settings, ending: Ending, *, ready: Callable[[str], None]) -> None:
    """Run until a signal ends it.

    Args:
        settings: Where the data folder and Kafka are, and where to listen.
        ending: Takes the signals.
        ready: Called with the URL once requests are answered.

    Raises:
        CannotServe: the port, the host or the folder cannot be used.
        KafkaUnavailable: the address of Kafka is invalid. (A Kafka that does not answer is awaited.)
        LogUnavailable: without Kafka, the log in the data folder cannot be used.
    """
    data = settings.data
    keys = keys_for(settings)
    with ExitStack() as parts:
        listening = parts.enter_context(listening_on(settings.host, settings.port))
        url = url_of(settings.host, listening.getsockname()[1])
        make_folder(data)
        log = parts.enter_context(closing(open_log(settings)))
        warn_without_keys(settings, keys)
        in_force = ValidatorInForce(settings)
        sources = SourcesInForce(settings.webhooks)
        webhooks = Webhooks(lambda: sources.sources)
        collector = Collector(
            log,
            keys,
            ready=log.health_error,
            warning=lambda: in_force.warning or sources.warning,
            validator=lambda: in_force.validator,
            dialects=(*DIALECTS, webhooks.dialect()),
        )
        register_files(in_force, register_process(collector.metrics.registry))
        register_webhooks(sources, webhooks, collector.metrics.registry)
        options: dict[str, Any] = {
            "clock": time.time,
            "count": collector.metrics.count,
            "validator": lambda: in_force.validator,
        }
        app = guarded(create_app(collector), settings.host, settings.allowed_hosts, token_of(data))
        server = Serving(app, lambda: ready(url), stop_seconds=STOP_SECONDS)
        parts.enter_context(draining(server.fail, STOP_SECONDS, keep_current, in_force))
        parts.enter_context(draining(server.fail, STOP_SECONDS, keep_sources_current, sources))
        parts.enter_context(
            draining(server.fail, STOP_SECONDS, keep_draining, data / "inbox.sqlite", log, **options)
        )
        if settings.kafka:
            from touchline.collector.inboxes.kafka import keep_draining_kafka
            from touchline.log.kafka.records import Topics

            topics = Topics(settings.topic_prefix)
            parts.enter_context(
                draining(
                    server.fail, STOP_SECONDS, keep_draining_kafka, settings.brokers, topics, log, **options
                )
            )
        ending.on_signal(server.end)
        search_only_new()
        server.run(sockets=[listening])
    if server.failure is not None:
        raise CannotServe(f"{server.failure}. Nothing accepted is lost; the next start goes on from here")


def open_log(settings: Settings) -> OpenLog:
    """The log that accepted events go to: Kafka, or the file in the data folder.

    Raises:
        LogUnavailable: the file cannot be used.
    """
    if not settings.kafka:
        return SqliteLog(settings.data / "log.sqlite")
    from touchline.log.kafka.log import KafkaLog
    from touchline.log.kafka.records import Topics

    return KafkaLog(settings.brokers, Topics(settings.topic_prefix))
