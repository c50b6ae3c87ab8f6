"""The arguments of `touchline customer`, and the customer that they name in the store."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from touchline.analysis.reading.customer_history import Customer
    from touchline.config.settings import Settings
    from touchline.store.reader import Reader

Who = Annotated[
    str, typer.Argument(metavar="WHO", help="An identifier, such as account:u-17, or a customer's id.")
]
Identifier = Annotated[
    str, typer.Argument(metavar="IDENTIFIER", help="An identifier of the customer, such as device:c0ffee.")
]
AnyIdentifier = Annotated[
    str, typer.Argument(metavar="IDENTIFIER", help="Any identifier, such as phone:+4930123400.")
]
Reason = Annotated[
    str, typer.Option(help="The reason, kept in the ledger. Do not write personal data into it.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of the text.")]


@contextmanager
def reading(data: Path | None, rules: Path | None = None) -> "Iterator[tuple[Settings, Reader]]":
    """The settings and the store, whether a server runs or not; an error ends the command."""
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store

    settings = load_settings(data=data, rules=rules)
    with readable_store(settings) as reader:
        yield settings, reader


def find_customer(
    reader: "Reader", settings: "Settings", who: str, until: int | None = None, *, by_reference: bool = False
) -> "Customer":
    """The customer that WHO names, now or at a time (ms); ends the command if there is none.

    With `by_reference`, WHO may be the id of an order, a contact or the like in an event of the customer.
    """
    from touchline.analysis.reading.customer_history import customer_now, customer_then

    name = normal(who, settings)
    found = customer_now(reader, name)
    if found is None and by_reference:
        found = _by_reference(reader, who)
    if until is not None:
        found = customer_then(
            reader,
            name if found is None or ":" in name else found.identifiers[0],
            until,
            settings.limits,
        )
    if found is None:
        if until is not None and customer_now(reader, name) is not None:
            raise fail(f"no event of {who} was received by then: imported events count from their import on")
        raise fail(f"no customer {who}: name an identifier, such as account:u-17, or a customer's id")
    return found


def _by_reference(reader: "Reader", text: str) -> "Customer | None":
    """The customer with an event that has the text as an id; ends the command if there are several."""
    from touchline.analysis.reading.customer_history import customer_now
    from touchline.analysis.reading.references import find_references
    from touchline.cli.spans import query_function

    found = find_references(query_function(reader), text)
    if len(found) > 1:
        named = "\n".join(f"  {one.entity}: {one.field} in {one.type}" for one in found)
        raise fail(f"{text} is an id in events of several customers: name one of them\n{named}")
    for one in found:
        say(f"found by {one.field} in {one.type}", err=True)
        return customer_now(reader, one.customer)
    return None


def normal(who: str, settings: "Settings") -> str:
    """An identifier as the store has it; a customer's id as it is."""
    kind, colon, value = who.partition(":")
    return (settings.normaliser.identifier(kind, value) or who) if colon else who
