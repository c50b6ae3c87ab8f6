"""The stored impact of frictions that a worker found, as customers merge and frictions are retracted."""

import json
from collections.abc import Callable, Sequence
from math import isclose
from pathlib import Path
from shutil import copytree
from statistics import mean
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.analysis.impact.shop import BEGAN, CUSTOMERS, fill
from touchline.analysis.reading.stored_impact import TOGETHER, read_impacts
from touchline.config.settings import Settings
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.rules.rules_file import parse_rules
from touchline.runtime.alerting.queries import query_of
from touchline.services.jobs.impact import impact
from touchline.store import Store, open_store
from touchline.tables import RuleImpactRow
from touchline.vocabulary.durations import DAY, HOUR, MINUTE, WEEK
from touchline.vocabulary.event import Event

if TYPE_CHECKING:
    from typer.testing import Result

RULES = RuleSet(
    parse_rules(
        "rules: [{id: form_left, kind: expect, after: form.started, then: form.submitted, within: 1h,"
        " title: Form left, owner: web team}, {id: unbought, kind: expect, after: form.started,"
        " then: order.placed, within: 1d}]"
    )
)
MONDAY = 1_789_344_000_000


def _run(store: Store, now: int, **settings: object) -> dict[str, RuleImpactRow]:
    job = impact(Settings(**settings), lambda: RULES)  # type: ignore[arg-type]
    job.run(query_of(store), store.insert, now)
    return {row.rule: row for row in read_impacts(query_of(store))}


def _event(kind: str, at: int, *identifiers: str) -> Event:
    return Event(
        id=f"{kind}-{at}-{identifiers[0]}",
        type=kind,
        time=at,
        channel="web",
        source="shop",
        identifiers=identifiers,
        received_at=at,
        producer="shop",
    )


@pytest.fixture
def work(store: Store) -> Callable[[Sequence[Event]], None]:
    """Lets a worker store events."""
    log = MemoryLog()
    worker = Worker(log, store, RULES)

    def flush(events: Sequence[Event]) -> None:
        log.append("touchpoints", [msgspec.json.encode(event) for event in events], MONDAY + 20 * DAY)
        while records := worker.read():
            worker.flush(records, MONDAY + 20 * DAY)

    return flush


def test_a_retraction_and_a_merge_change_the_stored_figure(
    store: Store, work: Callable[[Sequence[Event]], None]
) -> None:
    """The next run leaves out a friction that a late event took back, and counts merged customers once."""
    began = MONDAY + HOUR
    visitors = [f"device:d{number}" for number in range(40)]
    work([_event("form.started", began + number, who) for number, who in enumerate(visitors)])
    work([_event("page.viewed", MONDAY + 15 * DAY, "device:last")])
    now = MONDAY + 15 * DAY + MINUTE
    rows = _run(store, now)
    assert set(rows) == {TOGETHER, "form_left", "unbought"}
    form = rows["form_left"]
    assert (form.exposed, form.title, form.owner, form.verdict) == (40, "Form left", "web team", "unknown")
    assert "waits for the outcome" in rows["unbought"].missing
    assert rows[TOGETHER].exposed == 40

    work([_event("form.submitted", began + 30 * MINUTE, "device:d0")])
    assert _run(store, now + 1)["form_left"].exposed == 39

    work([_event("identity.linked", began + DAY, "account:a", "device:d1", "device:d2")])
    rows = _run(store, now + 2)
    assert (rows["form_left"].exposed, rows[TOGETHER].exposed) == (38, 38)
    assert rows["form_left"].computed_at == now + 2


def test_a_stored_row_has_the_figures_of_a_plain_count(store: Store) -> None:
    """Exposed, their conversions, and the loss by plain sums over the events agree with the row."""
    fill(store, lost=0.7)
    found = _run(store, BEGAN + 4 * WEEK, impact_period="60d", impact_within="3d", contact_cost=10.0)
    row = found["dead_clicks"]
    frictions = "SELECT toString(customer), toUnixTimestamp64Milli(opened_at) FROM current_frictions"
    met: dict[str, int] = dict(store.query(frictions).result_rows)
    events = store.query(
        "SELECT toString(customer), type, toUnixTimestamp64Milli(time) FROM events "
        "INNER JOIN current_identities USING (entity) WHERE NOT startsWith(entity, 'contact:') ORDER BY time"
    ).result_rows
    began: dict[str, int] = {}
    bought: dict[str, int] = {}
    called: dict[str, int] = {}
    for customer, kind, at in events:
        began.setdefault(customer, at)
        {"order.placed": bought, "contact.started": called}.get(kind, {}).setdefault(customer, at)
    assert len(began) == CUSTOMERS + 1
    end = BEGAN + 4 * WEEK + 1
    exposed = [who for who, at in met.items() if at - began[who] < DAY and at + 3 * DAY <= end]
    assert row.exposed == len(exposed)
    assert isclose(row.converted, mean(who in bought for who in exposed), abs_tol=0.001)
    others = [who for who in began if who not in met]
    difference = mean(who in bought for who in exposed) - mean(who in bought for who in others)
    assert row.difference is not None
    assert isclose(row.difference, difference, abs_tol=0.03)
    calls = mean(who in called for who in exposed) - mean(who in called for who in others)
    assert row.contacts is not None
    assert isclose(row.contacts, calls * len(exposed), rel_tol=0.05)
    assert row.loss is not None
    plain = -row.difference * row.exposed * 50 + row.contacts * 10
    assert isclose(row.loss, plain, rel_tol=0.001)
    assert row.at_risk is not None
    assert isclose(row.at_risk, row.exposed * (1 - row.converted) * 50, rel_tol=0.001)
    assert (row.currency, row.verdict, row.one_in) == ("EUR", "loss", 1)


def test_the_command_shows_the_stored_figures(
    new_store: Path, tmp_path: Path, touchline: Callable[..., "Result"]
) -> None:
    """`--stored` computes nothing: it prints the last run, and says when that was."""
    copytree(new_store, tmp_path / "data" / "store", symlinks=True)
    with open_store(tmp_path / "data" / "store") as store:
        fill(store, lost=0.7)
        row = _run(store, BEGAN + 4 * WEEK, impact_period="60d", impact_within="3d")["dead_clicks"]
    content = json.loads(touchline("impact", "--stored", "--json", "--data", tmp_path / "data").stdout)
    [shown] = content["impacts"]
    assert (shown["rule"], shown["exposed"], shown["loss"]["value"]) == ("dead_clicks", row.exposed, row.loss)
    assert content["computed_at"] == BEGAN + 4 * WEEK
    text = touchline("impact", "--stored", "--data", tmp_path / "data").stdout
    assert "all rules together" in text
    assert "computed 2026-06-25 20:26 UTC; conversions: order.placed within 3d" in text


def test_a_sample_of_the_customers_gives_figures_for_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a store with more steps than are read at a time, the rows are about those of all customers."""
    from touchline.analysis.reading import steps

    fill(store, lost=0.7)
    rows: list[RuleImpactRow] = []
    for most in (steps.MOST_STEPS, 1_000):
        monkeypatch.setattr(steps, "MOST_STEPS", most)
        found = _run(store, BEGAN + 4 * WEEK + len(rows), impact_period="60d", impact_within="3d")
        rows.append(found["dead_clicks"])
    whole, part = rows
    assert (whole.one_in, part.one_in > 1) == (1, True)
    assert isclose(part.exposed, whole.exposed, rel_tol=0.25)
    assert whole.loss is not None
    assert part.loss_low is not None
    assert part.loss_high is not None
    assert part.loss_low < whole.loss < part.loss_high


def test_an_empty_store_has_no_stored_impact(store: Store) -> None:
    """Without an event nothing is written."""
    assert _run(store, BEGAN) == {}
