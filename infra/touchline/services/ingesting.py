"""The process behind `touchline ingest`: a topic of others into the log that accepted events go to."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from prometheus_client import CollectorRegistry

from touchline.config.folders import make_folder
from touchline.config.settings import Settings
from touchline.config.validator_in_force import ValidatorInForce, keep_current
from touchline.imports import Mapping, MappingError
from touchline.log.kafka.brokers import Brokers
from touchline.log.kafka.probe import probe
from touchline.log.kafka.records import Topics
from touchline.services.collector import open_log
from touchline.services.ending import Ending
from touchline.services.web.health import health_served
from touchline.services.web.probes import register_files, register_process
from touchline.services.web.serving import draining
from touchline.topics.address import TopicAddress
from touchline.topics.errors import WrongAddress
from touchline.topics.metrics import TopicMetrics
from touchline.topics.reader import MOST_REFUSED, Progress, Subscription, TopicReader
from touchline.topics.registry import Registry, RegistryAccess
from touchline.topics.translation import Translator
from touchline.topics.values.debezium import CHANGE
from touchline.topics.values.formats import NEEDS_REGISTRY, FormatName, reader_of

_STOP_SECONDS = 2.0

_logger = structlog.get_logger(__name__)


class IngestJob(NamedTuple):
    """What to read, and how.

    Attributes:
        address: The topic.
        mapping: Maps rows to events; None for native events.
        group: The group of consumers; empty for one named after the topic and the mapping.
        form: The format of the values.
        once: Whether to end at the end that the topic has now.
        most_refused: The largest share of the first records of a new group that may be refused, 0 to 1.
        port: Where to serve health and metrics; None to serve none.
    """

    address: TopicAddress
    mapping: Mapping | None
    group: str = ""
    form: FormatName = "json"
    once: bool = False
    most_refused: float = MOST_REFUSED
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was read: records by what became of them, and the events that they gave.

    `finished` is False if a signal ended it before the end of the topic. `lost` counts records that Kafka
    deleted before they were read.
    """

    topic: str
    group: str
    finished: bool
    records: int
    mapped: int
    unmapped: int
    empty: int
    unreadable: int
    events: int
    quarantined: int
    lost: int
    seconds: float


def ingest_topic(
    job: IngestJob,
    settings: Settings,
    ending: Ending,
    *,
    ready: Callable[[str | None, str], None],
    progress: Progress = lambda done, total: None,
) -> Ingested:
    """Read a topic until a signal ends it, or to its end.

    Args:
        job: What to read.
        settings: Where the log, Kafka and the schema registry are.
        ending: Takes the signals.
        ready: Called with the URL of health, if it is served, and the group, before the first record is read.
        progress: Called with the records that are done and all, where reading ends at the end of the topic.

    Raises:
        WrongAddress, MappingError, FolderError, LogUnavailable: something that was given cannot be used.
        KafkaUnavailable: the topic's Kafka does not answer at the start. (Later it is awaited.)
        CannotServe: the port cannot be used.
        TopicUnavailable, MostlyRefused: there is no such topic, or its records cannot be used.
        KafkaError, RegistryUnavailable, LogFull: the end of the topic is not reached.
    """
    topic, mapping = job.address.topic, job.mapping
    brokers = _brokers(job, settings)
    _check_mapping(topic, mapping)
    group = job.group or f"{settings.topic_prefix}ingest.{topic}.{mapping.name if mapping else 'native'}"
    began = time.monotonic()
    stop = threading.Event()
    with ExitStack() as parts:
        make_folder(settings.data)
        registry = _registry(job, settings)
        if registry is not None:
            parts.enter_context(closing(registry))
        read = reader_of(job.form, registry, deletions=mapping is None or mapping.names(f"{CHANGE}.op"))
        probe(brokers, log_in=True)
        log = parts.enter_context(closing(open_log(settings)))
        in_force = ValidatorInForce(settings)
        parts.enter_context(draining(_files_not_followed, _STOP_SECONDS, keep_current, in_force))
        metrics = register_files(in_force, register_process(CollectorRegistry()))
        translator = Translator(topic, read, mapping)
        reader = TopicReader(
            Subscription(brokers, topic, group),
            translator,
            log,
            TopicMetrics(metrics, topic, translator.producer),
            lambda: in_force.validator,
            stop,
            job.most_refused,
        )
        url = None
        if job.port is not None:
            served = health_served(
                settings.host, job.port, metrics, lambda: reader.error or log.health_error()
            )
            url = parts.enter_context(served)
        ending.on_signal(stop.set)
        ready(url, group)
        if job.once:
            finished = reader.read_to_end(progress)
        else:
            reader.keep_reading()
            finished = True
    tally = reader.tally
    return Ingested(
        topic,
        group,
        finished,
        tally.records,
        tally.mapped,
        tally.unmapped,
        tally.empty,
        tally.unreadable,
        tally.events,
        tally.quarantined,
        reader.lost,
        round(time.monotonic() - began, 3),
    )


def _files_not_followed(why: str) -> None:
    _logger.error("files.not_followed", why=why)


def _check_mapping(topic: str, mapping: Mapping | None) -> None:
    if mapping is None:
        return
    if mapping.group is not None:
        raise MappingError(
            f"mapping {mapping.name} groups rows by {mapping.group!r}, and a topic has no end of a group: "
            "write a mapping of single records"
        )
    mapping.check_name(topic)


def _brokers(job: IngestJob, settings: Settings) -> Brokers:
    """The servers of the topic: as the URL says, else as the settings say of Touchline's own Kafka."""
    address = job.address
    try:
        plain = Brokers(address.servers)
        own = settings.brokers_at(settings.kafka).addresses if settings.kafka else []
        is_own = bool(set(own) & set(plain.addresses))
        topics = Topics(settings.topic_prefix)
        if is_own and address.topic in (topics.touchpoints, topics.links, topics.quarantine, topics.inbox):
            raise WrongAddress(f"{address.topic} is one of Touchline's own topics: name one of others")
        if address.says_access or (own and not is_own):
            return address.brokers(settings.ingest_password.get_secret_value())
        return settings.brokers_at(address.servers)
    except ValueError as error:
        raise WrongAddress(f"the URL of the topic: {error}") from None


def _registry(job: IngestJob, settings: Settings) -> Registry | None:
    if not settings.registry:
        if job.form == NEEDS_REGISTRY:
            raise WrongAddress("Avro needs the schemas of its records: pass --registry")
        return None
    return Registry(
        RegistryAccess(
            settings.registry,
            settings.registry_user,
            settings.registry_password.get_secret_value(),
            settings.registry_verify,
            settings.registry_ca,
        )
    )
