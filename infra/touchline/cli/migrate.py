"""`touchline migrate`: everything that collectors and workers need is made, or found as it should be."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from touchline.cli.failure import fail, reported

if TYPE_CHECKING:
    from touchline.cli.settings import Settings


class Step(NamedTuple):
    """What was looked at, what became of it, and how it differs from what it should be."""

    what: str
    state: str
    differences: list[str]


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object instead of the text.")] = False,
) -> None:
    """Make Kafka's topics as the settings say; it may be run as often as you like.

    What is there already is compared, and differences are told; nothing that is there is changed.

    Example: touchline migrate --dry-run
    """
    from touchline.cli.settings import SettingsError, load_settings
    from touchline.pipeline.kafka.connection import KafkaUnavailable

    with reported(SettingsError, KafkaUnavailable):
        settings = load_settings()
        steps = [step for half in _HALVES for step in half(settings, dry_run)]
    if not steps:
        raise fail("there is nothing to bring about: set kafka (touchline.toml, or TOUCHLINE_KAFKA)")
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "steps": [step._asdict() for step in steps]}, indent=2))
        return
    width = max(len(step.what) for step in steps)
    for step in steps:
        typer.echo(f"{step.what:<{width}}  {step.state}")
        for difference in step.differences:
            typer.secho(f"{'':<{width}}  {difference}; left as it is", fg=typer.colors.YELLOW)


def _topics(settings: "Settings", dry_run: bool) -> list[Step]:
    """Kafka's half."""
    if not settings.kafka:
        return []
    from touchline.pipeline.kafka.records import Topics
    from touchline.pipeline.kafka.topics import bring_about, wanted

    topics = wanted(
        Topics(settings.topic_prefix),
        partitions=settings.partitions,
        replication=settings.replication,
        retention_ms=settings.retention,
    )
    return [
        Step(f"topic {one.topic}", one.state, one.differences)
        for one in bring_about(settings.kafka, topics, dry_run=dry_run)
    ]


_HALVES: tuple[Callable[["Settings", bool], list[Step]], ...] = (_topics,)
