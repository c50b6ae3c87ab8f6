"""`touchline explain`, over a log of calls that is folded into a store."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner

from touchline.cli.main import app
from touchline.engine.batch import columns
from touchline.store import open_store
from touchline.tables import AlertRow
from touchline.vocabulary.durations import MINUTE, WEEK
from touchline.vocabulary.ids import derived_id

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
BEGAN = 1_780_000_000_000
HOSTILE = 'sub\x1b[2J<b>=1+1"\u202e'
ALERTS = """
rules:
- {id: many_gave_up, kind: threshold, title: Many hang up, frictions: gave_up, by: [channel], customers: 5,
   within: 1h}
- {id: many_events, kind: threshold, title: Many hang up, events: contact.abandoned, customers: 5, within: 1h}
- {id: struck, kind: strike_out, title: Journeys go wrong, strikes: 10, within: 1h}
- {id: silent, kind: absence, title: No calls, longer_than: 1h}
"""


def _calls(path: Path) -> None:
    """Calls to three queues; whoever waits in that of bills gives up often, others hardly ever."""
    random = Random(5)
    lines = []
    for number in range(900):
        at, queue = BEGAN + random.randrange(2 * WEEK), random.choice(["bills", "orders", "returns"])
        gives_up = random.random() < (0.4 if queue == "bills" else 0.04)
        language = random.choice(["en", "fr"])
        # What everybody in the queue of bills has as well: personal data, and a hostile text.
        bills = {
            "sent_to": "bills@shop.example",
            "callback": "+49 30 123456",
            "agent": "a7",
            "desk": "tablet-9",
            "screen": HOSTILE,
            # Those who wait an even minute: a duration is measured, so none is named.
            "wait_seconds": 60,
        }
        steps: list[tuple[str, int, dict[str, Any]]] = [
            ("contact.started", 0, {}),
            ("contact.queued", MINUTE, {"queue": queue} | (bills if queue == "bills" else {})),
            ("contact.abandoned" if gives_up else "contact.answered", 9 * MINUTE, {}),
        ]
        desk = {"device": "tablet-9"} if queue == "bills" else {}
        for kind, after, data in steps:
            event = {
                "id": f"{kind}-{number}",
                "type": kind,
                "time": _text(at + after),
                "channel": "phone",
                "source": "calls",
                "identifiers": {"phone": f"+4930{1_000_000 + number}"} | desk,
                "data": {"contact_id": f"k{number}", "agent_language": language} | data,
            }
            lines.append(orjson.dumps(event))
    path.write_bytes(b"\n".join(lines))


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _incident(rule: str, labels: tuple[str, ...] = ()) -> AlertRow:
    """An incident that lasted as long as the calls."""
    return AlertRow(
        id=derived_id(f"incident of {rule}"),
        fingerprint=derived_id(rule),
        rule=rule,
        kind="absence" if rule == "silent" else "threshold",
        title=rule,
        severity="warning",
        labels=labels,
        opened_at=BEGAN + MINUTE,
        detected_at=BEGAN,
        resolved_at=BEGAN + 3 * WEEK,
        status="resolved",
        count=9,
        customers=9,
        usual=None,
        evidence=(),
        summary="",
        version=1,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the calls, with incidents of the alert rules."""
    folder = tmp_path_factory.mktemp("calls")
    _calls(folder / "calls.jsonl")
    (folder / "rules.yaml").write_text(
        "rules:\n- {id: gave_up, kind: match, when: contact.abandoned}\n"
        "- {id: never, kind: match, when: order.failed}\n"
        "- {id: not_back, kind: expect, after: friction.gave_up, then: contact.started, within: 1d}\n"
    )
    (folder / "alerts.yaml").write_text(ALERTS)
    options = ("--data", str(folder), "--rules", str(folder / "rules.yaml"))
    imported = CliRunner().invoke(app, ["import", str(folder / "calls.jsonl"), *options])
    assert imported.exit_code == 0, imported.output
    rows = [_incident("many_gave_up", ("channel=phone",)), _incident("many_events")]
    rows += [_incident("struck"), _incident("silent")]
    with open_store(folder / "store") as store:
        store.insert("alerts", columns(rows), "incidents")
    return folder


@pytest.fixture
def explain(touchline: Run, folder: Path, tmp_path: Path) -> Run:
    """Runs `touchline explain` on the calls, with the rules in force."""
    (tmp_path / "touchline.toml").write_text(
        f'data = "{folder}"\nrules = "{folder}/rules.yaml"\nalerts = "{folder}/alerts.yaml"\n'
    )
    return lambda *arguments: touchline("explain", *arguments)


POINT = ("rules_over_time", _text(BEGAN), "--interval", "100d", "--series", "gave_up")
"""All calls as one point."""


@pytest.mark.parametrize(
    "what",
    [
        ("gave_up", "--since", "60d"),
        ("many_gave_up",),
        (derived_id("incident of many_events"),),
        ("struck",),
        POINT,
    ],
    ids=["rule", "alert rule", "incident", "strikes", "point"],
)
def test_a_planted_queue_is_named(explain: Run, what: tuple[str, ...]) -> None:
    """The queue in which callers give up is the one finding; what is personal or by chance is none.

    Everybody in that queue also has a sender, a number to call back, an agent and a device: none is read.
    """
    result = explain(*what, "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    (found,) = content["findings"]
    assert (found["field"], found["value"]) == ("data.queue", "bills")
    assert [one["field"] for one in found["also"]] == ["data.screen"]
    assert found["low"] < 10 < found["high"]
    assert content["affected"] > 80
    assert content["others"] > 400


def test_a_finding_is_a_sentence_that_a_terminal_can_show(explain: Run) -> None:
    """Each finding says how much more frequent, with what, and how many; hostile texts become plain."""
    shown = explain("gave_up", "--since", "60d").stdout
    size = r"^\d+\.\d times as frequent \(\d+\.\d–\d+\.\d\)"
    assert re.search(rf"{size} with queue bills: \d+ of \d+ customers", shown, re.MULTILINE)
    assert 'the same have screen sub[2J<b>=1+1"' in shown
    assert "customers in excess" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "@" not in shown


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (("gave_upp",), "there is no rule, alert or panel 'gave_upp' (did you mean 'gave_up'?)"),
        (("never",), "no friction of never in this time; rules with friction: gave_up"),
        (("silent",), "silent fires when events stay away"),
        (("rules_over_time",), "rules_over_time is a panel: name a time within the point too"),
        (("rule_over_time", "2026-05-28"), "no points of 'rule_over_time' can be explained (did you mean"),
        (("funnel", "2026-05-28"), "no points of 'funnel' can be explained: write friction_rate,"),
        (("rules_over_time", "noon"), "POINT noon: write"),
        (("rules_over_time", "2026-05-28", "--interval", "0s"), "--interval 0s: "),
    ],
)
def test_what_cannot_be_explained_is_refused(explain: Run, what: tuple[str, ...], said: str) -> None:
    """The message says what is wrong, and what to write instead."""
    result = explain(*what)
    assert result.exit_code in (1, 2)
    assert said in result.output


def test_a_rule_on_frictions_compares_those_who_met_them(explain: Run) -> None:
    """Nobody who gave up calls back, so there is nobody to compare with: the queue is no finding."""
    content = json.loads(explain("not_back", "--since", "60d", "--json").stdout)
    assert content["findings"] == []
    assert re.match(r"\d+ affected, 0 of them with others to compare", content["missing"])


def test_a_point_with_few_customers_names_nothing(explain: Run) -> None:
    """An hour with hardly a call is too little to say."""
    result = explain("friction_rate", _text(BEGAN))
    assert "Too few to say: " in result.stdout
    assert "10 are needed" in result.stdout


def test_what_is_the_friction_itself_explains_nothing(touchline: Run, tmp_path: Path) -> None:
    """Callers who give up again have the note of last time and the rule's reason: neither is a finding."""
    lines = []
    for number in range(300):
        again = number < 60
        for week in (0, 1):
            at = BEGAN + week * WEEK + number * MINUTE
            for kind, after in (("contact.queued", 0), ("contact.abandoned", MINUTE)):
                if kind == "contact.abandoned" and not again:
                    continue
                data = {"contact_id": f"k{number}-{week}", "reason": "bills" if again else "orders"}
                event = {
                    "id": f"{kind}-{number}-{week}",
                    "type": kind,
                    "time": _text(at + after),
                    "channel": "phone",
                    "source": "calls",
                    "identifiers": {"phone": f"+4930{1_000_000 + number}"},
                    "data": data | ({"note": "hung up"} if kind == "contact.abandoned" else {}),
                }
                lines.append(orjson.dumps(event))
    (tmp_path / "calls.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "rules.yaml").write_text(
        "rules:\n- id: gave_up\n  kind: match\n"
        "  when: {types: contact.abandoned, where: {data.reason: bills}}\n"
    )
    data_folder = ("--data", tmp_path / "data", "--rules", tmp_path / "rules.yaml")
    imported = touchline("import", tmp_path / "calls.jsonl", *data_folder)
    assert imported.exit_code == 0, imported.output
    (tmp_path / "touchline.toml").write_text('rules = "rules.yaml"\n')
    result = touchline("explain", "gave_up", "--data", tmp_path / "data", "--since", "60d", "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert content["affected"] > 60
    assert content["findings"] == []
