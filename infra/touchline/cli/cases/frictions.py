"""`touchline friction`: what staff do about frictions."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.cases.shown import as_object, as_step, show_case, show_table
from touchline.cli.customer.arguments import Json, reading
from touchline.cli.errors import WRONG_USAGE, fail
from touchline.cli.options import Data, Rules
from touchline.cli.output import print_json, print_json_line, say

if TYPE_CHECKING:
    from pathlib import Path

    from touchline.cases.case import Case
    from touchline.cases.reading import Which

app = typer.Typer(
    help="What staff do about frictions: list them, assign, comment and close them.", no_args_is_help=True
)

_Friction = Annotated[
    str, typer.Argument(metavar="ID", help="A friction's id, as `friction list` prints it.")
]
_By = Annotated[str, typer.Option(help="Who does it.  [default: this user]", show_default=False)]
_Comment = Annotated[str, typer.Option(help="A comment. It is deleted with the customer's events.")]


@app.command("list")
def list_frictions(
    which: Annotated[
        str, typer.Option(help="open, unassigned, mine, closed or all; `mine` needs --assignee or is yours.")
    ] = "open",
    assignee: Annotated[str, typer.Option(help="Whose frictions `mine` means.")] = "",
    since: Annotated[
        str, typer.Option(metavar="30d|TIME", help="Opened how far back, or since when.")
    ] = "30d",
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List frictions with their cases: the heaviest first, then the oldest.

    Example: touchline friction list --which unassigned --since 7d
    """
    from typing import cast, get_args

    from touchline.cases.reading import MOST, Which, open_cases
    from touchline.cli.spans import extent, query_function
    from touchline.cli.spans import since as start_of

    if which not in get_args(Which):
        raise fail(f"--which {which}: write one of {', '.join(get_args(Which))}", WRONG_USAGE)
    with reading(data) as (settings, reader):
        ask = query_function(reader)
        until = extent(ask)[1]
        start = start_of(since, until, settings.zone)
        cases, more = open_cases(
            ask, cast("Which", which), start, until, assignee=assignee or getpass.getuser()
        )
    if as_json:
        for case in cases:
            print_json_line(as_object(case))
        return
    show_table(cases, settings.zone)
    if more:
        say(f"there are more than these {MOST}: choose fewer with --which or --since")


@app.command()
def show(friction: _Friction, data: Data = None, as_json: Json = False) -> None:
    """Show one friction, and what staff did about it.

    Example: touchline friction show 7c3f1d1e-5b0a-5e0e-9c55-0f3f5f1a2b11
    """
    from touchline.cases.reading import steps_of
    from touchline.cli.spans import query_function

    with reading(data) as (settings, reader):
        ask = query_function(reader)
        case = _found(ask, friction)
        steps = steps_of(ask, case.friction)
    if as_json:
        print_json(as_object(case) | {"steps": [as_step(step) for step in steps]})
        return
    show_case(case, steps, settings.zone)


@app.command()
def assign(
    friction: _Friction,
    assignee: Annotated[str, typer.Argument(metavar="WHO", help="Who takes care of it; '' for nobody.")],
    comment: _Comment = "",
    by: _By = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Assign a friction to somebody, who then takes care of it.

    Example: touchline friction assign 7c3f1d1e-5b0a-5e0e-9c55-0f3f5f1a2b11 kim
    """
    from touchline.cases.writing import assigned

    done = f"assigned to {assignee}" if assignee else "assigned to nobody"
    _say(friction, lambda case: assigned(case, assignee, comment), done, (by, data, rules, as_json))


@app.command()
def comment(
    friction: _Friction,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The comment.")],
    by: _By = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Note something about a friction.

    Example: touchline friction comment 7c3f1d1e-5b0a-5e0e-9c55-0f3f5f1a2b11 "called back, no answer"
    """
    from touchline.cases.writing import commented

    _say(friction, lambda case: commented(case, text), "commented", (by, data, rules, as_json))


@app.command()
def close(
    friction: _Friction,
    verdict: Annotated[
        str,
        typer.Option(
            help="solved (customer helped, or cause removed), known (real, nothing more is done) or "
            "false_alarm (there was no friction)."
        ),
    ] = "solved",
    comment: _Comment = "",
    by: _By = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Close the case of a friction, with the verdict.

    Example: touchline friction close 7c3f1d1e-5b0a-5e0e-9c55-0f3f5f1a2b11 --comment refunded
    """
    from touchline.cases.case import VERDICTS
    from touchline.cases.writing import closed

    if verdict not in VERDICTS:
        raise fail(f"--verdict {verdict}: write one of {', '.join(VERDICTS)}", WRONG_USAGE)
    done = f"closed as {verdict}"
    _say(friction, lambda case: closed(case, verdict, comment), done, (by, data, rules, as_json))


@app.command()
def reopen(
    friction: _Friction,
    comment: _Comment = "",
    by: _By = "",
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Open a closed case again.

    Example: touchline friction reopen 7c3f1d1e-5b0a-5e0e-9c55-0f3f5f1a2b11 --comment "it came again"
    """
    from touchline.cases.writing import reopened

    _say(friction, lambda case: reopened(case, comment), "open again", (by, data, rules, as_json))


def _say(friction: str, said: Any, done: str, options: "tuple[str, Path | None, Path | None, bool]") -> None:
    """Have the log take what somebody says about a friction."""
    from touchline.cli.spans import query_function
    from touchline.config.rule_packs import rules_in_force
    from touchline.services.cases import Said, say_by_command

    by, data, rules, as_json = options
    with reading(data, rules) as (settings, reader):
        case = _found(query_function(reader), friction)
    how = say_by_command(
        settings, rules_in_force(settings), [Said(said(case), case)], by or getpass.getuser()
    )
    if as_json:
        print_json({"friction": case.friction, "done": done, "applied": True})
    else:
        say(f"{case.friction} ({case.rule}, {case.name}): {done} ({how})")


def _found(ask: Any, friction: str) -> "Case":
    from touchline.cases.reading import find_case

    case = find_case(ask, friction)
    if case is None:
        raise fail(
            f"no friction {friction}: it may have been retracted, or its customer forgotten; see "
            "`touchline friction list`"
        )
    return case
