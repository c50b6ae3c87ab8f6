"""The `touchline` command, which the base install (the SDK alone) cannot run."""

import sys
from importlib.util import find_spec

_NEEDS = ("clickhouse_connect", "nicegui", "pydantic_settings", "structlog", "typer", "uvicorn")

if not all(map(find_spec, _NEEDS)):
    sys.exit("The touchline command needs more than the SDK: from a clone, pip install './touchline[server]'")
