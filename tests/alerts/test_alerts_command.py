"""`touchline alerts`: incidents, test messages and simulations of rules, for people and for scripts."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shutil import copytree
from typing import Any

import orjson
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from touchline.cli.main import app
from touchline.config.alerts_files import load_alerts
from touchline.identity import customer_id
from touchline.runtime.alerting.evaluation import Evaluation
from touchline.runtime.alerting.outbox import Outbox
from touchline.runtime.alerting.queries import query_of
from touchline.store import Store, open_store
from touchline.tables import OutboxRow
from touchline.vocabulary.event import Event

T = 1_795_000_000_000
MINUTE = 60_000


def command(*arguments: str) -> Result:
    """The command line."""
    return CliRunner().invoke(app, ["alerts", *arguments], env={"COLUMNS": "300"})


@pytest.fixture(scope="module")
def firing(
    tmp_path_factory: pytest.TempPathFactory,
    with_store: Callable[[Path], Path],
    fold: Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]],
    outage: list[Event],
) -> Path:
    """The data folder that each test gets a copy of."""
    folder = with_store(tmp_path_factory.mktemp("firing"))
    with open_store(folder / "store") as store:
        for _ in fold(store, [outage], T + 4 * MINUTE):
            pass
        ask = query_of(store)
        rules = [rule for rule in load_alerts().rules if rule.id == "payment_outage"]
        (alert,) = Evaluation(ask, store.insert, rules).evaluate(T + 4 * MINUTE, T + 4 * MINUTE).alerts
        notified = OutboxRow(
            channel="chat", fingerprint=alert.fingerprint, alert=alert.id, told="firing", told_at=T, version=1
        )
        outbox = Outbox(ask, store.insert)
        outbox.record(notified)
        outbox.record(replace(notified, channel="mail", told="nothing", attempts=3, error="h answered 500"))
    return folder


@pytest.fixture
def data(firing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A data folder with a firing outage: one channel is notified, another fails."""
    monkeypatch.chdir(tmp_path)
    copytree(firing, tmp_path, symlinks=True, dirs_exist_ok=True)
    return str(tmp_path)


def test_firing_incidents_are_listed_with_notified_channels(data: str) -> None:
    """The list shows what, where, since when, and which channel failed and why."""
    shown = command("list", "--data", data)
    assert shown.exit_code == 0, shown.output
    text = " ".join(shown.stdout.split())
    assert "firing critical" in text
    assert "Payments fail (source webshop): 1,000 times since" in text
    assert "notified: chat (firing), mail (failing: h answered 500)" in text
    assert "1 incident, 1 of them firing" in text
    assert "not reached: mail" in text


def test_the_list_is_available_as_json(data: str) -> None:
    """A script reads incidents and the outbox, times in milliseconds."""
    body = orjson.loads(command("list", "--data", data, "--json").stdout)
    (alert,) = body["alerts"]
    assert (alert["rule"], alert["status"], alert["customers"]) == ("payment_outage", "firing", 500)
    assert alert["opened_at"] == T + 9 * 360
    assert {row["channel"]: row["attempts"] for row in body["outbox"]} == {"chat": 0, "mail": 3}


def _naming(store: Store, text: str) -> set[str]:
    """The tables of which a row, replaced ones too, holds the text anywhere."""
    tables = store.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    ).result_rows
    return {
        name
        for (name,) in tables
        if store.query(
            f"SELECT count() FROM {name} WHERE position(toString(tuple(*)), {{text:String}}) > 0",
            {"text": text},
        ).result_rows
        != [[0]]
    }


def test_alerts_name_no_customer_and_so_none_that_is_forgotten(data: str) -> None:
    """Incidents and the outbox never hold a customer's id; once it is forgotten no table does."""
    who = "account:c0"
    with open_store(Path(data) / "store") as store:
        (evidence,) = store.query("SELECT evidence FROM current_alerts").result_rows[0]
        journeys = store.query(
            "SELECT toString(id) FROM journeys WHERE customer = {customer:UUID}",
            {"customer": str(customer_id(who))},
        ).result_rows
        assert journeys[0][0] in evidence
        assert _naming(store, str(customer_id(who))) == {"identities", "frictions", "journeys"}
        assert _naming(store, who) == {"identities", "events"}
    forgotten = CliRunner().invoke(app, ["customer", "forget", who, "--yes", "--data", data])
    assert forgotten.exit_code == 0, forgotten.output
    with open_store(Path(data) / "store") as store:
        assert _naming(store, str(customer_id(who))) == _naming(store, who) == set()


def test_a_simulation_counts_the_incidents_of_each_rule(data: str, tmp_path: Path) -> None:
    """Each rule is shown with the number of incidents it would open; nothing is written."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "  - {id: few, kind: threshold, title: Few, events: payment.failed, customers: 5, within: 1m}\n"
        "  - {id: many, kind: threshold, title: Many, events: payment.failed, customers: 900, within: 1m}\n"
    )
    body = orjson.loads(command("simulate", str(rules), "--data", data, "--since", "7d", "--json").stdout)
    assert {rule["rule"]: len(rule["incidents"]) for rule in body["rules"]} == {"few": 1, "many": 0}
    shown = command("simulate", str(rules), "--data", data)
    assert shown.exit_code == 0, shown.output
    assert "few" in shown.stdout
    assert len(orjson.loads(command("list", "--data", data, "--json").stdout)["alerts"]) == 1


def test_a_simulation_suggests_values_for_a_wished_number(data: str, tmp_path: Path) -> None:
    """The most sensitive value that opens at most so many incidents a week, and what chance opens."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "  - {id: few, kind: threshold, title: Few, events: payment.failed, customers: 5, within: 1m}\n"
        "  - {id: fall, kind: unusual, title: Fall, direction: fewer, events: page.viewed}\n"
        "  - {id: gone, kind: absence, title: Gone, longer_than: 1h, forget: 12h}\n"
    )
    simulate = ("simulate", str(rules), "--data", data, "--since", "7d", "--suggest")
    few, fall, gone = orjson.loads(command(*simulate, "0", "--json").stdout)["rules"]
    assert [rule["by_chance"] is None for rule in (few, fall, gone)] == [True, False, True]
    assert fall["budget"] == 1.0
    # The outage affects 166 customers within a minute; the shop has one view a day.
    assert few["suggested"] == {"field": "customers", "value": 200, "a_week": 0.0}
    assert fall["suggested"] == {"field": "times", "value": 1.2, "a_week": 0.0}
    assert gone["suggested"] is None
    shown = " ".join(command(*simulate, "1").stdout.split())
    assert "For at most 1 a week: few: customers: 1 (1.0 a week)" in shown
    assert "gone: no value has so few" in shown


def test_a_channel_is_tried(tmp_path: Path, receiver: Any) -> None:
    """It is sent a beginning and an end; exit code 1 with the reason if it refuses, 2 where there is none."""
    file = tmp_path / "alerts.yaml"
    file.write_text(f"channels: {{hook: {{kind: webhook, url: '{receiver.url}'}}}}")
    tried = command("test", "hook", "--alerts", str(file))
    assert tried.exit_code == 0, tried.output
    assert [body["status"] for body in receiver.bodies] == ["firing", "resolved"]
    assert len({body["fingerprint"] for body in receiver.bodies}) == 1

    receiver.answers.append((403, {}, b"who are you?"))
    refused = command("test", "hook", "--alerts", str(file))
    assert refused.exit_code == 1
    assert "hook: 127.0.0.1 answered 403: who are you?" in refused.stderr

    unknown = command("test", "pager", "--alerts", str(file))
    assert unknown.exit_code == 2
    assert "there are hook" in unknown.stderr


def test_a_bad_file_is_said(tmp_path: Path) -> None:
    """The message names file, line and column."""
    file = tmp_path / "alerts.yaml"
    file.write_text("rules: [{id: x, kind: treshold, title: X}]")
    refused = command("test", "hook", "--alerts", str(file))
    assert refused.exit_code == 1
    assert "alerts.yaml:1:9: rule 'x': unknown kind 'treshold' (did you mean 'threshold'?)" in refused.stderr


def test_following_needs_a_shared_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside no workers there is nothing to follow: `touchline up` evaluates its own."""
    monkeypatch.chdir(tmp_path)
    refused = command("run")
    assert refused.exit_code == 2
    assert "there is no shared store" in refused.stderr


REFUSED = [
    (("ack", "no_such_rule"), 1, "there is no incident 'no_such_rule'"),
    (("verdict", "payment_outage", "maybe"), 1, "'maybe' is no verdict: write real, noise or known"),
    (("snooze", "payment_outage"), 1, "a snooze needs an end"),
    (("snooze", "payment_outage", "--for", "2 hours"), 2, "'2 hours' is not a duration"),
    (("snooze", "payment_outage", "--for", "2h", "--until", "2030-01-01"), 2, "either --until or --for"),
    (("mute", "payments"), 2, "there is no rule 'payments'"),
    (("mute", "payment_outage", "--label", "webshop"), 1, "write name=value"),
]
"""Senseless acts, the exit code, and what the message says."""


def test_what_somebody_does_is_kept_and_listed(data: str) -> None:
    """Acts are written with their author, and listed; senseless ones are refused and not written."""
    for arguments, code, why in REFUSED:
        refused = command(*arguments, "--data", data)
        assert (refused.exit_code, why in refused.stderr) == (code, True), refused.stderr
    assert orjson.loads(command("list", "--data", data, "--json").stdout)["acts"] == []
    listed = orjson.loads(command("list", "--data", data, "--json").stdout)["alerts"][0]
    by = ("--by", "kim", "--data", data)
    done = [
        command("ack", listed["id"][:8], "--expect", "release-481", "--comment", "on it\n\u202e", *by),
        command("snooze", "payment_outage", "--for", "2h", "--worse", "3", *by),
        command("verdict", "payment_outage", "noise", *by),
        command("mute", "producer_silent", "--label", "producer=tills", *by),
    ]
    assert [one.exit_code for one in done] == [0, 0, 0, 0], [one.output for one in done]
    assert done[0].stdout == "Payments fail (source webshop): acknowledged, by kim\n"
    text = command("list", "--data", data).stdout
    for line in (
        "Acknowledged by kim at ",
        ": on it",
        "or 3 times the customers by kim",
        "Verdict noise, by",
    ):
        assert line in text
    assert "The change release-481 should end it, says kim" in text
    assert "this rule so far: 0 real, 0 known, 1 noise: fewer than 5 verdicts" in text
    (rule,) = (
        rule
        for rule in orjson.loads(command("rules", "--data", data, "--json").stdout)["rules"]
        if rule["rule"] == "payment_outage"
    )
    assert (rule["incidents"], rule["noise"], rule["real"], rule["precision"]) == (1, 1, 0, None)
    assert "0 real, 0 known, 1 noise" in command("rules", "--data", data).stdout
    undone = [
        command("ack", "payment_outage", "--undo", *by),
        command("snooze", "payment_outage", "--end", *by),
    ]
    assert [one.exit_code for one in undone] == [0, 0]
    text = command("list", "--data", data).stdout
    assert "Acknowledged by" not in text
    assert "Snoozed" not in text
