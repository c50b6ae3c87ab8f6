"""`touchline demo`: the whole of it, with a retailer whose frictions are known."""

import shutil
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.failure import reported
from touchline.cli.up import Host, Port, Rules, greet

if TYPE_CHECKING:
    from collections.abc import Callable

    from touchline.cli.process import Beside
    from touchline.cli.settings import Settings
    from touchline.friction import RuleSet


def demo(
    data: Annotated[
        Path | None, typer.Option(help="Keep the data in this folder; a temporary one if not given.")
    ] = None,
    host: Host = None,
    port: Port = None,
    rules: Rules = None,
    seed: Annotated[int, typer.Option(help="Another seed is another retailer.")] = 1,
    rate: Annotated[float, typer.Option(min=0.1, max=500, help="Touchpoints a second, about.")] = 5.0,
    real: Annotated[
        bool, typer.Option("--real", help="A year of a real grocery chain instead of the simulation.")
    ] = False,
) -> None:
    """Run Touchline with a simulated retailer: web shop, call centre, stores and social media.

    The last seven days come first, then what happens now; friction is to be seen within seconds.
    With --real it is the Complete Journey set (install it with: pip install 'touchline[real]').

    Example: touchline demo --port 8080
    """
    from touchline.cli.process import expected_errors, serve
    from touchline.cli.settings import load_settings
    from touchline.collector.files import FileError
    from touchline.pipeline.packs import load_rules

    folder = data or Path(mkdtemp(prefix="touchline-demo-"))
    try:
        with reported(*expected_errors(), FileError):
            settings = load_settings(data=folder, host=host, port=port, rules=rules)
            ready = load_rules(settings.rules)
            if real:
                beside = None
                _import_real(settings, ready)
            else:
                beside = _retailer(settings, ready, seed, rate)
            serve(settings, ready, ready=lambda url: greet(url, folder), beside=beside)
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


def _import_real(settings: "Settings", rules: "RuleSet") -> None:
    from touchline.cli.history import import_files
    from touchline.cli.imports import bar
    from touchline.collector.files import load_mapping
    from touchline.collector.files.real import MAPPING, real_files

    files = real_files()
    with bar(files) as progress:
        import_files(files, load_mapping(MAPPING), settings, rules, progress=progress)


def _retailer(settings: "Settings", rules: "RuleSet", seed: int, rate: float) -> "Callable[[str], Beside]":
    """Import the retailer's past, and make what sends its present."""
    from touchline.cli.history import open_history, portions
    from touchline.collector.files import START, ImportItem
    from touchline.sdk import Touchline
    from touchline.simulation import Retailer, Shop

    now = int(time.time() * 1000)
    retailer = Retailer(seed, now, rate=rate)
    past = (
        ImportItem("simulation", 1, 1, START, 0, events=(touchpoint.envelope(),))
        for touchpoint in retailer.until(now)
    )
    typer.echo("The retailer's last seven days are being folded …")
    with open_history(settings, rules) as history:
        for items in portions(past):
            history.add(items)
    return lambda url: Shop(retailer, lambda source: Touchline(url, source=source))
