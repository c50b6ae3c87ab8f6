"""Cases as `touchline friction` prints them."""

import time
from typing import TYPE_CHECKING, Any

from touchline.cli.output import literal, say, screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchline.cases.case import Case, Step


def show_case(case: "Case", steps: "Sequence[Step]", zone: str) -> None:
    """Print a friction and what staff did about it, with times in `zone`."""
    from touchline.vocabulary.moments import in_words

    say(f"friction  {case.friction}")
    say(f"rule      {case.rule} ({case.channel}, {case.source}), {case.weight} strike points")
    say(f"opened    {in_words(case.opened_at, zone)}")
    say(f"customer  {case.name}")
    say(f"state     {_state(case)}")
    say("\nwhat staff did")
    for step in steps:
        said = " ".join(
            part
            for part in (
                step.type.removeprefix("case."),
                f"to {step.assignee}" if step.assignee else "",
                f"as {step.verdict}" if step.verdict else "",
                f"by {step.by}" if step.by else "",
            )
            if part
        )
        comment = f": {step.comment}" if step.comment else ""
        say(f"  {in_words(step.at, zone)}  {said}{comment}".replace("\n", "\u240a"))
    if not steps:
        say("  nothing yet")


def _state(case: "Case") -> str:
    match case.state:
        case "closed":
            return f"closed as {case.verdict}" + (f" by {case.closed_by}" if case.closed_by else "")
        case "resolved":
            return "resolved: the expected event came after all"
        case "assigned":
            return f"open, assigned to {case.assignee}"
    return "open, assigned to nobody"


def as_object(case: "Case") -> dict[str, Any]:
    """A case as JSON; times are ms since 1970."""
    from dataclasses import asdict

    about = asdict(case)
    del about["consent"], about["entity"]
    return about | {"state": case.state}


def as_step(step: "Step") -> dict[str, Any]:
    """A step as JSON, without what it does not say."""
    from dataclasses import asdict

    return {name: value for name, value in asdict(step).items() if value not in ("", None)}


def show_table(cases: "Sequence[Case]", zone: str) -> None:
    """Print cases, with times in `zone`."""
    from rich.table import Table

    from touchline.vocabulary.moments import in_words
    from touchline.vocabulary.wording import counted

    table = Table("opened", "rule", "points", "customer", "ordered", "state", "id")
    now = int(time.time() * 1000)
    for case in cases:
        ordered = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(case.value.items()))
        age = f"{in_words(case.opened_at, zone)} ({max(0, now - case.opened_at) // 3_600_000} h ago)"
        cells = (age, case.rule, str(case.weight), case.name, ordered, _state(case), case.friction)
        table.add_row(*map(literal, cells))
    console = screen()
    console.print(table)
    console.print(counted(len(cases), "friction"), style="dim")
