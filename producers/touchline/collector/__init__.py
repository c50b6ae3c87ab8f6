"""The collector: it validates and stamps events, and makes them durable in the log before it responds.

| Where | What |
|---|---|
| `ingress/` | HTTP: authentication, limits, routes, responses, OpenAPI |
| `dialects/` | request formats; one table lists them |
| `inboxes/` | batches that SDKs left in SQLite or Kafka, moved to the log |
| `acceptance` | validates each event: stored, duplicate or quarantined |
| `results` | what became of one event |
| `masking` | hides keys in quarantine |
| `accounts` | the counters of each request and its client |
| `committer` | group commit to the log |
| `keys`, `key`, `origins` | keys of producers, and the web pages that may use them |
| `metrics` | Prometheus metrics |
| `browser/` | the built browser script; its source is `producers/browser` |
"""

from touchline.collector.acceptance import Acceptance, accept, accept_each
from touchline.collector.ingress.app import Collector, Limits, create_app
from touchline.collector.keys import Keys
from touchline.collector.results import Result
from touchline.log.contract import Batch, Log, LogFull, LogUnavailable

__all__ = [
    "Acceptance",
    "Batch",
    "Collector",
    "Keys",
    "Limits",
    "Log",
    "LogFull",
    "LogUnavailable",
    "Result",
    "accept",
    "accept_each",
    "create_app",
]
