"""The whole way of an alert: the demo's outage, sent to `touchline up`, reaches a real Alertmanager."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import urllib3

from touchline.simulation import Outage, Retailer
from touchline.simulation.story import MINUTE, rfc3339

ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
CUSTOMERS = 14
START = 1_795_000_000_000

needs_alertmanager = pytest.mark.skipif(
    ALERTMANAGER is None, reason="Alertmanager is not installed (Debian: prometheus-alertmanager)"
)


@pytest.fixture
def alertmanager(tmp_path: Path, wait_for: Any) -> Iterator[str]:
    """A real Alertmanager on a free port; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "alertmanager.yml"
    config.write_text("route: {receiver: none, group_by: [alertname]}\nreceivers: [{name: none}]\n")
    assert ALERTMANAGER is not None
    process = subprocess.Popen(
        [
            ALERTMANAGER,
            f"--config.file={config}",
            f"--storage.path={tmp_path / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert process.poll() is None, "Alertmanager ended"
        try:
            return urllib3.request("GET", f"{url}/-/ready", timeout=1, retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    wait_for(ready)
    yield url
    process.terminate()
    process.wait(10)


def _alerts(url: str, path: str = "/api/v2/alerts") -> list[Any]:
    answer = urllib3.request("GET", url + path, timeout=5)
    assert answer.status == 200
    found: list[Any] = answer.json()
    return found


def _failed_payments() -> list[dict[str, Any]]:
    """Of the retailer's outage, the failed payments of the first customers who could not pay."""
    outage = Outage(START + MINUTE, START + 10 * MINUTE)
    retailer = Retailer(1, START, history=MINUTE, rate=2.0, outage=outage)
    envelopes = [
        one.envelope() for one in retailer.until(START + 12 * MINUTE) if one.type == "payment.failed"
    ]
    accounts = list(dict.fromkeys(one["identifiers"]["account"] for one in envelopes))[:CUSTOMERS]
    return [one for one in envelopes if one["identifiers"]["account"] in accounts]


@pytest.mark.slow
@needs_alertmanager
def test_the_outage_reaches_alertmanager_as_one_incident_and_so_does_its_end(
    start: Any, wait_for: Any, alertmanager: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one alert for all customers who could not pay, and later its end."""
    file = tmp_path / "alerts.yaml"
    file.write_text(
        "extends: default\n"
        "change: {payment_outage: {within: 20s, cooldown: 1s}}\n"
        f"channels: {{prometheus: {{kind: alertmanager, url: '{alertmanager}'}}}}\n"
    )
    monkeypatch.setenv("TOUCHLINE_ALERTS", str(file))
    monkeypatch.setenv("TOUCHLINE_PUBLIC_URL", "https://touchline.example")
    up = start("up").ready()
    events = _failed_payments()
    for number in range(0, len(events), 5):
        # The retailer's minutes in seconds: each is sent as it happens.
        now = int(time.time() * 1000)
        some = [
            {**one, "time": rfc3339(now + place)} for place, one in enumerate(events[number : number + 5])
        ]
        assert up.post(orjson.dumps(some))[0] == 200
        threading.Event().wait(0.1)

    (alert,) = wait_for(lambda: _alerts(alertmanager))
    assert len(up.rows("SELECT 1 FROM current_alerts")) == 1
    assert alert["labels"] == {
        "alertname": "payment_outage", "severity": "critical", "service": "touchline", "source": "webshop",
    }  # fmt: skip
    assert alert["annotations"]["summary"].startswith("Payments fail (source webshop): ")
    assert alert["annotations"]["journey_1"].startswith("https://touchline.example/customer/")
    assert alert["generatorURL"] == "https://touchline.example/"

    # Alertmanager lists what fires: the end takes it out.
    wait_for(lambda: not _alerts(alertmanager))
    (over,) = wait_for(
        lambda: up.rows("SELECT customers, count FROM current_alerts WHERE status = 'resolved'")
    )
    assert (int(over["customers"]), int(over["count"])) == (CUSTOMERS, len(events))
