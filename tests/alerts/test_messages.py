"""What a message says, and templates of it."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from touchline.alerts import AlertsError, parse_alerts
from touchline.alerts.messages.message import Link, Message, Notice, Origin, message
from touchline.alerts.messages.templates import FIELDS, LONGEST_BODY, Templates
from touchline.config.alerts_files import load_alerts
from touchline.tables import AlertRow

T = 1_795_000_000_000
LIVE = "https://touchline.shop.example"
RULE = next(rule for rule in load_alerts().rules if rule.id == "payment_outage").model_copy(
    update={"runbook": "https://wiki.shop.example/payments"}
)


@pytest.fixture
def full(row: AlertRow) -> AlertRow:
    """An incident of which everything is known."""
    changed = ("Deployed 2026-11-18 10:50 UTC: Release 41 (Web · webshop)",)
    cost = "Associated loss: about 1,056 EUR (700 to 1,400) for 12 customers"
    return replace(row, causes=("2.1 times as frequent with method card-x",), changes=changed, cost=cost)


def _said(row: AlertRow, notice: Notice | None = None, **origin: Any) -> Message:
    return message(row, "firing", Origin(LIVE, **origin), T, RULE, notice or Notice())


def test_a_message_says_everything_in_order(full: AlertRow) -> None:
    """What, cost, cause, changes, why, owner, runbook, journeys, actions and the page, each on a line."""
    notice = Notice(("Acknowledged by Kim at 11:20 UTC",), "Kim", (Link("Acknowledge", f"{LIVE}/act/x"),))
    lines = _said(full, notice).text.splitlines()
    assert lines == [
        "Acknowledged by Kim at 11:20 UTC",
        full.summary,
        full.cost,
        *full.causes,
        *full.changes,
        f"Why it matters: {RULE.why}",
        "Owner: payments",
        "Runbook: https://wiki.shop.example/payments",
        *(f"Journey {number}: {LIVE}/customer/{journey}" for number, journey in enumerate(full.evidence, 1)),
        f"Acknowledge: {LIVE}/act/x",
        f"Live page: {LIVE}/",
    ]


def test_what_is_not_known_is_left_out(row: AlertRow) -> None:
    """An incident without rule, cost, causes and changes is its sentence; without an address, no action."""
    bare = message(row, "firing", Origin(), T, None, Notice(actions=(Link("Acknowledge", "/act/x"),)))
    assert bare.body == row.summary
    assert bare.actions == ()
    assert bare.links == ()


def test_a_template_changes_the_words(full: AlertRow) -> None:
    """Own words stand around fields; a value that looks like a field or a brace stays as it is."""
    own = Templates(
        subject="{title}: {customers}", text="{{{rule}}} {where}\nBefore: {changes}\nEnd: {ended}"
    )
    found = _said(replace(full, title="Pay {owner} {0.__class__}"), templates=own)
    assert found.subject == "Pay {owner} {0.__class__}: 12"
    assert found.body.splitlines() == ["{payment_outage} (source webshop)", f"Before: {full.changes[0]}"]


def test_a_long_text_is_cut_with_a_mark(full: AlertRow) -> None:
    """A template cannot make a text longer than the limit."""
    body = _said(full, templates=Templates(text="{summary}\n" * 300)).body
    assert len(body) == LONGEST_BODY
    assert body.endswith("…")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("text: '{sumary}'", "messages.text: unknown field 'sumary': write one of state"),
        ("text: '{title.__class__}'", "'{title.__class__}' has more than a name"),
        ("text: '{title!r}'", "has more than a name"),
        ("subject: '{title:>9999999}'", "has more than a name"),
        ("subject: '{}'", "has more than a name"),
        ("text: '{title'", "messages.text: expected '}' before end of string"),
        ("subjekt: x", "messages.subjekt"),
    ],
)
def test_a_template_has_named_fields_alone(text: str, said: str) -> None:
    """A template that could run or that names no field is a fault of the file, with its place."""
    with pytest.raises(AlertsError) as caught:
        parse_alerts(f"rules: []\nmessages: {{{text}}}")
    assert said in str(caught.value)


def test_every_field_of_a_template_has_a_value(full: AlertRow) -> None:
    """A template may name each documented field."""
    for name in FIELDS:
        assert isinstance(_said(full, templates=Templates(text=f"x {{{name}}}")).body, str)


def test_the_docs_have_each_field_of_a_template() -> None:
    """docs/alerts/messages.md lists the fields of templates and what they are."""
    page = Path(__file__).parents[2].joinpath("docs/alerts/messages.md").read_text(encoding="utf-8")
    for name, meaning in FIELDS.items():
        assert f"| `{name}` | {meaning} |" in page
