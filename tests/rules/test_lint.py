"""Warnings on rules files without faults."""

import pytest

from touchline.config.rule_packs import load_pack
from touchline.documents import Document
from touchline.rules.lint import warnings
from touchline.rules.rules_file import read_rules


def _warnings(text: str, packs: dict[str, str] | None = None) -> list[str]:
    document = Document(text, "mine.yaml")
    file = read_rules(document, packs or {})
    assert file.faults == ()
    entries = {entry.id: entry for entry in file.entries}
    return [str(warning) for warning in warnings(file.rules, entries, document)]


def test_the_default_pack_has_no_warnings() -> None:
    """The shipped rules pass the linter."""
    pack = load_pack()
    assert warnings(pack.rules, pack.entries, pack.document) == []


@pytest.mark.parametrize(
    ("rule", "at", "message"),
    [
        (
            "kind: match, when: order.plced",
            "order.plced",
            "'order.plced' is not a type of the vocabulary (did you mean 'order.",
        ),
        (
            "kind: match, when: audit.step_failed",
            "audit.step_failed",
            "is internal: friction rules never take it",
        ),
        ("kind: match, when: case.*", "case.*", "'case.*' is internal"),
        ("kind: match, when: odrer.*", "odrer.*", "'odrer.*' is not a type of the vocabulary"),
        (
            "kind: match, when: my.own",
            "my.own",
            "'my.own' is not a type of the vocabulary; if it is your own, declare it in the tracking plan",
        ),
        (
            "kind: match, when: {types: contact.answered, where: {data.wait_second: {gt: 3}}}",
            "{gt: 3}",
            "data.wait_second is not a field of contact.answered (did you mean 'wait_seconds'?)",
        ),
        (
            "kind: match, when: {types: feedback.given, where: {data.metric: npss}}",
            "npss",
            "data.metric of feedback.given is never 'npss' (did you mean 'nps'?)",
        ),
        (
            "kind: match, when: {types: feedback.given, where: {data.score: {le: '2'}}}",
            "{le:",
            "data.score of feedback.given is a number, and '2' is not",
        ),
        (
            "kind: match, when: {types: feedback.given, where: {data.score: {matches: 'x'}}}",
            "{matches",
            "data.score of feedback.given is not a text",
        ),
        (
            "kind: match, when: {types: contact.*, where: {channel: fone}}",
            "fone",
            "there is no channel 'fone' (did you mean 'phone'?)",
        ),
        (
            "kind: match, when: {where: {context.n: {gt: 5, lt: 3}}}",
            "{gt: 5",
            "no value passes all",
        ),
        (
            "kind: match, when: {where: {context.n: {in: []}}}",
            "{in: []",
            "no value passes all",
        ),
        (
            "kind: match, when: {where: {context.n: {exists: false, gt: 3}}}",
            "{exists",
            "no value passes all",
        ),
        (
            "kind: expect, after: cart.updated, then: order.placed, within: 1h, key: [data.items, data.step]",
            "data.step]",
            "data.step is not a field of cart.updated; keep it only if you send it; the",
        ),
        (
            "kind: expect, after: promise.made, then: promise.kept, by: data.due",
            "data.due",
            "data.due is not a field of promise.made (did you mean 'due_at'?); keep it only",
        ),
        (
            "kind: expect, after: promise.made, then: promise.kept, by: data.kind",
            "data.kind",
            "data.kind of promise.made is not a time",
        ),
        (
            "kind: expect, after: cart.updated, then: [order.placed, order.failed], unless: order.failed, "
            "within: 1h",
            "order.failed, within",
            "'then' already takes all of these events",
        ),
        (
            "kind: repeat, of: help.viewed, count: 2, within: 1d, distinct: data.reason, key: [data.reason]",
            "data.reason, key",
            "data.reason is in the key, so it has one value: the rule never fires",
        ),
        (
            "kind: repeat, of: {where: {channel: phone}}, count: 2, within: 1d, distinct: channel",
            "channel}]",
            "'where' allows one value of channel: the rule never fires",
        ),
        (
            "kind: repeat, of: {where: {channel: {in: [app, web]}}}, count: 3, within: 1d, distinct: channel",
            "channel}]",
            "'where' allows fewer than 3 values of channel: the rule never fires",
        ),
        (
            "kind: repeat, of: contact.started, count: 2, within: 1d, distinct: data.menu",
            "data.menu",
            "data.menu is not a field of contact.started; keep it only if you send it; events",
        ),
        (
            "kind: match, when: {types: refund.issued, where: {data.value: {lt: {field: data.reson}}}}",
            "{lt: {",
            "data.reson is not a field of refund.issued (did you mean 'reason'?)",
        ),
        (
            "kind: match, when: {types: contact.answered, where: {data.wait_seconds: {field: data.queue}}}",
            "{field: ",
            "data.wait_seconds of contact.answered is a number, and data.queue is a string",
        ),
        (
            "kind: match, when: {where: {data.n: {gt: {field: data.n}}}}",
            "{gt: {",
            "'gt' compares data.n with itself",
        ),
    ],
)
def test_a_warning_has_the_place_of_its_cause(rule: str, at: str, message: str) -> None:
    """Unknown types and fields, and conditions that are never true, are reported with line and column."""
    text = f"rules: [{{id: a, {rule}}}]"
    found = next(warning for warning in _warnings(text) if message in warning)
    column = int(found.split(":")[2])
    assert text[column - 1 :].startswith(at)


@pytest.mark.parametrize(
    "rule",
    [
        "kind: match, when: {types: contact.*, where: {data.menu: {exists: true}}}",
        "kind: match, when: {types: [order.placed, checkout.step_completed], where: {data.step: {ne: x}}}",
        "kind: match, when: {types: feedback.given, where: {data.metric: {in: [nps]}, data.score: {le: 2}}}",
        "kind: match, when: {where: {data.mine: 3}}",
        "kind: match, when: {where: {data.mine: {gt: {field: data.other}, lt: {field: data.third}}}}",
        "kind: match, when: {types: contact.*, where: {data.wait_seconds: {gt: {field: data.told_seconds}}}}",
        "kind: repeat, of: {where: {data.n: {in: {field: data.m}}}}, count: 3, within: 1d, distinct: data.n",
        "kind: repeat, of: {where: {data.n: {field: data.m}}}, count: 3, within: 1d, distinct: data.n",
        "kind: match, when: {types: '*', where: {channel: {not_in: [phone]}}}",
        "kind: match, when: {where: {context.n: {ge: 3, le: 3}}}",
        "kind: expect, after: promise.made, then: promise.kept, by: data.due_at, key: [data.promise_id]",
        "kind: expect, after: page.viewed, then: page.viewed, within: 1h",
        "kind: repeat, of: {where: {channel: {in: [phone, chat]}}}, count: 2, within: 1d, distinct: channel",
        "kind: match, when: custom.quiz_finished",
    ],
)
def test_rules_that_can_fire_have_no_warnings(rule: str) -> None:
    """Fields of some types of a family, fields of unknown types, and bounds that meet are accepted."""
    assert _warnings(f"rules: [{{id: a, {rule}}}]") == []


def test_only_rules_of_the_file_are_linted() -> None:
    """A rule of the pack is linted only if the file changes it."""
    packs = {"default": "rules: [{id: a, kind: match, when: my.own}]"}
    assert _warnings("extends: default", packs) == []
    assert len(_warnings("extends: default\nchange: {a: {when: your.own}}", packs)) == 1
