"""Generated requests against /openapi.json: no error of the server, and no answer that is not described."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3

from tests.attack.conftest import Up
from touchline.collector.dialects import DIALECTS
from touchline.collector.dialects.dialect import Refusal
from touchline.collector.ingress.openapi import description

CASES = int(os.environ.get("SCHEMATHESIS_CASES", "400"))
"""About how many requests are generated."""

LIMIT = 100 + CASES / 20
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,unsupported_method"
)


@pytest.mark.slow
def test_every_answer_is_described(up: Up, tmp_path: Path) -> None:
    """For requests that fit the description or do not, each answer has a documented status and form."""
    _, port, output = up
    operations = sum(len(path) for path in description()["paths"].values())
    command = [str(Path(sys.executable).with_name("st")), "run", f"http://127.0.0.1:{port}/openapi.json"]
    options = {
        "--max-examples": max(1, CASES // operations),
        # All kinds of invalid requests; alone some thousands of cases.
        "--phases": "coverage,fuzzing" if CASES >= 10_000 else "fuzzing",
        "--checks": CHECKS,
        "--warnings": "off",
        # It does not end.
        "--exclude-path": "/v1/frictions/stream",
        "--seed": 20_261_130,
    }
    arguments = [str(part) for option in options.items() for part in option]
    done = subprocess.run(
        [*command, *arguments, "--no-shrink", "--continue-on-failure"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert b"Traceback" not in output.read_bytes()


def test_what_a_server_has_beside_the_collector_is_described(up: Up) -> None:
    """The stream of frictions and the webhooks are in the description that `touchline up` serves."""
    _, port, _ = up
    with urllib3.PoolManager() as http:
        paths = http.request("GET", f"http://127.0.0.1:{port}/openapi.json", timeout=20).json()["paths"]
    assert {"/v1/frictions/stream", "/v1/webhooks/{kind}/{source}"} <= paths.keys()
    assert "204" in paths["/v1/cloudevents"]["post"]["responses"]


def test_the_description_has_every_path_of_every_dialect() -> None:
    """A dialect describes itself: paths, methods, bodies, and each status that it answers with."""
    paths = description()["paths"]
    for dialect in DIALECTS:
        assert dialect.described.summary
        for path in [*dialect.paths, *dialect.calls]:
            assert path in paths
        for path in dialect.paths:
            for method in dialect.methods:
                operation = paths[path][method.lower()]
                assert {"200", "405"} <= operation["responses"].keys()
                refused = {
                    str(dialect.refuse(Refusal(status, "", "")).status) for status in (400, 401, 413, 503)
                }
                assert refused <= operation["responses"].keys()
                assert set(dialect.described.accepts) == set(
                    operation.get("requestBody", {}).get("content", {})
                )
