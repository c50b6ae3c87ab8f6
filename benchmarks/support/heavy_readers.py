"""Heavy queries through `/clickhouse`, several at a time, for as long as a measurement takes."""

import threading
from typing import Self

import urllib3

HEAVY = (
    "SELECT uniqExact(cityHash64(number % 10000000)) FROM numbers(100000000000)",
    "SELECT count() FROM events AS a CROSS JOIN events AS b WHERE a.id < b.source",
    "SELECT max(sipHash64(toString(number))) FROM numbers(100000000000)",
    "SELECT count() FROM (SELECT number FROM numbers(3000000) ORDER BY cityHash64(number)) AS a"
    " CROSS JOIN numbers(100000) AS b",
)
"""Queries that end by the limits only: a large hash table, a join of everything, arithmetic, a sort."""

_PAUSE_SECONDS = 1.0


class HeavyReaders:
    """Clients that repeat heavy queries. `ended` and `refused` count the answers.

    Args:
        url: Where `touchline up` serves ClickHouse's protocol.
        token: The password.
        count: The number of clients.
    """

    def __init__(self, url: str, token: str, count: int) -> None:
        self._url, self._headers = url, {"X-ClickHouse-Key": token}
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.ended = self.refused = 0
        self._threads = [
            threading.Thread(target=self._run, args=(HEAVY[number % len(HEAVY)],), daemon=True)
            for number in range(count)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()

    def _run(self, sql: str) -> None:
        pool = urllib3.PoolManager()
        while not self._over.is_set():
            try:
                answer = pool.request(
                    "POST", self._url, body=sql, headers=self._headers, timeout=120, retries=False
                )
            except urllib3.exceptions.HTTPError:
                return
            with self._lock:
                if answer.status == 503:
                    self.refused += 1
                else:
                    self.ended += 1
            if answer.status == 503:
                self._over.wait(_PAUSE_SECONDS)
