"""The door: what producers send is checked, stamped, and durable in the log before it is answered."""

from touchline.collector.acceptance import Acceptance, Result, accept, accept_each
from touchline.collector.ingress.app import Collector, Limits, create_app
from touchline.collector.keys import Keys
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
