"""`touchline schema`: which events there are, what is in them, and their JSON Schema."""

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from touchline.vocabulary.registry import EventType

app = typer.Typer(
    help="Event types: which there are, their fields, examples and JSON Schema.", no_args_is_help=True
)


def example(name: str) -> bytes:
    """The example of an event type, JSON as it would be sent.

    Raises:
        FileNotFoundError: There is no such type.
    """
    return resources.files("touchline.vocabulary").joinpath("examples", f"{name}.json").read_bytes()


@app.command("list")
def list_types(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array instead of the table.")] = False,
) -> None:
    """List the event types, family by family: those of the vocabulary and of the tracking plan in force.

    Example: touchline schema list --json
    """
    types = _types().values()
    if as_json:
        print_json([_entry(one) for one in types])
        return
    width = max(len(one.name) for one in types)
    family = ""
    for one in types:
        if one.family != family:
            typer.echo(f"\n{one.family}" if family else one.family)
            family = one.family
        typer.echo(f"  {one.name:<{width}}  v{one.version}  {one.doc}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="TYPE", help="An event type, such as checkout.started.")],
    as_json: Annotated[bool, typer.Option("--json", help="The JSON Schema of the whole event.")] = False,
    as_example: Annotated[bool, typer.Option("--example", help="An example event, ready to send.")] = False,
) -> None:
    """Show an event type: when to emit it, its fields, an example.

    Example: touchline schema show checkout.started --example
    """
    from touchline.vocabulary.registry import EVENT_TYPES, json_schema

    if as_json and as_example:
        raise typer.BadParameter("--json and --example exclude each other; name one of them")
    known = _known(name)
    has_example = name in EVENT_TYPES
    if as_json:
        print_json(json_schema(name, _types()))
    elif as_example and not has_example:
        raise fail(f"touchline schema: {name} is of the tracking plan, which has no examples")
    elif as_example:
        typer.echo(example(name).decode(), nl=False)
    else:
        typer.echo(f"{name}  v{known.version}  ({known.family}, phase {known.phase})\n\n{known.doc}\n\ndata:")
        for line in _fields(known):
            typer.echo(f"  {line}")
        if has_example:
            typer.echo(f"\nexample:\n{example(name).decode()}", nl=False)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Created if missing.")],
) -> None:
    """Write the JSON Schema (2020-12) of each type, and envelope.json for events of any type.

    Example: touchline schema export schemas/
    """
    from touchline.vocabulary.registry import envelope_schema, json_schema

    if folder.exists() and not folder.is_dir():
        raise fail(f"touchline schema: {folder} is a file; name a folder")
    types = _types()
    schemas = {"envelope": envelope_schema()} | {name: json_schema(name, types) for name in types}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():
            (folder / f"{name}.json").write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise fail(
            f"touchline schema: cannot write to {folder}: {error.strerror}; name a folder you can write to"
        ) from None
    typer.echo(f"Wrote {len(schemas)} schemas to {folder}: one for each event type, and envelope.json.")


def _entry(known: "EventType") -> dict[str, Any]:
    return {
        "type": known.name,
        "family": known.family,
        "phase": known.phase,
        "version": known.version,
        "doc": known.doc,
    }


def _known(name: str) -> "EventType":
    from difflib import get_close_matches

    types = _types()
    if name not in types:
        near = get_close_matches(name, types, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see `touchline schema list`"
        raise fail(f"touchline schema: there is no event type {name!r}; {hint}")
    return types[name]


def _types() -> "Mapping[str, EventType]":
    """The event types under the tracking plan in force."""
    from touchline.config.settings import load_settings
    from touchline.config.tracking_plan import load_plan

    return load_plan(load_settings().plan)


def _fields(known: "EventType") -> list[str]:
    schema = known.model.model_json_schema()
    required = schema.get("required", ())
    shown = [
        (field, _kind(about) + (", required" if field in required else ""), about.get("description", ""))
        for field, about in schema.get("properties", {}).items()
    ]
    widths = [max((len(row[column]) for row in shown), default=0) for column in (0, 1)]
    lines = [f"{field:<{widths[0]}}  {kind:<{widths[1]}}  {about}" for field, kind, about in shown]
    return [*lines, "and any field of your own" if lines else "any field of your own"]


def _kind(about: dict[str, Any]) -> str:
    """The type of a field in a word or two: `string`, `time`, `low | high`."""
    if "enum" in about:
        return " | ".join(about["enum"])
    if about.get("format") == "date-time":
        return "time"
    if "anyOf" in about:
        return " or ".join(_kind(one) for one in about["anyOf"] if one.get("type") != "null")
    return str(about["type"])
