"""The descriptions that a collector serves are valid by the official schemas, and have the plan's types."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from touchline.cli.configure.schema import example
from touchline.collector.ingress.asyncapi import messages
from touchline.collector.ingress.openapi import description
from touchline.tracking import parse_plan
from touchline.vocabulary.registry import EVENT_TYPES, envelope_schema, json_schema

OFFICIAL = Path(__file__).parent / "asyncapi"
"""Names the package of AsyncAPI's own schemas, which npm installs."""

TYPES = parse_plan("""
types:
  quote.requested:
    description: The customer asked for a quote.
    owner: sales
    channels: [web]
    fields:
      quote_id: {type: id, required: true, description: the quote}
      due_at: time
      kind: {enum: [new, renewal]}
      code: {type: string, pattern: "^[A-Z]+$"}
tighten:
  checkout.started: {required: [value], channels: [web, app]}
""")


@pytest.mark.parametrize("types", [EVENT_TYPES, TYPES], ids=["vocabulary", "plan"])
def test_the_openapi_description_is_valid(types: Any) -> None:
    """/openapi.json is OpenAPI 3.1 by the schema of its makers."""
    errors = [error.message for error in OpenAPIV31SpecValidator(description(types)).iter_errors()]
    assert errors == []


@pytest.fixture(scope="module")
def asyncapi_schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The JSON Schema of AsyncAPI 3.0 by its makers. Without npm, or if it cannot install, tests skip."""
    folder = tmp_path_factory.mktemp("asyncapi") / "asyncapi"
    if shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed (Debian: apt install nodejs npm)")
    shutil.copytree(OFFICIAL, folder, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot install AsyncAPI's schemas within 120 s")
    if done.returncode:
        pytest.skip(f"npm cannot install AsyncAPI's schemas: {done.stderr.strip()[-200:]}")
    schemas = folder / "node_modules" / "@asyncapi" / "specs" / "schemas"
    return orjson.loads((schemas / "3.0.0-without-$id.json").read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("types", [EVENT_TYPES, TYPES], ids=["vocabulary", "plan"])
def test_the_asyncapi_description_is_valid(types: Any, asyncapi_schema: Any) -> None:
    """/asyncapi.json is AsyncAPI 3 by the schema of its makers."""
    errors = [error.message[:300] for error in Draft7Validator(asyncapi_schema).iter_errors(messages(types))]
    assert errors == []


def test_each_message_describes_its_events() -> None:
    """The payload of a type's message takes the type's example, and no other type."""
    document = messages(TYPES)
    assert list(document["components"]["messages"]) == list(TYPES)
    references = {one["$ref"] for one in document["channels"]["events"]["messages"].values()}
    assert references == {f"#/components/messages/{name}" for name in TYPES}
    for name in EVENT_TYPES:
        payload = document["components"]["messages"][name]["payload"]
        validator = Draft202012Validator({**payload, "components": document["components"]})
        sent = orjson.loads(example(name))
        assert [error.message for error in validator.iter_errors(sent)] == []
        assert not validator.is_valid(sent | {"type": "quote.requested"})


def test_each_schema_is_valid_json_schema() -> None:
    """The exported schemas are JSON Schema 2020-12, and take the examples."""
    for schema in (envelope_schema(), *(json_schema(name, TYPES) for name in TYPES)):
        Draft202012Validator.check_schema(schema)
    for name in EVENT_TYPES:
        assert Draft202012Validator(json_schema(name)).is_valid(orjson.loads(example(name)))
