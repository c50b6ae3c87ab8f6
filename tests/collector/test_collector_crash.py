"""Every event with the result `stored` is in the log, even if the process is killed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from touchline.log.sqlite import SqliteLog

SERVER = """
import sys
from pathlib import Path
import uvicorn
from touchline.collector import Collector, Keys, create_app
from touchline.log.sqlite import SqliteLog

data = Path(sys.argv[1])
app = create_app(Collector(SqliteLog(data / "log.sqlite"), Keys(data / "keys.json")))
config = uvicorn.Config(app, port=0, log_level="critical", ws="none")
socket = config.bind_socket()
socket.listen()
print(socket.getsockname()[1], flush=True)
uvicorn.Server(config).run(sockets=[socket])
"""


def test_stored_events_survive_kill_9(tmp_path: Path, event: Callable[..., dict[str, Any]]) -> None:
    """Three servers in turn are killed while they work; the log has every event that was stored."""
    answered: list[str] = []
    for turn in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", SERVER, tmp_path], stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1/events"
            enough = threading.Event()

            def produce(name: str, url: str = url, enough: threading.Event = enough) -> None:
                with urllib3.PoolManager(retries=False, timeout=20) as http:
                    for number in range(10_000):
                        batch = [event(id=f"{name}-{number}-{place}") for place in range(3)]
                        try:
                            response = http.request("POST", url, body=json.dumps(batch).encode())
                        except urllib3.exceptions.HTTPError:
                            return
                        answered.extend(
                            result["id"]
                            for result in json.loads(response.data)["results"]
                            if result["status"] == "stored"
                        )
                        if number == 15:
                            enough.set()

            producers = [threading.Thread(target=produce, args=(f"{turn}-{name}",)) for name in range(3)]
            for producer in producers:
                producer.start()
            try:
                assert enough.wait(30)
            finally:
                os.kill(server.pid, signal.SIGKILL)
                for producer in producers:
                    producer.join(30)
            assert not any(producer.is_alive() for producer in producers)
    log = SqliteLog(tmp_path / "log.sqlite")
    kept: list[str] = []
    while records := log.read(log.committed()):
        kept += [json.loads(line)["id"] for record in records for line in record.body.splitlines()]
        log.commit(records[-1].offset)
    log.close()
    assert len(answered) >= 3 * 16 * 3
    assert set(answered) <= set(kept)
    assert len(kept) == len(set(kept))
