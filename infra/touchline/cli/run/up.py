"""`touchline up`: collector, worker, store and live page in one process on one port."""

from typing import TYPE_CHECKING

import typer

from touchline.cli.options import Data, Host, Port, RequireKey, Rules
from touchline.cli.refold_bar import refold_bar

if TYPE_CHECKING:
    from touchline.config.settings import Settings


def up(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    rules: Rules = None,
    require_key: RequireKey = None,
) -> None:
    """Run all of Touchline in one process: send events to it, watch friction in a browser.

    Ready when /readyz answers 200. Ends on Ctrl-C; every accepted event is kept.

    Example: touchline up --data ./touchline-data --port 8080
    """
    from touchline.services.ending import ending

    with ending() as end, refold_bar() as refolding:
        from touchline.config.rule_packs import rules_in_force
        from touchline.config.settings import load_settings
        from touchline.services.logs import configure_logs

        configure_logs()
        settings = load_settings(data=data, host=host, port=port, rules=rules, require_key=require_key)
        rule_set = rules_in_force(settings)
        # Imported here, since it takes a second: wrong settings and rules are reported before.
        from touchline.services.up import Hooks, serve

        hooks = Hooks(ready=lambda url: greet(url, settings), refolding=refolding)
        serve(settings, rule_set, end, hooks)


def greet(url: str, settings: "Settings") -> None:
    """Print the addresses of the process."""
    from touchline.services.web.serving import loopback

    asks = "" if loopback(settings.host) else f"   (any name; password in {settings.data / 'token'})"
    typer.echo(f"Touchline is up: {url}   (data in {settings.data}; Ctrl-C ends it)")
    typer.echo(f"  live page     {url}/{asks}")
    typer.echo(f"  send events   POST {url}/v1/events")
    typer.echo(f"  metrics       {url}/metrics")
