"""`touchline backtest`: other rules over the events of the store, before they are put in force."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.output import print_json, screen

if TYPE_CHECKING:
    from touchline.analysis.backtest import Backtest


def backtest(
    rules: Annotated[Path, typer.Argument(metavar="RULES.yaml", help="The rules to try.")],
    since: Annotated[str, typer.Option(metavar="30d|TIME", help="How far back, or from when.")] = "30d",
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    in_force: Annotated[
        Path | None,
        typer.Option(metavar="RULES.yaml", help="Compared with these; the settings' rules if not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what rules would have found in the store, compared with the rules in force. Read-only.

    It reads every customer's events, in portions, also from a running `touchline up`.

    Example: touchline backtest rules.yaml --since 30d
    """
    from touchline.analysis.backtest import backtest as run
    from touchline.cli.spans import extent, query_function
    from touchline.cli.spans import since as began
    from touchline.config.rule_packs import load_rules
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.config.tracking_plan import load_plan
    from touchline.store.histories import histories
    from touchline.vocabulary.order import phases_of

    settings = load_settings(data=data, rules=in_force)
    phases = phases_of(load_plan(settings.plan))
    given, compared = load_rules(rules, phases), load_rules(settings.rules, phases)
    with readable_store(settings) as reader, _bar() as progress:
        oldest, until = extent(query_function(reader))
        start = max(oldest, began(since, until, settings.zone))
        found = run(
            histories(reader, progress, phases=phases), given, compared, start, until, settings.journey_gap
        )
    if as_json:
        print_json(_plain(found))
    else:
        _show(found, settings.zone)


def _plain(found: "Backtest") -> dict[str, Any]:
    return {
        "since": found.since,
        "until": found.until,
        "days": found.days,
        "customers": found.customers,
        "events": found.events,
        "rules": [
            {
                "rule": one.rule,
                "signals_before": one.signals_before,
                "signals_after": one.signals_after,
                "signals_a_day_before": one.signals_before / found.days,
                "signals_a_day_after": one.signals_after / found.days,
                "new": one.new,
                "gone": one.gone,
            }
            for one in found.rules.values()
        ],
        "alerts_a_day_before": found.alerts_before / found.days,
        "alerts_a_day_after": found.alerts_after / found.days,
        "regraded": found.regraded,
        "grades": [
            {"before": before, "after": after, "customers": count}
            for (before, after), count in sorted(found.grades.items())
        ],
        "examples": [
            {
                "customer": one.customer,
                "grade_before": one.grade_before,
                "grade_after": one.grade_after,
                "score_before": one.score_before,
                "score_after": one.score_after,
            }
            for one in found.examples
        ],
    }


def _show(found: "Backtest", zone: str) -> None:
    from rich.table import Table

    from touchline.vocabulary.moments import in_words

    console = screen()
    table = Table("rule", "signals a day in force", "by these rules", "new", "gone")
    for column in table.columns[1:]:
        column.justify = "right"
    days = found.days
    for one in sorted(
        found.rules.values(), key=lambda one: (-one.new - one.gone, -one.signals_after, one.rule)
    ):
        if one.signals_before or one.signals_after:
            table.add_row(
                one.rule,
                f"{one.signals_before / days:.1f}",
                f"{one.signals_after / days:.1f}",
                f"{one.new:,}" if one.new else "",
                f"{one.gone:,}" if one.gone else "",
            )
    console.print(table)
    console.print(
        f"alerts a day: {found.alerts_before / days:.1f} in force, "
        f"{found.alerts_after / days:.1f} by these rules"
    )
    console.print(f"{found.regraded:,} of {found.grades.total():,} customers change grade")
    for customer in found.examples:
        console.print(
            f"  {customer.customer}  {customer.grade_before} ({customer.score_before}) to "
            f"{customer.grade_after} ({customer.score_after})"
        )
    console.print(
        f"{in_words(found.since, zone)} to {in_words(found.until, zone)}, "
        f"{found.events:,} events of {found.customers:,} customers",
        style="dim",
    )


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; gives what moves it, to so many parts of so many."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("folding"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("folding", total=None)
        yield lambda done, parts: bar.update(task, completed=done, total=parts)
