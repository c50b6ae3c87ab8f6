"""Webhooks of `touchline up`, taken by a real receiver that fails at times."""

import hmac
import json
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.outlet.conftest import RULES, Receiver, Shop, last_states
from tests.process.conftest import Running, Start
from touchline.alerts import AlertsError, parse_alerts

WaitFor = Callable[..., Any]

SECRET = "not on any command line"


def _alerts(folder: Path, url: str, **more: Any) -> None:
    webhook = {"url": url, "secret": {"env": "CALL_BACK_SECRET"}, "timeout": "2s", **more}
    (folder / "alerts.yaml").write_text(json.dumps({"webhooks": {"call_back": webhook}}))


@pytest.fixture
def alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the alerts file, which the settings of a started process name."""
    monkeypatch.setenv("TOUCHLINE_ALERTS", str(tmp_path / "alerts.yaml"))
    monkeypatch.setenv("CALL_BACK_SECRET", SECRET)
    return tmp_path


@pytest.mark.slow
def test_a_receiver_that_fails_and_a_killed_process_cost_no_change(
    start: Start, wait_for: WaitFor, receiver: Receiver, alerts: Path
) -> None:
    """Every change is taken in the order of its customer, signed, though some requests are refused."""
    receiver.refuse = lambda number: 500 if number % 7 == 3 else 200
    with receiver.serve() as url:
        _alerts(alerts, url, rules=["abandoned", "failed"])
        for turn in range(2):
            running = start("up", "--rules", str(RULES)).ready()
            shop = Shop(running)
            for number in range(3):
                account = f"k{turn}-{number}"
                shop.send(("cart.updated", account, 60), ("payment.failed", account, 1))
                shop.send(("search.performed", account, 2), ("search.performed", account, 1))
                wait_for(partial(_is_open, running, account))
                shop.send(("order.placed", account, 59.5 if number == 1 else 0))
            time.sleep(0.4 * turn)
            running.end(signal.SIGKILL)
            said = running.said
        running = start("up", "--rules", str(RULES)).ready()
        expected = {
            (f"account:k{turn}-{number}", "failed", "open") for turn in range(2) for number in range(3)
        }
        expected |= {(f"account:k{turn}-{n}", "abandoned", "resolved") for turn in range(2) for n in (0, 2)}

        def known() -> bool:
            heard = list(receiver.events)  # more may come meanwhile
            subjects = {event["subject"]: event["data"]["identifier"] for event in heard}
            states = last_states(heard).items()
            return {(subjects[subject], *state) for subject, state in states} == expected

        wait_for(known)
        seen: dict[str, str] = {}
        ids: set[str] = set()
        for event in receiver.events:
            if event["id"] not in ids:
                assert seen.get(event["subject"], "") < event["sequence"], "later ones came first"
                seen[event["subject"]] = event["sequence"]
            ids.add(event["id"])
        assert len(ids) == 6 + 6 + 6, "opened, and resolved or retracted"
        for headers, body in receiver.got:
            stamp = headers["x-touchline-timestamp"]
            signed = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
            assert headers["x-touchline-signature"] == f"sha256={signed}"
            assert headers["content-type"].startswith("application/cloudevents+json")
            assert abs(time.time() - int(stamp)) < 300
            assert headers["x-touchline-delivery"] == json.loads(body)["id"]
        metrics = running.ask("GET", "/metrics").data.decode()
        assert "touchline_friction_webhook_refused" in metrics
        assert SECRET not in said + running.said
        arguments = Path(f"/proc/{running.process.pid}/cmdline")
        assert not arguments.exists() or SECRET.encode() not in arguments.read_bytes()


def _is_open(running: Running, account: str) -> bool:
    rows = running.rows(
        "SELECT entity FROM current_frictions AS f JOIN current_identities AS i ON i.customer = f.customer "
        f"WHERE rule = 'abandoned' AND entity = 'account:{account}'"
    )
    return bool(rows)


@pytest.mark.slow
def test_changes_wait_for_a_receiver_that_is_away(
    start: Start, wait_for: WaitFor, receiver: Receiver, alerts: Path
) -> None:
    """What happens while nobody listens is sent once the receiver is back, and only the kinds it wants."""
    with receiver.serve() as url:
        port = int(url.split(":")[2].split("/")[0])
    _alerts(alerts, url, changes="retracted")
    running = start("up", "--rules", str(RULES)).ready()
    shop = Shop(running)
    shop.send(("cart.updated", "u-1", 60), ("payment.failed", "u-1", 1))
    wait_for(lambda: _is_open(running, "u-1"))
    shop.send(("order.placed", "u-1", 59.5))
    wait_for(lambda: "webhook.undelivered" in running.said)
    with receiver.serve(port):
        wait_for(lambda: receiver.events)
    assert [event["type"] for event in receiver.events] == ["touchline.friction.retracted"]
    assert running.end() == 0


def test_a_webhook_without_a_secret_is_refused() -> None:
    """The message names the field and the place."""
    with pytest.raises(AlertsError, match=r"alerts:.*webhook\.mine\.secret"):
        parse_alerts("webhooks:\n  mine:\n    url: https://a.example\n")
    with pytest.raises(AlertsError, match=r"webhook\.mine\.changes"):
        parse_alerts("webhooks: {mine: {url: 'https://a.example', secret: s, changes: gone}}\n")
    parsed = parse_alerts("webhooks: {mine: {url: 'https://a.example', secret: s, rules: failed}}\n")
    assert parsed.webhooks["mine"].rules == ("failed",)
    assert "s" not in str(parsed.webhooks["mine"].secret.text)
