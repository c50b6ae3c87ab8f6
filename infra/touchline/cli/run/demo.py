"""`touchline demo`: all of Touchline, with a simulated retailer of known frictions."""

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.options import Host, Port, Rules
from touchline.cli.run.up import greet

END_OF_REAL = datetime(2018, 1, 1, 6, tzinfo=UTC).timestamp()
"""When the Complete Journey set ends, with the grace of its last day."""

OUTAGE_BEGINS, OUTAGE_ENDS = 90_000, 390_000
"""When, after the start (ms), all payments fail."""

PAST = (7 * 24 + 2) * 3_600_000
"""A week (ms), and two hours more, so that every hour has a baseline."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from touchline.config.settings import Settings
    from touchline.friction import RuleSet
    from touchline.log.sqlite import SqliteLog
    from touchline.services.up import Companion
    from touchline.store import Store


def demo(
    data: Annotated[
        Path | None, typer.Option(help="Keep the data in this folder; a temporary one if not given.")
    ] = None,
    host: Host = None,
    port: Port = None,
    rules: Rules = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another retailer.")] = 1,
    rate: Annotated[float, typer.Option(min=0.1, max=500, help="Approximate touchpoints per second.")] = 5.0,
    real: Annotated[
        bool, typer.Option("--real", help="A year of a real grocery chain instead of the simulation.")
    ] = False,
) -> None:
    """Run Touchline with a simulated retailer: web shop, call centre, stores and social media.

    The last seven days come first, then live events; friction shows within seconds.
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
                past, shop = _retailer(settings, rule_set, seed, rate)
                hooks = Hooks(ready=ready, before=past, companion=shop)
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


def _retailer(
    settings: "Settings", rules: "RuleSet", seed: int, rate: float
) -> "tuple[Callable[[SqliteLog, Store], None], Callable[[str], Companion]]":
    """A function that folds the retailer's past, and one that creates the shop that sends its present."""
    from touchline.config.validator_in_force import load_validator
    from touchline.engine.worker import Worker
    from touchline.imports import START, ImportItem
    from touchline.sdk import Touchline
    from touchline.services.importing.history import History
    from touchline.services.importing.judging import portions
    from touchline.services.serving import loopback
    from touchline.simulation import Outage, Retailer, Shop

    start = int(time.time() * 1000)
    outage = Outage(start + OUTAGE_BEGINS, start + OUTAGE_ENDS)
    retailer = Retailer(seed, start, history=PAST, rate=rate, outage=outage)

    def past(log: "SqliteLog", store: "Store") -> None:
        typer.echo(f"The last seven days of the retailer (seed {seed}, start {start}) are being folded …")
        worker = Worker(log, store, rules, settings.journey_gap, limits=settings.limits)
        history = History(log, worker, store, load_validator(settings))
        items = (
            ImportItem("simulation", 1, 1, START, 0, events=(touchpoint.envelope(),))
            for touchpoint in retailer.until(start)
        )
        for portion in portions(items):
            history.add(portion)

    def present(url: str) -> Shop:
        # A server that others can reach requires a key, so the shop writes to the folder instead.
        to = url if loopback(settings.host) else f"embedded://{settings.data.resolve()}"
        return Shop(retailer, lambda source: Touchline(to, source=source))

    return past, present
