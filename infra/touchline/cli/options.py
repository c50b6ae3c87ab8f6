"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path | None, typer.Option(metavar="DIR", help="Data folder; ./touchline-data if not given.")]
Rules = Annotated[
    Path | None, typer.Option(metavar="RULES.yaml", help="Rules file; the default pack if not given.")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 if not given.")]
Port = Annotated[int | None, typer.Option(help="Port; 8080 if not given, 0 for any free port.")]
RequireKey = Annotated[
    bool | None,
    typer.Option("--require-key", help="Refuse events without a key, even while there is none."),
]
Health = Annotated[
    int | None, typer.Option("--health", help="Port of /healthz, /readyz and /metrics; none if not given.")
]
