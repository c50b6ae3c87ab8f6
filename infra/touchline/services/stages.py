"""The processes between Kafka and the store: workers and the identity stage."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

import typer
from prometheus_client import CollectorRegistry

from touchline.config.settings import Settings
from touchline.engine.engine import Setup
from touchline.engine.identity_stage import Deciding
from touchline.friction import RuleSet
from touchline.log.kafka.partitions import count_partitions
from touchline.log.kafka.records import Topics
from touchline.runtime.consumer import Consumer, Subscription
from touchline.runtime.garbage import search_seldom
from touchline.runtime.metrics import PartitionMetrics, StageMetrics, WorkerMetrics
from touchline.runtime.refolding import RefoldLog
from touchline.runtime.tasks import LINKS, QUARANTINE, TOUCHPOINTS, IdentityTask, PartitionTask, Task
from touchline.services.web.health import health_served
from touchline.services.web.probes import register_process, store_not_ready
from touchline.services.web.serving import CannotServe
from touchline.store import Store, StoreUnavailable, connect_store


class Workplace(NamedTuple):
    """The topics and the store between which a process works."""

    settings: Settings
    topics: Topics
    partitions: int
    store: Store


def workplace(settings: Settings) -> Workplace:
    """Connect to the Kafka and the store of the settings.

    Raises:
        CannotServe: a setting is missing.
        KafkaUnavailable, StoreError: one cannot be reached.
    """
    if not settings.kafka:
        raise CannotServe("there is no Kafka to read: set kafka (touchline.toml, or TOUCHLINE_KAFKA)")
    if settings.store_address is None:
        raise CannotServe(
            "workers share a store that a server keeps: set store (touchline.toml, or TOUCHLINE_STORE) to a "
            "ClickHouse server, or to a running `touchline store`"
        )
    # The clients log several times a second that a broker is unavailable.
    for name in ("kafka", "aiokafka"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    topics = Topics(settings.topic_prefix)
    partitions = count_partitions(settings.brokers, topics.touchpoints)
    return Workplace(settings, topics, partitions, connect_store(settings.store_address))


def run_worker(place: Workplace, rules: RuleSet, health: int | None) -> None:
    """Process partitions of the touchpoints until a signal ends it."""
    settings = place.settings

    def task(registry: CollectorRegistry) -> Task:
        metrics = WorkerMetrics(registry)
        return PartitionTask(
            place.store, Setup(rules, settings.journey_gap), settings.grace, place.partitions, metrics
        )

    _run(place, "worker", (TOUCHPOINTS, QUARANTINE), task, health)


def run_identity(place: Workplace, health: int | None) -> None:
    """Decide links until a signal ends it."""

    def task(registry: CollectorRegistry) -> Task:
        deciding = Deciding(place.settings.cached_identifiers, place.settings.limits, RefoldLog())
        return IdentityTask(place.store, place.partitions, deciding, StageMetrics(registry))

    _run(place, "identity", (LINKS,), task, health)


def _run(
    place: Workplace,
    name: str,
    reads: tuple[int, ...],
    task: Callable[[CollectorRegistry], Task],
    health: int | None,
) -> None:
    search_seldom()
    registry = register_process(CollectorRegistry())
    group = f"{place.settings.topic_prefix}{name}"
    consumer = Consumer(
        Subscription(group, place.settings.brokers, place.topics, reads),
        task(registry),
        PartitionMetrics(registry),
        retriable=(StoreUnavailable,),
    )
    host = place.settings.host
    serving = (
        nullcontext()
        if health is None
        else health_served(host, health, registry, lambda: consumer.error or store_not_ready(place.store))
    )
    with serving as url:
        typer.echo(f"The {name} is up   ({f'health at {url}; ' if url else ''}Ctrl-C ends it)")
        consumer.run()
