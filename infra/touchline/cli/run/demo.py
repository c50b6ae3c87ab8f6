"""`touchline demo`: all of Touchline, with a simulated retailer of known frictions."""

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.options import Host, Port, Rules
from touchline.cli.run.demo_tour import TOUR
from touchline.cli.run.up import greet

END_OF_REAL = datetime(2018, 1, 1, 6, tzinfo=UTC).timestamp()
"""When the Complete Journey set ends, with the grace of its last day."""

OUTAGE_BEGINS, OUTAGE_ENDS = 90_000, 390_000
"""When, after the start (ms), many payments fail."""

FIXED = 9 * 24 * 3_600_000
"""How long before the start (ms) late parcels were fixed."""

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from touchline.config.settings import Settings
    from touchline.friction import RuleSet
    from touchline.log.sqlite import SqliteLog
    from touchline.services.up import Companion, Hooks
    from touchline.simulation import Retailer, Touchpoint
    from touchline.store import Store


def demo(
    data: Annotated[
        Path | None, typer.Option(help="Keep the data in this folder; a temporary one if not given.")
    ] = None,
    host: Host = None,
    port: Port = None,
    rules: Rules = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another retailer.")] = 1,
    rate: Annotated[
        float,
        typer.Option(
            min=0.01, max=500, help="Touchpoints per second in the busiest hours, in the past as now."
        ),
    ] = 0.05,
    past: Annotated[
        str,
        typer.Option(help="Length of the past; a baseline needs two weeks more than its rules look back."),
    ] = "39d",
    real: Annotated[
        bool, typer.Option("--real", help="A year of a real grocery chain instead of the simulation.")
    ] = False,
) -> None:
    """Run Touchline with a simulated retailer: web shop, call centre, stores and social media.

    The last 39 days come first, which takes 10 to 30 seconds, then live events, as many as in the past.
    Four causes, a fix that helped, and an outage of payments after 90 seconds are in them.
    With --real it replays the Complete Journey data set (extra `real`), with rules for it.

    Example: touchline demo --port 8080
    """
    from touchline.services.ending import ending

    folder = data or Path(mkdtemp(prefix="touchline-demo-"))

    def tidy() -> None:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)

    with ending(at_once=tidy) as end:
        from touchline.config.rule_packs import rules_in_force, shipped_rules
        from touchline.config.settings import load_settings
        from touchline.services.logs import configure_logs
        from touchline.services.up import Hooks, serve

        configure_logs()
        try:
            if real:
                rules = rules or shipped_rules("completejourney")
            settings = load_settings(data=folder, host=host, port=port, rules=rules)
            rule_set = rules_in_force(settings)

            def ready(url: str) -> None:
                greet(url, settings)

            if real:
                _import_real(settings, rule_set)
                # The data ends in 2018: deadlines of its last weeks are not due today.
                hooks = Hooks(ready=ready, clock=lambda: END_OF_REAL)
            else:
                hooks = _simulated(settings, rule_set, ready, seed, rate, past)
            serve(settings, rule_set, end, hooks)
        finally:
            tidy()


def _import_real(settings: "Settings", rules: "RuleSet") -> None:
    from touchline.cli.data.import_report import bar
    from touchline.imports import load_mapping
    from touchline.imports.completejourney import MAPPING, real_files
    from touchline.services.importing.files import Job, import_files

    files = real_files()
    with bar() as progress:
        import_files(Job(files, load_mapping(MAPPING)), settings, rules, progress)


def _simulated(
    settings: "Settings", rules: "RuleSet", ready: "Callable[[str], None]", seed: int, rate: float, past: str
) -> "Hooks":
    from touchline.cli.errors import fail
    from touchline.services.up import Hooks
    from touchline.simulation import Fix, Outage, Retailer
    from touchline.vocabulary.durations import parse_duration

    try:
        history = parse_duration(past)
    except ValueError as error:
        raise fail(f"--past {past}: {error}", 2) from None
    start = int(time.time() * 1000)
    outage, fix = Outage(start + OUTAGE_BEGINS, start + OUTAGE_ENDS), Fix(start - FIXED)
    retailer = Retailer(seed, start, history=history, rate=rate, outage=outage, fix=fix)

    def before(log: "SqliteLog", store: "Store") -> None:
        typer.echo(f"Folding {past} of the retailer's past (seed {seed}, start {start}) …")
        _fold(retailer.until(start), log, store, settings, rules)

    return Hooks(ready=ready, before=before, tour=TOUR, companion=lambda url: _open(retailer, url, settings))


def _fold(
    touchpoints: "Iterable[Touchpoint]",
    log: "SqliteLog",
    store: "Store",
    settings: "Settings",
    rules: "RuleSet",
) -> None:
    """Fold the past, as an import does."""
    from touchline.config.validator_in_force import load_validator
    from touchline.engine.worker import Worker
    from touchline.imports import START, ImportItem
    from touchline.services.importing.history import History
    from touchline.services.importing.judging import portions

    worker = Worker(log, store, rules, settings.journey_gap, limits=settings.limits)
    history = History(log, worker, store, load_validator(settings))
    items = (ImportItem("simulation", 1, 1, START, 0, events=(one.envelope(),)) for one in touchpoints)
    for portion in portions(items):
        history.add(portion)


def _open(retailer: "Retailer", url: str, settings: "Settings") -> "Companion":
    """The shop that sends the present."""
    from touchline.sdk import Touchline
    from touchline.services.web.serving import loopback
    from touchline.simulation import Shop

    # A server that others can reach requires a key, so the shop writes to the folder instead.
    to = url if loopback(settings.host) else f"embedded://{settings.data.resolve()}"
    return Shop(retailer, lambda source: Touchline(to, source=source))
