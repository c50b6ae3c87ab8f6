"""`touchline rules`: which rules are in force, what they say, whether they are right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.configure.checked import show_checked
from touchline.cli.errors import fail
from touchline.cli.output import print_json, screen

if TYPE_CHECKING:
    from touchline.config.rule_packs import Pack

app = typer.Typer(
    help="Friction rules: list and show those in force, run their examples, check a file.",
    no_args_is_help=True,
)

RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="Rules file; those in force if not given.", show_default=False)
]


@app.command("list")
def list_rules(
    rules: RulesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array instead of the table.")] = False,
) -> None:
    """List the rules in force.

    Example: touchline rules list --rules rules.yaml
    """
    pack = _usable(rules)
    if as_json:
        fields = ("id", "kind", "title", "weight", "factor", "owner")
        print_json([{name: getattr(one, name) for name in fields} for one in pack.rules])
        return
    from rich.table import Column, Table

    table = Table(Column("id", no_wrap=True), "kind", "title", "weight", "factor", "owner")
    for one in pack.rules:
        table.add_row(one.id, one.kind, one.title, str(one.weight), one.factor, one.owner)
    screen().print(table)


@app.command()
def show(
    rule: Annotated[str, typer.Argument(metavar="ID", help="A rule, such as cart_abandoned.")],
    rules: RulesOption = None,
) -> None:
    """Show a rule as it is in force, and its examples: YAML, ready to be changed.

    Example: touchline rules show cart_abandoned
    """
    import yaml

    from touchline.config.rule_packs import load_pack
    from touchline.documents import suggestion

    pack = _usable(rules)
    if rule not in pack.entries:
        raise fail(f"there is no rule '{rule}'{suggestion(rule, pack.entries)}; see `touchline rules list`")
    written = pack.entries[rule].raw
    shown: dict[str, Any] = {"rules": [dict(written)]}
    if calendar := written.get("calendar"):
        shown = {"calendars": {calendar: pack.document.raw["calendars"][calendar]}, **shown}
    examples = (pack if rule in pack.own else load_pack()).shown
    if rule in examples:
        shown["examples"] = {rule: examples[rule]}
    typer.echo(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100), nl=False)


@app.command("test")
def run_examples(rules: RulesOption = None) -> None:
    """Run the examples of the rules: exit code 1 if a rule finds anything else than expected.

    Example: touchline rules test --rules rules.yaml
    """
    from touchline.config.settings import load_settings
    from touchline.config.tracking_plan import load_plan
    from touchline.friction import RuleSet
    from touchline.friction.example_check import failures
    from touchline.vocabulary.order import phases_of

    pack = _usable(rules)
    ready = RuleSet(pack.rules, phases_of(load_plan(load_settings().plan)))
    wrong = 0
    for rule, examples in pack.examples.items():
        for failure in failures(ready, rule, examples):
            wrong += 1
            typer.echo(f"{rule}: {failure.title}: {failure.when}")
            typer.echo(f"  expected: {', '.join(failure.expected) or 'nothing'}")
            typer.echo(f"  found:    {', '.join(failure.found) or 'nothing'}")
    number = sum(map(len, pack.examples.values()))
    bare = [name for name in pack.own if name not in pack.examples]
    typer.echo(f"{number - wrong} of {number} examples pass")
    if bare:
        typer.echo(f"without an example: {', '.join(bare)}")
    if wrong:
        raise typer.Exit(1)


@app.command()
def lint(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A rules file.")],
    plan: Annotated[
        Path | None,
        typer.Option(metavar="PLAN.yaml", help="Tracking plan, with your types; that in force if not given."),
    ] = None,
) -> None:
    """Check a rules file: every fault and doubt with its line and column, and what to write instead.

    Faults end with exit code 1; a file with only warnings can be used.

    Example: touchline rules lint rules.yaml

    Example: touchline rules lint rules.yaml --plan touchline.yaml
    """
    from touchline.config.rule_packs import load_pack
    from touchline.config.settings import load_settings
    from touchline.config.tracking_plan import load_plan
    from touchline.rules.lint import warnings
    from touchline.vocabulary.wording import counted

    pack = load_pack(file)
    types = load_plan(load_settings(plan=plan).plan)
    doubts = warnings(pack.rules, pack.entries, pack.document, types)
    show_checked(f"{counted(len(pack.rules), 'rule')} can be used", pack.faults, doubts)
    if pack.faults:
        raise typer.Exit(1)


def _usable(path: Path | None) -> "Pack":
    """The rules in force: those of a file, or of the settings, or the default pack."""
    from touchline.config.rule_packs import load_pack
    from touchline.config.settings import load_settings
    from touchline.rules import RulesError

    pack = load_pack(load_settings(rules=path).rules)
    if pack.faults:
        raise RulesError("\n".join(map(str, pack.faults)))
    return pack
