"""`touchline customer show` and `export`."""

from typing import Annotated

import typer

from touchline.cli.customer.arguments import Json, Who, find_customer, reading
from touchline.cli.options import Data, Rules
from touchline.cli.output import print_json, write_raw


def show(
    who: Who,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="As it was then, such as 2026-11-21 or 2026-11-21T10:00:00Z."),
    ] = None,
    data: Data = None,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Show who a customer is, its journeys, frictions and events.

    With --as-of, the customer follows from the events received and the splits and shares decided up to that
    time; its journeys and frictions are folded from those events by today's rules. A shared identifier, which
    links no customers, is shown with the reason.

    WHO may also be the id of an order, a contact or a ticket in an event of the customer.

    Example: touchline customer show account:u-17

    Example: touchline customer show order-4711

    Example: touchline customer show email:a@b.example --as-of 2026-11-01 --json
    """
    from touchline.cli.customer import story
    from touchline.cli.spans import moment
    from touchline.config.rule_packs import rules_in_force

    with reading(data, rules) as (settings, reader):
        until = None if as_of is None else moment(as_of, "--as-of", settings.zone)
        if until is None:
            shown = story.now(
                reader, find_customer(reader, settings, who, by_reference=True), settings.limits
            )
        else:
            ready = rules_in_force(settings)
            then = find_customer(reader, settings, who, until)
            shown = story.then(reader, then, until, story.Law(ready, settings.journey_gap, settings.limits))
    if as_json:
        print_json(shown)
    else:
        story.show(shown, settings.zone)


def export(who: Who, data: Data = None) -> None:
    """Print all events of a customer, one JSON object a line, as producers send them.

    Example: touchline customer export account:u-17 > u-17.jsonl
    """
    from touchline.analysis.reading.customer_history import events
    from touchline.cli.customer.story import native

    with reading(data) as (settings, reader):
        for event in events(reader, find_customer(reader, settings, who)):
            write_raw(native(event) + b"\n")
