"""Typed methods of the client: generated from the vocabulary or a plan, and checked by type checkers."""

import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from touchline.sdk import Memory, Touchline, event_methods
from touchline.tracking import parse_plan
from touchline.tracking.event_methods import plan_methods, vocabulary_methods
from touchline.vocabulary.registry import EVENT_TYPES
from touchline.vocabulary.validation import Validator

ROOT = Path(__file__).parents[2]
PLAN = r"""
types:
  quote.requested:
    description: |
      The customer
      said \ "quote"
    fields:
      quote_id: {type: id, required: true}
      due_at: time
      kind: {enum: [new, "ren\"ewal\n\\"]}
      lines: list
      extra: {type: object}
      seats: integer
      copy: boolean
  quote.sent: {description: Sent.}
tighten:
  checkout.started: {required: [value]}
  order.placed: {channels: [web]}
  cart.updated: {fields: {desk: {type: id, required: true}, note: string}}
  page.viewed: {fields: {tenant: string}}
"""
GOOD = """
from datetime import UTC, datetime

from touchline.sdk import Touchline

tl = Touchline("memory://", source="shop")
who = {"account": "u-17"}
tl.checkout_started(who, cart_id="c", value=80.0, currency="EUR", channel="app")
tl.order_cancelled(who, order_id="o", by="customer", data={"till": 7}, time=datetime.now(UTC))
tl.identity_linked(who)
with tl.bind(account="u-17"):
    tl.page_viewed(page="/")
"""
WRONG = {
    "a misspelt field": 'tl.checkout_started(who, cart_id="c", valu=80.0)',
    "a missing field": "tl.checkout_started(who, value=80.0)",
    "a wrong type": 'tl.checkout_started(who, cart_id="c", value="80")',
    "a wrong word": 'tl.order_cancelled(who, order_id="o", by="nobody")',
    "a wrong channel": 'tl.checkout_started(who, cart_id="c", channel="wep")',
    "a misspelt type": "tl.chekout_started(who)",
}


def _declared() -> list[Any]:
    types = parse_plan(PLAN)
    return [one for name, one in types.items() if EVENT_TYPES.get(name) is not one]


def _module(text: str) -> ModuleType:
    module = ModuleType("shop_events")
    exec(compile(text, "shop_events.py", "exec"), module.__dict__)
    return module


def test_the_sdk_has_the_methods_of_the_vocabulary() -> None:
    """The SDK's module is what the generator gives."""
    command = "touchline dev event-methods > producers/touchline/sdk/event_methods.py"
    text = Path(str(inspect.getsourcefile(event_methods))).read_text(encoding="utf-8")
    assert text == vocabulary_methods(EVENT_TYPES.values()), f"run: {command}"


def test_a_method_sends_the_event_of_its_name() -> None:
    """Each method sends an event of its type, with the fields and arguments that it was called with."""
    memory = Memory()
    with Touchline(memory, source="shop") as tl:
        for name in EVENT_TYPES:
            getattr(tl, name.replace(".", "_"))({"account": "1"}, cart_id="c", data={"own": 1}, channel="app")
        tl.flush()
    assert memory.types() == list(EVENT_TYPES)
    assert all(event["data"] == {"own": 1, "cart_id": "c"} for event in memory.events)
    assert {event["channel"] for event in memory.events} == {"app"}


def test_the_methods_of_a_plan_send_events_that_it_allows() -> None:
    """The client has the types of the plan and of the vocabulary, and sends the bound customer."""
    module = _module(plan_methods(_declared()))
    memory = Memory()
    with module.Touchline(memory, source="shop") as tl:
        tl.quote_requested({"account": "1"}, quote_id="q", seats=2)
        tl.quote_sent({"account": "1"})
        tl.checkout_started({"account": "1"}, cart_id="c", value=1)
        with tl.bind(account="1"):
            tl.page_viewed(page="/")
        tl.flush()
    validator = Validator(types=parse_plan(PLAN))
    for event in memory.events:
        validator.validated(orjson.dumps(event), 4_000_000_000_000, "p")
    assert memory.types() == ["quote.requested", "quote.sent", "checkout.started", "page.viewed"]


def test_methods_that_override_the_vocabularys_tell_type_checkers() -> None:
    """A stricter field or a new required one is an error for mypy and pyright, any new field for pyright."""
    lines = plan_methods(_declared()).splitlines()

    def methods(comment: str) -> list[str]:
        return sorted(line.split("(")[0].split()[-1] for line in lines if comment in line)

    assert methods("# type: ignore[override]") == ["cart_updated", "checkout_started"]
    pyright = methods("# pyright: ignore[reportIncompatibleMethodOverride]")
    assert pyright == ["cart_updated", "checkout_started", "page_viewed"]


def test_types_that_differ_in_underscores_have_arguments_of_their_own() -> None:
    """However alike their names are, two types have two classes of arguments and two methods."""
    names = ["a.b_c", "a.b__c", "a.bc", "a.b_1", "a.b1", "a.b__1", "a.b_"]
    plan = "".join(f"  {name}: {{description: D., fields: {{f: integer}}}}\n" for name in names)
    types = [parse_plan(f"types:\n{plan}")[name] for name in names]
    module = _module(plan_methods(types))
    arguments = [name for name in vars(module) if name.startswith("_A")]
    assert len(arguments) == len(names)


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_type_checkers_refuse_a_wrong_field(checker: str, tmp_path: Path) -> None:
    """A right call passes; a misspelt, missing or wrong field, channel or type is an error in its line."""
    snippet = tmp_path / "snippet.py"
    snippet.write_text(GOOD + "\n".join(WRONG.values()) + "\n")
    first = len(GOOD.splitlines()) + 1
    assert _lines_with_errors(checker, snippet) == list(range(first, first + len(WRONG)))


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_generated_code_of_a_plan_passes_type_checkers(checker: str, tmp_path: Path) -> None:
    """The module for a plan has no errors itself, and its methods are checked."""
    (tmp_path / "shop_events.py").write_text(plan_methods(_declared()))
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        "from shop_events import Touchline\n"
        'tl = Touchline("memory://", source="shop")\n'
        'tl.quote_requested({"account": "1"}, quote_id="q", kind="new", lines=[1], extra={"a": 1})\n'
        'tl.checkout_started({"account": "1"}, cart_id="c", value=1.0)\n'
        'tl.quote_requested({"account": "1"})\n'
        'tl.checkout_started({"account": "1"}, cart_id="c")\n'
    )
    assert _lines_with_errors(checker, snippet) == [5, 6]


def _lines_with_errors(checker: str, snippet: Path) -> list[int]:
    """The lines of the snippet with errors, in the strict mode of a type checker; errors elsewhere fail."""
    folders = [str(ROOT / folder) for folder in ("schemas", "producers")]
    if checker == "mypy":
        command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file", ""]
        command += ["--explicit-package-bases", "--namespace-packages", "--follow-imports=silent"]
        command += ["--cache-dir", str(snippet.parent / "cache"), *map(str, snippet.parent.glob("*.py"))]
        environment = {"MYPYPATH": ":".join([*folders, str(snippet.parent)]), "PATH": "/usr/bin:/bin"}
    else:
        settings = {"typeCheckingMode": "strict", "extraPaths": folders, "include": ["*.py"]}
        (snippet.parent / "pyrightconfig.json").write_text(orjson.dumps(settings).decode())
        command = [sys.executable, "-m", "basedpyright", "--outputjson", "--project", str(snippet.parent)]
        command += ["--pythonpath", sys.executable]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(snippet.parent)}
    done = subprocess.run(
        command,
        cwd=snippet.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if checker == "mypy":
        found = [line.split(":", 3) for line in done.stdout.splitlines() if ": error:" in line]
        errors = [(Path(file).name, int(line)) for file, line, *_ in found]
    else:
        rows = orjson.loads(done.stdout)["generalDiagnostics"]
        errors = [
            (Path(row["file"]).name, row["range"]["start"]["line"] + 1)
            for row in rows
            if row["severity"] == "error"
        ]
    assert {file for file, _ in errors} <= {snippet.name}, done.stdout + done.stderr
    return sorted({line for _, line in errors})
