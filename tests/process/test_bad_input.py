"""Whatever is sent to the whole process has a defined answer, and nothing accepted is lost."""

import gzip
import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

NOW = datetime.now(UTC).isoformat().replace("+00:00", "Z")
GOOD = {
    "id": "e-good",
    "type": "help.searched",
    "time": NOW,
    "channel": "web",
    "source": "shop",
    "identifiers": {"account": "u-1"},
    "data": {"query": "parcel"},
}


def _event(**other: Any) -> dict[str, Any]:
    return {**GOOD, **other}


QUARANTINED = {
    "not_an_object": 17,
    "invalid_envelope": _event(id="e-types", channel=5, time=["now"]),
    "no_identifier": _event(id="e-nobody", identifiers={"account": "null"}),
    "too_large": _event(id="e-large", data={"query": "parcel", "note": "x" * 40_000}),
    "unknown_type": _event(id="e-type", type="spaceship.landed"),
    "time_too_old": _event(id="e-1970", time="1970-01-01T00:00:00Z"),
    "time_in_future": _event(id="e-2100", time="2100-01-01T00:00:00Z"),
}
"""A reason, and an event that meets it."""


def test_each_bad_event_is_kept_whole_and_harms_no_other(start: Any, wait_for: Any) -> None:
    """One request of bad events and a good one: the good one is stored, the others are kept, whole."""
    up = start("up").ready()
    lines = [json.dumps(bad) for bad in QUARANTINED.values()] + [
        '{"id": "e-broken", "type":',
        json.dumps(GOOD),
    ]
    status, answer = up.post("\n".join(lines).encode())
    assert status == 200
    assert [one["reason"] for one in answer["results"]] == [*QUARANTINED, "malformed_json", None]
    assert answer["results"][-1]["status"] == "stored"
    rows = wait_for(lambda: up.rows("SELECT reason, body FROM quarantine ORDER BY reason"))
    assert {row["reason"]: row["body"] for row in rows} == dict(
        zip([*QUARANTINED, "malformed_json"], lines, strict=False)
    )
    assert wait_for(lambda: up.rows("SELECT id FROM events")) == [{"id": "e-good"}]


def test_a_missing_field_is_named(start: Any) -> None:
    """An event without identifiers is quarantined, and the answer says which field it lacks."""
    up = start("up").ready()
    bad = {name: value for name, value in GOOD.items() if name != "identifiers"}
    status, answer = up.post(json.dumps(bad).encode())
    (result,) = answer["results"]
    assert (status, result["status"], result["field"]) == (200, "quarantined", "identifiers")


@pytest.mark.slow
def test_a_request_that_is_too_much_is_refused_as_one(start: Any) -> None:
    """A body of 3 MB, and a gzip that unpacks to far more, get a 413 and leave nothing; the rest goes on."""
    up = start("up").ready()
    large = json.dumps(
        [_event(id=f"e-{n}", data={"query": "parcel", "note": "x" * 30_000}) for n in range(100)]
    ).encode()
    assert len(large) > 3_000_000
    status, answer = up.post(large)
    assert (status, answer["error"]["code"]) == (413, "body_too_large")
    bomb = gzip.compress(b" " * 500_000_000, compresslevel=6)
    status, answer = up.post(bomb, **{"Content-Encoding": "gzip"})
    assert (status, answer["error"]["code"]) == (413, "body_too_large")
    (memory,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{up.process.pid}/status").read_text())
    assert int(memory) < 900_000, "a bomb of 500 MB was not unpacked"
    assert up.post(b"{nothing")[0] == 400
    status, answer = up.post(json.dumps(GOOD).encode())
    assert (status, answer["results"][0]["status"]) == (200, "stored")


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """Runs a command with a disk of 64 MB of its own at the data folder, which is gone when it ends."""
    (tmp_path / "data").mkdir()
    mount = 'mount -t tmpfs -o size=64m tmpfs "$0" && exec "$@"'
    own = [] if os.getuid() == 0 else ["--map-root-user"]
    command = ["unshare", *own, "--mount", "sh", "-c", mount, str(tmp_path / "data")]
    tried = shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True, check=False)
    if not tried or tried.returncode:
        reason = "a small disk cannot be mounted here (it takes Linux's unshare, and root or user namespaces)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return command


def _numbered(first: int, count: int) -> bytes:
    events = [
        _event(id=f"e-{n}", data={"query": "parcel", "note": "x" * 2_000})
        for n in range(first, first + count)
    ]
    return json.dumps(events).encode()


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 65_536)


@pytest.mark.slow
def test_a_full_disk_is_said_and_survived(start: Any, wait_for: Any, small_disk: list[str]) -> None:
    """503 with a time to wait, /readyz says why, all accepted is kept, and it goes on when there is room."""
    up = start("up", before=small_disk)
    up.seen_from(Path(f"/proc/{up.process.pid}/root"))
    up.ready()
    accepted = {one["id"] for one in up.post(_numbered(0, 100))[1]["results"]}

    filler = up.data / "filler"
    with pytest.raises(OSError, match="No space left"):
        _fill(filler)
    answered = 0
    for first in range(100, 10_000, 100):
        answer = up.ask("POST", "/v1/events", body=_numbered(first, 100))
        answered = answer.status
        if answered != 200:
            break
        accepted |= {one["id"] for one in answer.json()["results"]}
    assert answered == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["error"]["code"] == "log_full"
    answer = up.ask("GET", "/readyz")
    assert answer.status == 503
    assert answer.json()["why"]
    assert up.ask("GET", "/healthz").status == 200

    filler.unlink()
    assert up.process.poll() is None, up.said
    wait_for(lambda: up.ask("GET", "/readyz").status == 200)
    status, answer = up.post(_numbered(20_000, 10))
    assert status == 200
    accepted |= {one["id"] for one in answer["results"]}
    wait_for(lambda: {row["id"] for row in up.rows("SELECT DISTINCT id FROM events")} >= accepted)
    assert up.end() == 0, up.said
