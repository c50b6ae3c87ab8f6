"""From an application's SDK to the tables that people read, in the process that a user starts."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import pytest

from touchline.sdk import Touchline

FOUND = "SELECT rule, count() AS n FROM touchline.current_frictions GROUP BY rule ORDER BY rule"


def _track_frictions(client: Touchline, who: str) -> None:
    """Tracks a denied request and an abandoned phone queue."""
    begun = datetime.now(UTC) - timedelta(minutes=5)
    client.track("request.denied", {"account": who}, time=begun, kind="return", reason="bought_online")
    for minute, step in enumerate(("started", "queued", "abandoned")):
        client.track(
            f"contact.{step}",
            {"account": who},
            channel="phone",
            time=begun + timedelta(minutes=1 + minute),
            contact_id=f"c-{who}",
            reason="billing",
        )


def test_what_an_application_tracks_becomes_friction_that_others_read(start: Any, wait_for: Any) -> None:
    """Over HTTP and through the folder: stored, found by the rules, read by ClickHouse's client, counted."""
    up = start("up").ready()
    with Touchline(up.server.url, source="shop") as client:
        _track_frictions(client, "u-http")
    with Touchline(f"embedded://{up.data}", source="desk") as client:
        _track_frictions(client, "u-folder")
    wait_for(lambda: up.rows("SELECT count() AS n FROM events")[0]["n"] in (8, "8"))

    place = urlsplit(up.server.url)
    reader = clickhouse_connect.get_client(
        host=place.hostname or "",
        port=place.port or 0,
        username="anybody",
        password=up.server.token,
        proxy_path="clickhouse",
    )
    try:
        found: dict[str, int] = {row[0]: row[1] for row in reader.query(FOUND).result_rows}
    finally:
        reader.close()
    assert found
    assert set(found.values()) == {2}, "each friction is found for both customers"

    metrics = up.ask("GET", "/metrics").data.decode()
    counted = {
        rule: float(count)
        for rule, count in re.findall(r'touchline_frictions_total\{rule="([^"]+)"\} (\S+)', metrics)
    }
    assert counted == dict.fromkeys(found, 2.0)
    assert 'touchline_events_total{producer="local",reason="",result="stored"} 4.0' in metrics
    assert up.end() == 0


def test_events_left_while_nothing_ran_are_taken_in_at_the_next_start(
    start: Any, wait_for: Any, tmp_path: Any
) -> None:
    """An application with an embedded client needs no server; the next one takes over what it left."""
    with Touchline(f"embedded://{tmp_path / 'data'}", source="desk") as client:
        _track_frictions(client, "u-1")
    up = start("up").ready()
    wait_for(lambda: up.rows("SELECT count() AS n FROM events")[0]["n"] in (4, "4"))
    assert up.rows(FOUND)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kept", "unkept"])
def test_a_restart_keeps_what_was_found(start: Any, wait_for: Any, name: str) -> None:
    """Frictions are the same before and after a stop, whether the log was read to its end or not."""
    first = start("up", new=True).ready()
    with Touchline(first.server.url, source="shop") as client:
        _track_frictions(client, "u-1")
    if name == "kept":
        wait_for(lambda: first.rows(FOUND))
    assert first.end() == 0
    second = start("up").ready()
    wait_for(lambda: second.rows(FOUND))
    assert [row["n"] in (1, "1") for row in second.rows(FOUND)].count(False) == 0
