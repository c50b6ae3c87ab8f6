"""`touchline explain`, over a log of calls that is folded into a store."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from touchline.vocabulary.durations import MINUTE, WEEK

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
BEGAN = 1_780_000_000_000


def _calls(path: Path) -> None:
    """Calls to three queues; whoever waits in that of bills gives up often, others hardly ever."""
    random = Random(5)
    lines = []
    for number in range(900):
        at, queue = BEGAN + random.randrange(2 * WEEK), random.choice(["bills", "orders", "returns"])
        gives_up = random.random() < (0.4 if queue == "bills" else 0.04)
        language = random.choice(["en", "fr"])
        steps: list[tuple[str, int, dict[str, Any]]] = [
            ("contact.started", 0, {}),
            ("contact.queued", MINUTE, {"queue": queue}),
            ("contact.abandoned" if gives_up else "contact.answered", 9 * MINUTE, {}),
        ]
        for kind, after, data in steps:
            event = {
                "id": f"{kind}-{number}",
                "type": kind,
                "time": _text(at + after),
                "channel": "phone",
                "source": "calls",
                "identifiers": {"phone": f"+4930{1_000_000 + number}"},
                "data": {"contact_id": f"k{number}", "agent_language": language} | data,
            }
            lines.append(orjson.dumps(event))
    path.write_bytes(b"\n".join(lines))


def _text(ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def test_a_planted_queue_is_named(touchline: Run, tmp_path: Path) -> None:
    """The queue in which callers give up is the one finding; languages by chance are none."""
    _calls(tmp_path / "calls.jsonl")
    (tmp_path / "rules.yaml").write_text("rules:\n- {id: gave_up, kind: match, when: contact.abandoned}\n")
    data = tmp_path / "data"
    imported = touchline(
        "import", tmp_path / "calls.jsonl", "--data", data, "--rules", tmp_path / "rules.yaml"
    )
    assert imported.exit_code == 0, imported.output
    asked = ("explain", "gave_up", "--data", data, "--since", "60d")
    result = touchline(*asked, "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    (found,) = content["findings"]
    assert (found["field"], found["value"]) == ("data.queue", "bills")
    assert found["low"] < 10 < found["high"]
    assert content["affected"] > 80
    shown = touchline(*asked).stdout
    assert "data.queue = bills: " in shown
    assert "customers in excess" in shown


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


def test_a_rule_without_friction_is_refused(touchline: Run, tmp_path: Path) -> None:
    """A rule that found nothing ends the command with the rules that did."""
    from touchline.store import open_store

    with open_store(tmp_path / "data" / "store"):
        pass
    result = touchline("explain", "gave_up", "--data", tmp_path / "data")
    assert result.exit_code == 1
    assert "no friction of gave_up in this time: it has none" in result.output
