"""`touchline ingest`: an existing Kafka topic, into the log."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from touchline.cli.errors import WRONG_USAGE, fail
from touchline.cli.options import Data, Host
from touchline.cli.output import print_json_line, say

if TYPE_CHECKING:
    from touchline.config.settings import Settings
    from touchline.services.ingesting import Ingested, IngestJob
    from touchline.topics.reader import Progress

Format = Literal["json", "avro", "debezium"]


def ingest(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The topic: kafka://host:9092/topic, or kafkas:// for TLS.")
    ],
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map", help="A mapping from records to events: a .yaml or .py file, or a shipped one's name."
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Group of consumers; one named after the topic and the mapping if not given."),
    ] = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format", help="What a record holds; debezium is Debezium's envelope, in JSON or Avro."
        ),
    ] = "json",
    registry: Annotated[
        str | None, typer.Option(metavar="URL", help="Schema registry with the schemas of Avro.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End at the end that the topic has now; for backfills.")
    ] = False,
    most_refused: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT", help="Do not begin if more of the first records are refused; 50% by default."
        ),
    ] = None,
    data: Data = None,
    host: Host = None,
    port: Annotated[
        int | None, typer.Option(help="Port of /healthz, /readyz and /metrics; none if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Read an existing Kafka topic by a mapping, as files are imported, and write its events to the log.

    The log is Kafka where the setting kafka names it, else the data folder's, which `touchline up` reads.
    Offsets are committed once the events are durable; records that came twice are stored once. Records that
    cannot be read go to quarantine, whole. Without --map, each record is a native event. Several processes
    share the partitions. Ends on Ctrl-C or SIGTERM.

    Example: touchline ingest kafka://127.0.0.1:9092/orders --map orders.yaml

    Example: touchline ingest kafka://127.0.0.1:9092/shop.public.orders --map orders.yaml --format debezium

    Example: touchline ingest kafka://127.0.0.1:9092/calls --map calls.yaml --format avro --registry
    http://127.0.0.1:8081 --once
    """
    from touchline.services.ending import ending

    with ending() as end:
        import logging

        from touchline.config.settings import load_settings
        from touchline.imports import load_mapping
        from touchline.services.ingesting import IngestJob, ingest_topic
        from touchline.services.logs import configure_logs
        from touchline.topics.address import TopicAddress

        configure_logs()
        # It says several times a second that a broker is away; the log says so once.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        settings = load_settings(data=data, host=host, registry=registry)
        job = IngestJob(
            TopicAddress.parse(url),
            None if mapping is None else load_mapping(mapping),
            group or "",
            form,
            once,
            _share(most_refused),
            port,
        )

        def greet(url: str | None, group: str) -> None:
            if not as_json:
                typer.echo(_greeting(job, settings, url, group))

        with _bar() if once else nullcontext(_no_progress) as progress:
            done = ingest_topic(job, settings, end, ready=greet, progress=progress)
        if as_json:
            print_json_line(asdict(done))
        else:
            say(_summary(done, settings))
        if once and not done.finished:
            raise fail("the end of the topic is not reached: run the command again, it goes on from here")


def _share(most_refused: str | None) -> float:
    from touchline.imports.refusals import share_of
    from touchline.topics.reader import MOST_REFUSED

    try:
        return MOST_REFUSED if most_refused is None else share_of(most_refused)
    except ValueError as error:
        raise fail(f"--most-refused: {error}", WRONG_USAGE) from None


def _greeting(job: "IngestJob", settings: "Settings", url: str | None, group: str) -> str:
    where = f"Kafka at {settings.kafka}" if settings.kafka else f"{settings.data / 'log.sqlite'}"
    lines = [f"The topic {job.address.topic} is read as group {group}   (events go to {where})"]
    if url is not None:
        lines.append(f"The ingest is up: {url}   (/readyz, /metrics; Ctrl-C ends it)")
    return "\n".join(lines)


def _summary(done: "Ingested", settings: "Settings") -> str:
    from touchline.vocabulary.wording import counted

    rate = f", {done.records / done.seconds:,.0f} records/s" if done.seconds else ""
    lines = [
        f"{counted(done.records, 'record')} in {done.seconds:.1f} s{rate}: {counted(done.events, 'event')} "
        f"from {done.mapped:,}, no event from {done.unmapped:,}, {done.empty:,} empty, "
        f"{done.unreadable:,} unreadable"
    ]
    if done.quarantined:
        lines.append(
            f"{done.quarantined:,} in quarantine; which, once they are processed: touchline quarantine list "
            f"--data {settings.data}"
        )
    if done.lost:
        lines.append(f"{done.lost:,} lost: Kafka deleted them before they were read")
    return "\n".join(lines)


def _no_progress(done: int, total: int) -> None:
    """Show nothing."""


@contextmanager
def _bar() -> "Iterator[Progress]":
    """A progress bar of records, on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task("reading the topic", total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield move
