"""Alerts files: what can be written, and what is said of what cannot."""

from pathlib import Path

import pytest

from touchline.alerts import AlertsError, AlertsFile, Unusual, parse_alerts
from touchline.alerts.addresses import routed
from touchline.config.alerts_files import load_alerts

PACK = {
    "default": "rules: [{id: a, kind: absence, title: A}, {id: b, kind: strike_out, title: B, strikes: 40}]"
}


def parsed(text: str) -> AlertsFile:
    return parse_alerts(text, "alerts.yaml", PACK)


def test_the_default_pack_can_be_used() -> None:
    """The pack that ships has rules, each with a reason and an owner, and no channel."""
    file = load_alerts()
    assert {rule.kind for rule in file.rules} == {"threshold", "unusual", "absence", "strike_out"}
    assert all(rule.why and rule.owner for rule in file.rules)
    assert not file.channels


def test_a_file_extends_changes_and_disables_rules_of_the_pack() -> None:
    """Rules of one's own follow those of the pack; a changed field replaces, a disabled rule is gone."""
    file = parsed(
        "extends: default\n"
        "change: {b: {strikes: 60, severity: critical}}\n"
        "disable: [a]\n"
        "rules: [{id: c, kind: threshold, title: C, events: payment.failed, customers: 3, within: 5m}]\n"
    )
    assert [(rule.id, rule.severity) for rule in file.rules] == [("b", "critical"), ("c", "warning")]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("kind: treshold", "1:9: rule 'x': unknown kind 'treshold' (did you mean 'threshold'?)"),
        ("why: no", "'kind' is missing; write one of threshold, unusual, measure, absence"),
        ("kind: absence, longer_then: 1h", "longer_then: unknown key (did you mean 'longer_than'?)"),
        ("kind: absence, longer_than: 1x", "'1x' is not a duration: write one such as 45s, 30m, 4h or 7d"),
        ("kind: absence, by: queue", "unknown label 'queue': write one of type, channel"),
        ("kind: absence, cooldown: 1m", "an absence resolves with the next event"),
        ("kind: absence, repeat: 1s", "'1s' is shorter than 10s"),
        ("kind: unusual", "write either 'frictions' or 'events' or 'refused'"),
        ("kind: threshold, customers: 1, within: 5m", "write either 'frictions' or 'events'"),
        ("kind: unusual, refused: '*', by: source", "unknown label 'source': write one of producer, reason"),
        ("kind: strike_out, strikes: 1, where: {data.x: y}", "unknown field 'data.x'"),
        ("kind: unusual, frictions: a, weeks: 1", "rule 'x'.weeks"),
        ("kind: unusual, frictions: a, times: 0.5", "rule 'x'.times"),
        ("kind: unusual, frictions: a, false_alarms: 3 per year", "'3 per year' is not a rate: write one"),
        ("kind: threshold, events: A B, customers: 1, within: 5m", "rule 'x'.events"),
    ],
)
def test_a_fault_of_a_rule_is_named_with_its_place(written: str, said: str) -> None:
    """An error in a rule names the file, line and column, and what to write instead."""
    with pytest.raises(AlertsError) as caught:
        parsed(f"rules: [{{id: x, title: X, {written}}}]")
    assert said in str(caught.value)
    assert str(caught.value).startswith("alerts.yaml:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends: default\ndisable: [aa]", "there is no rule 'aa' (did you mean 'a'?)"),
        ("extends: defualt", "there is no pack 'defualt' (did you mean 'default'?)"),
        ("channels: {x: {kind: slack}}", "channel.x.url: is missing"),
        ("channels: {x: {kind: slac, url: s}}", "unknown kind 'slac' (did you mean 'slack'?)"),
        ("channels: {x: {kind: email, host: h, sender: a@b.example, to: [], user: u}}", "channel.x.to"),
        ("channels: {x: {kind: webhook, url: 'ftp://a'}}", "channel.x.url"),
        ("extends: default\nroutes: [{rules: c, channels: [x]}]", "route 1: there is no 'c' among the rules"),
        ("extends: default\nroutes: [{channels: [x]}]", "route 1: there is no 'x' among the channels"),
        ("labels: {severity: high}", "labels: severity is set by Touchline"),
        ("labels: {Site: berlin}", "labels: 'Site' is no name of a label"),
        ("labels: {site: [a]}", "labels: site: write a text of at most 100 characters"),
        ("routes: 7", "routes: write a list"),
        ("false_alarms: 1", "1 is not a rate: write one such as 1 per week or 0.5 per day"),
        ("false_alarms: 0 per week", "'0 per week' is not a rate"),
        ("channel: {}", "channel: unknown key (did you mean 'channels'?)"),
        ("- a", "write a list of rules under 'rules'"),
        ("rules: [", "not YAML"),
    ],
)  # fmt: skip
def test_a_fault_of_a_file_is_named_with_its_place(text: str, said: str) -> None:
    """So it is with all else in the file."""
    with pytest.raises(AlertsError) as caught:
        parsed(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("alerts.yaml:")


@pytest.mark.parametrize(
    "channel",
    [
        "{kind: pagerduty, routing_key: [hush-hush]}",
        "{kind: slack, url: {text: hush-hush, env: X}}",
        "{kind: webhook, url: hush-hush}",
        "{kind: email, host: h, sender: a@b.example, to: c@d.example, user: u, password: hush-hush}",
    ],
)
def test_a_fault_says_no_secret(channel: str) -> None:
    """Of a channel that cannot be used nothing is repeated that may be a secret."""
    with pytest.raises(AlertsError) as caught:
        parsed(f"channels: {{x: {channel}}}")
    assert "hush-hush" not in str(caught.value)


def test_a_secret_is_not_shown() -> None:
    """A channel that is printed, as in a log, does not tell its secret."""
    file = parsed("channels: {x: {kind: pagerduty, routing_key: hush-hush}}")
    assert "hush-hush" not in repr(file) + str(file.channels["x"])


def test_the_budget_of_false_alarms_is_shared_among_the_rules_without_their_own() -> None:
    """Of 1 a week, or of what the file allows, each rule gets an equal share; 1 a day is 7 a week."""
    unusual = "kind: unusual, title: X, events: payment.failed"
    rules = (
        f"rules: [{{id: x, {unusual}}}, {{id: y, {unusual}}}, {{id: z, false_alarms: 1 per day, {unusual}}}]"
    )
    for budget, shares in (("", [0.5, 0.5, 7.0]), ("false_alarms: 3 per week\n", [1.5, 1.5, 7.0])):
        found = parsed(budget + rules).rules
        assert [rule.false_alarms for rule in found if isinstance(rule, Unusual)] == shares


def test_routes_choose_channels_by_severity_and_rule() -> None:
    """A route without a condition matches every incident; without routes every channel is notified."""
    file = parsed(
        "extends: default\n"
        "channels:\n"
        "  page: {kind: pagerduty, routing_key: k}\n"
        "  chat: {kind: slack, url: u}\n"
        "  desk: {kind: webhook, url: 'http://127.0.0.1/'}\n"
        "routes:\n"
        "  - {severity: critical, channels: page}\n"
        "  - {rules: [b], severity: [warning, info], channels: desk}\n"
        "  - {channels: chat}\n"
    )
    assert routed("a", "critical", file.routes, file.channels) == {"page", "chat"}
    assert routed("b", "info", file.routes, file.channels) == {"desk", "chat"}
    assert routed("a", "info", file.routes, file.channels) == {"chat"}
    assert routed("a", "info", None, file.channels) == {"page", "chat", "desk"}
    assert routed("a", "info", (), file.channels) == set()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(AlertsError, match=r"none\.yaml: cannot be read"):
        load_alerts(tmp_path / "none.yaml")
