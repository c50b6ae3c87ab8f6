"""`touchline privacy`: the rules of what may be stored: checked, and tried on events."""

import time
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.configure.checked import by_level, show_checked
from touchline.cli.errors import fail
from touchline.cli.output import print_json, print_json_line

app = typer.Typer(
    help="Privacy rules: what of an event may be stored. Check a file of rules, and try it on events.",
    no_args_is_help=True,
)

_FILE = "Privacy rules; those of the settings if not given."


@app.command()
def lint(
    file: Annotated[
        Path | None, typer.Argument(metavar="PRIVACY.yaml", help=_FILE, show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check privacy rules: every fault with its line and column, and what to write instead.

    Example: touchline privacy lint privacy.yaml
    """
    from touchline.config.privacy_rules import privacy_file
    from touchline.config.settings import load_settings
    from touchline.vocabulary.wording import counted

    settings = load_settings()
    path = file or settings.privacy
    if path is None:
        raise _no_rules()
    (declared, faults), warnings = privacy_file(path, settings.privacy_key.get_secret_value())
    if as_json:
        print_json(
            [
                {"place": one.place, "level": level, "message": one.message}
                for one, level in by_level(faults, warnings)
            ]
        )
    else:
        rules = counted(len(declared.fields), "field rule")
        identifiers = counted(len(declared.identifiers), "identifier rule")
        show_checked(f"{identifiers}, {rules}", faults, warnings)
    if faults:
        raise typer.Exit(1)


@app.command()
def apply(
    events: Annotated[Path, typer.Argument(metavar="EVENTS.jsonl", help="Native events, one a line.")],
    file: Annotated[Path | None, typer.Option("--rules", metavar="PRIVACY.yaml", help=_FILE)] = None,
) -> None:
    """Print what would be stored of each event, without storing it.

    For each line of the file one JSON object: the result, and what the log or quarantine would hold.

    Example: touchline privacy apply events.jsonl --rules privacy.yaml
    """
    from orjson import loads

    from touchline.collector.acceptance import accept_each
    from touchline.config.settings import load_settings
    from touchline.config.validator_in_force import load_validator

    settings = load_settings(privacy=file)
    if settings.privacy is None:
        raise _no_rules()
    validator, now = load_validator(settings), int(time.time() * 1000)
    try:
        with events.open("rb") as lines:
            for line in filter(None, map(bytes.strip, lines)):
                found = accept_each([line], received_at_ms=now, producer="", validator=validator)
                kept = [*found.batch.touchpoints, *found.batch.quarantine]
                print_json_line({"result": found.results[0].status, "kept": loads(kept[0]) if kept else None})
    except OSError as error:
        raise fail(f"{events}: cannot be read: {error.strerror}") from None


def _no_rules() -> typer.Exit:
    return fail("no privacy rules: name a file, or set privacy (touchline.toml, or TOUCHLINE_PRIVACY)", 2)
