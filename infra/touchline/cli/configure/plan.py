"""`touchline plan`: a team's own event types: checked, compared, as typed Python, as a page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.configure.checked import by_level, show_checked
from touchline.cli.errors import fail
from touchline.cli.options import Data, Rules
from touchline.cli.output import print_json

if TYPE_CHECKING:
    from touchline.config.settings import Settings
    from touchline.tracking import PlanFile
    from touchline.tracking.difference import Change
    from touchline.vocabulary.registry import EventType

app = typer.Typer(
    help="Tracking plan: your own event types. Check it, see what a change breaks, generate code and docs.",
    no_args_is_help=True,
)

File = Annotated[
    Path | None,
    typer.Argument(metavar="PLAN.yaml", help="A plan; that in force if not given.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def lint(file: File = None, as_json: Json = False) -> None:
    """Check a tracking plan: every fault and doubt with its line and column, and what to write instead.

    Faults end with exit code 1; a plan that has warnings alone can be used.

    Example: touchline plan lint touchline.yaml
    """
    from touchline.tracking.lint import warnings
    from touchline.vocabulary.wording import counted

    plan = _read(file)
    doubts = warnings(plan)
    if as_json:
        found = by_level(plan.faults, doubts)
        print_json([{"place": one.place, "level": level, "message": one.message} for one, level in found])
    else:
        own, tightened = counted(len(plan.plan.types), "type"), len(plan.plan.tighten)
        show_checked(f"{own} of your own and {tightened} tightened", plan.faults, doubts)
    if plan.faults:
        raise typer.Exit(1)


@app.command()
def diff(
    new: Annotated[Path, typer.Argument(metavar="NEW.yaml", help="The tracking plan as it is going to be.")],
    old: Annotated[
        Path | None,
        typer.Option("--from", metavar="OLD.yaml", help="The plan as it is; that in force if not given."),
    ] = None,
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", help="Exit code 0 even if a change breaks something.")
    ] = False,
    rules: Rules = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show the changes from one tracking plan to another, and what each of them breaks.

    A change breaks producers if events that they send now would be refused; rules if they read a field or
    type that goes; the order if stored events come in another one. Then the exit code is 1. The rules are
    those in force; stored events are counted if there is a store.

    Example: touchline plan diff touchline.yaml --from touchline.yaml.before

    Example: touchline plan diff touchline.yaml --allow-breaking --json
    """
    from touchline.config.rule_packs import load_rules
    from touchline.config.settings import load_settings
    from touchline.config.tracking_plan import load_plan
    from touchline.rules.reading import rules_reading
    from touchline.tracking.difference import changes
    from touchline.vocabulary.wording import counted

    settings = load_settings(rules=rules, data=data)
    before, after = load_plan(old or settings.plan), load_plan(new)
    found = changes(before, after)
    in_force = load_rules(settings.rules).rules
    readers = {
        one: rules_reading(in_force, before, one.type, one.field) for one in found if "rules" in one.breaks
    }
    # Nobody misses a field that no rule reads: the events stay as they are.
    breaking = [one for one in found if set(one.breaks) - {"rules"} or readers.get(one)]
    stored = _stored({one.type for one in breaking}, settings)
    if as_json:
        rows = [_row(one, one in breaking, readers.get(one, []), stored.get(one.type, 0)) for one in found]
        print_json(rows)
    else:
        for one in found:
            typer.echo(f"{'BREAKS' if one in breaking else 'ok':<6}  {one}")
            for line in _consequences(one, readers.get(one, []), stored.get(one.type, 0)):
                typer.echo(f"        {line}")
        typer.echo(f"{counted(len(found), 'change')}, {len(breaking)} breaking")
    if breaking and not allow_breaking:
        raise fail("the new plan breaks something: change it, or accept that with --allow-breaking")


@app.command()
def codegen(
    file: File = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.py", help="Write this file instead of printing."),
    ] = None,
) -> None:
    """Print a Python module: a client with a typed method for each type of the tracking plan.

    An editor completes the fields, and mypy and pyright refuse a wrong one.

    Example: touchline plan codegen touchline.yaml --output shop_events.py
    """
    from touchline.tracking.event_methods import plan_methods

    text = plan_methods(_declared(_usable(file)))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise fail(f"touchline plan: cannot write {output}: {error.strerror}; name another file") from None
    typer.echo(f"Wrote {output}.")


@app.command()
def docs(file: File = None) -> None:
    """Print the tracking plan as a page of Markdown.

    Example: touchline plan docs touchline.yaml > events.md
    """
    from touchline.tracking.markdown import page

    typer.echo(page(_declared(_usable(file))), nl=False)


def _read(file: Path | None) -> "PlanFile":
    """A plan with its faults: of a file, or of the settings."""
    from touchline.config.settings import load_settings
    from touchline.config.tracking_plan import plan_file

    path = file or load_settings().plan
    if path is None:
        raise fail("no tracking plan: name a file, or set plan (touchline.toml, or TOUCHLINE_PLAN)", 2)
    return plan_file(path)


def _usable(file: Path | None) -> "Mapping[str, EventType]":
    from touchline.tracking import PlanError

    plan = _read(file)
    if plan.faults:
        raise PlanError("\n".join(map(str, plan.faults)))
    return plan.types


def _declared(types: "Mapping[str, EventType]") -> "list[EventType]":
    """The types that a plan declares or tightens."""
    from touchline.vocabulary.registry import EVENT_TYPES

    return [one for name, one in types.items() if EVENT_TYPES.get(name) is not one]


def _stored(names: set[str], settings: "Settings") -> dict[str, int]:
    """How many events of each type are stored; nothing without a store."""
    from touchline.config.stores import readable_store
    from touchline.store import parse_answer

    if not names or (settings.store_address is None and not (settings.data / "store").exists()):
        return {}
    sql = (
        "SELECT type, uniqExact(id) FROM events "
        "WHERE type IN JSONExtract({names:String}, 'Array(String)') GROUP BY type"
    )
    with readable_store(settings) as reader:
        answer = reader.reply(sql, "JSONCompact", {"names": json.dumps(sorted(names))})
    return {name: int(number) for name, number in parse_answer(answer.body).result_rows}


def _row(change: "Change", breaking: bool, rules: Sequence[str], stored: int) -> dict[str, Any]:
    return {
        "type": change.type,
        "field": change.field,
        "change": change.what,
        "breaking": breaking,
        "breaks": list(change.breaks),
        "rules": list(rules),
        "stored_events": stored,
    }


def _consequences(change: "Change", rules: Sequence[str], stored: int) -> list[str]:
    from touchline.vocabulary.wording import counted

    lines = []
    if "producers" in change.breaks:
        lines.append("events that producers send now would be refused: change the producers first")
    if rules:
        lines.append(f"rules that read it: {', '.join(rules)}")
    if "order" in change.breaks:
        lines.append("the next start of the workers refolds every customer")
    if stored and lines:
        lines.append(f"{counted(stored, 'event')} of the type {'is' if stored == 1 else 'are'} stored")
    return lines
