"""The pages about CloudEvents and OpenTelemetry are true: their examples and their tables."""

import re
import shlex
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.connect.conftest import Serve
from touchline.collector.dialects.cloudevents.identifiers import EXTENSIONS, FIELDS, PERSONS, SUBJECTS
from touchline.collector.dialects.otlp.conventions import CONVENTIONS
from touchline.collector.dialects.otlp.identifiers import IDENTIFIERS

PAGES = Path(__file__).parents[2] / "docs" / "connect"


def text(page: str) -> str:
    return (PAGES / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("cloudevents", {"cart_id": "77", "value": 80.0, "currency": "EUR"}),
        ("opentelemetry", {"cart_id": "77"}),
    ],
)
def test_the_example_is_stored(page: str, expected: dict[str, Any], serve: Serve) -> None:
    """The command of the page sends a started checkout of the customer that it names."""
    (command,) = re.findall(r"^```\n(curl .*?)^```$", text(page), re.DOTALL | re.MULTILINE)
    words = shlex.split(command.replace("\\\n", " "))
    pairs = dict(pairwise(words))
    headers = dict(word.split(": ", 1) for flag, word in pairwise(words) if flag == "-H")
    served = serve()
    url = words[2].replace("http://127.0.0.1:8080", served.url)
    answer = served.http.request("POST", url, body=pairs["-d"], headers=headers)
    assert answer.status in (200, 204)
    (event,) = served.lines("touchpoints")
    assert (event["type"], event["identifiers"]) == ("checkout.started", ["account:u-17"])
    assert event["data"] == expected


def test_the_transport_of_the_page_is_the_one_that_is_tested() -> None:
    """The page has it indented, in a list."""
    (code,) = re.findall(r"^  ```js\n(.*?)^  ```$", text("cloudevents"), re.DOTALL | re.MULTILINE)
    tested = (Path(__file__).parent / "cloudevents_clients" / "send.mjs").read_text(encoding="utf-8")
    assert dedent(code) in tested


def test_the_places_of_customers_are_listed() -> None:
    """Each extension, field and word of a subject is on the page about CloudEvents."""
    page = text("cloudevents")
    snake = [field for field in FIELDS if field.islower()]
    plural = [f"{word}/" for word in SUBJECTS if word.endswith("s") and f"`{word}/" in page]
    assert [word for word in (*EXTENSIONS, *snake, *PERSONS) if f"`{word}`" not in page] == []
    assert {SUBJECTS[word.removesuffix("/")] for word in plural} >= {"account", "device", "cart", "order"}


def test_the_attributes_of_customers_and_the_conventions_are_listed() -> None:
    """Each is on the page about OpenTelemetry, with the type that it becomes."""
    page = text("opentelemetry")
    assert [name for name in IDENTIFIERS if f"`{name}`" not in page] == []
    for name, (event_type, _) in CONVENTIONS.items():
        assert any(f"`{name}`" in line and f"`{event_type}`" in line for line in page.splitlines())
