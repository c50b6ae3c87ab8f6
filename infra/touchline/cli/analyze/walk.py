"""`touchline walk`: walked audits, once or on a schedule."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.configure.checked import show_checked
from touchline.cli.errors import WRONG_USAGE, fail
from touchline.cli.options import Data, Rules
from touchline.cli.output import print_json_line, say

if TYPE_CHECKING:
    from touchline.services.walking.running import Ran

app = typer.Typer(
    help="Walked audits: a real browser walks through your touchpoints, and each step is an event.",
    no_args_is_help=True,
)

_File = Annotated[Path, typer.Argument(metavar="WALKS.yaml", help="The file of walks.")]


@app.command()
def check(file: _File) -> None:
    """Check a file of walks. Exit code 1 if it has faults. No browser starts.

    Example: touchline walk check walks.yaml
    """
    from touchline.config.walks_files import walks_file
    from touchline.vocabulary.wording import counted

    found = walks_file(file)
    steps = sum(len(walk.steps) for walk in found.walks)
    show_checked(f"{counted(len(found.walks), 'walk')}, {counted(steps, 'step')}", found.faults, ())
    if found.faults:
        raise typer.Exit(1)


@app.command()
def run(
    file: _File,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="1h", help="Again and again, with this time between two starts; once if not given."
        ),
    ] = None,
    no_events: Annotated[
        bool, typer.Option("--no-events", help="Show the results alone; write no events.")
    ] = False,
    no_sandbox: Annotated[
        bool,
        typer.Option(
            "--no-sandbox",
            help="Without Chromium's sandbox: as root or in a container, for sites that you trust.",
        ),
    ] = False,
    data: Data = None,
    rules: Rules = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Walk through the steps of a file with Chromium, and write an event for each step.

    Exit code 1 if a step failed, or could not be walked. With --every, it goes on until Ctrl-C or SIGTERM.

    Example: touchline walk run walks.yaml
    Example: touchline walk run walks.yaml --every 1h
    """
    try:
        from touchline.services.walking.running import Rounds, go_on, run_walk
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "selenium":
            raise
        raise fail("walk needs Selenium: from a clone, run pip install './touchline[server,walks]'") from None
    from touchline.config.rule_packs import rules_in_force
    from touchline.config.settings import load_settings
    from touchline.config.walks_files import load_walks, values_beside
    from touchline.services.walking.reporting import report
    from touchline.vocabulary.errors import TouchlineError

    pause = None if every is None else _pause(every)
    walks = load_walks(file)
    settings = load_settings(data=data, rules=rules)
    in_force = rules_in_force(settings)
    value_of = values_beside(file)

    def write(ran: "Ran") -> None:
        if ran.outcomes and not no_events:
            report(settings, in_force, ran.walk, ran.outcomes, ran.started_at)

    def show(ran: "Ran") -> None:
        _show(ran, as_json)

    if pause is not None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        rounds = Rounds(
            pause,
            lambda walk: run_walk(walk, value_of, sandbox=not no_sandbox),
            write,
            show,
            lambda why: say(why, err=True),
        )
        try:
            go_on(walks, rounds)
        except KeyboardInterrupt:
            return
    passed = True
    for portion in [portion for walk in walks for portion in walk.portions()]:
        try:
            ran = run_walk(portion, value_of, sandbox=not no_sandbox)
            show(ran)
            write(ran)
            ran.settle()
        except TouchlineError as error:
            say(f"walk {portion.name}: {error}", err=True)
            passed = False
        else:
            passed = passed and all(outcome.passed for outcome in ran.outcomes)
    if not passed:
        raise typer.Exit(1)


def _pause(every: str) -> float:
    """Seconds of --every."""
    from touchline.vocabulary.durations import parse_duration

    try:
        pause = parse_duration(every) / 1000
    except ValueError as error:
        raise fail(f"--every: {error}", WRONG_USAGE) from None
    if pause < 60:
        raise fail(f"--every {every}: write at least 1m", WRONG_USAGE)
    return pause


def _show(ran: "Ran", as_json: bool) -> None:
    from touchline.walks.outcomes import run_id

    for outcome in ran.outcomes:
        if as_json:
            row: dict[str, Any] = {
                "walk": ran.walk.name,
                "run_id": run_id(ran.walk, ran.started_at),
                "step": outcome.step,
                "passed": outcome.passed,
                "seconds": None if outcome.seconds is None else round(outcome.seconds, 3),
                "limit_seconds": outcome.limit_seconds,
                "message": outcome.why,
            }
            print_json_line(row)
            continue
        took = "" if outcome.seconds is None else f" ({outcome.seconds:.1f} s)"
        result = "passed" if outcome.passed else f"failed: {outcome.why}"
        say(f"{ran.walk.name}: {outcome.step}{took}: {result}")
    if ran.waits:
        step = ran.walk.steps[0].in_words
        if as_json:
            print_json_line({"walk": ran.walk.name, "step": step, "waits": ran.waits})
        else:
            say(f"{ran.walk.name}: {step}: {ran.waits}")
