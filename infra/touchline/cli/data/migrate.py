"""`touchline migrate`: everything that collectors and workers need is made, or found as it should be."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json

if TYPE_CHECKING:
    from touchline.config.settings import Settings


class Step(NamedTuple):
    """What was looked at, what became of it, how it differs from what it should be, and the SQL, if any."""

    what: str
    state: str
    differences: list[str]
    sql: tuple[str, ...] = ()


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, with its SQL, and do nothing.")
    ] = False,
    roles: Annotated[
        bool, typer.Option("--roles", help="Also create the roles of a ClickHouse server, for its users.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object instead of the text.")] = False,
) -> None:
    """Create or update Kafka's topics and the store's tables, as the settings say. Safe to repeat.

    Existing topics are compared with the settings and reported, never changed. Tables are migrated as the
    settings' store_user, which must be allowed to create tables.

    Example: touchline migrate --dry-run
    """
    from touchline.config.settings import load_settings

    settings = load_settings()
    halves = (*_HALVES, _roles) if roles else _HALVES
    steps = [step for half in halves for step in half(settings, dry_run)]
    if not steps:
        raise fail("there is nothing to bring about: set kafka or store (touchline.toml, or TOUCHLINE_…)")
    if as_json:
        print_json({"dry_run": dry_run, "steps": [step._asdict() for step in steps]})
        return
    width = max(len(step.what) for step in steps)
    for step in steps:
        typer.echo(f"{step.what:<{width}}  {step.state}")
        for difference in step.differences:
            typer.secho(f"{'':<{width}}  {difference}; left as it is", fg=typer.colors.YELLOW)
    if dry_run:
        for statement in (statement for step in steps for statement in step.sql):
            typer.echo(f"\n{statement};")


def _topics(settings: "Settings", dry_run: bool) -> list[Step]:
    """Kafka's half."""
    if not settings.kafka:
        return []
    from touchline.log.kafka.records import Topics
    from touchline.log.kafka.topics import ensure_topics, required_topics

    topics = required_topics(
        Topics(settings.topic_prefix),
        partitions=settings.partitions,
        replication=settings.replication,
        retention_ms=settings.retention,
    )
    return [
        Step(f"topic {one.topic}", one.state, one.differences)
        for one in ensure_topics(settings.brokers, topics, dry_run=dry_run)
    ]


def _tables(settings: "Settings", dry_run: bool) -> list[Step]:
    """The store's half, where a server keeps it; that of a data folder is brought up to date as it opens."""
    address = settings.store_address
    if address is None:
        return []
    from touchline.store import migrate_server, pending_on_server
    from touchline.store.migrations.migrate import script
    from touchline.tables import migrations

    left = pending_on_server(address) if dry_run else migrate_server(address)
    done = "would be made" if dry_run else "made"
    return [
        Step(
            f"tables {one.number:04} {one.name}",
            done if one in left else "there",
            [],
            tuple(script([one], address.cluster)) if one in left else (),
        )
        for one in migrations()
    ]


def _roles(settings: "Settings", dry_run: bool) -> list[Step]:
    """The roles of the store's server."""
    address = settings.store_address
    if address is None:
        raise fail("roles are of a ClickHouse server: set store (touchline.toml, or TOUCHLINE_STORE)")
    from touchline.store import grant_roles
    from touchline.store.migrations.grants import grants

    if not dry_run:
        grant_roles(address)
    return [Step("roles", "would be made" if dry_run else "made", [], tuple(grants(address.cluster)))]


_HALVES: tuple[Callable[["Settings", bool], list[Step]], ...] = (_topics, _tables)
