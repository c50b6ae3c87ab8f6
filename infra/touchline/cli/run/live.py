"""`touchline live`: the live page alone, beside workers that write the store elsewhere."""

from typing import TYPE_CHECKING

import typer

from touchline.cli.errors import fail
from touchline.cli.options import Data, Host, Port, Rules

if TYPE_CHECKING:
    from touchline.config.settings import Settings


def live(data: Data = None, host: Host = None, port: Port = None, rules: Rules = None) -> None:
    """Serve the live page of the store in the settings; several can run side by side.

    It needs a user that may read. Visitors from other machines need the token in the data folder. Ready
    when /readyz answers 200. Ends on Ctrl-C.

    Example: TOUCHLINE_STORE=http://127.0.0.1:8123 touchline live --port 8081
    """
    from touchline.services.ending import ending

    with ending() as end:
        from touchline.config.settings import load_settings
        from touchline.services.live import serve_live
        from touchline.services.logs import configure_logs

        configure_logs()
        settings = load_settings(data=data, host=host, port=port, rules=rules)
        if settings.store_address is None:
            raise fail(
                "no store is named: set store (touchline.toml, or TOUCHLINE_STORE) to its address; the "
                "page of a data folder is served by touchline up"
            )
        serve_live(settings, end, ready=lambda url: _greet(url, settings))


def _greet(url: str, settings: "Settings") -> None:
    from touchline.services.web.serving import loopback

    asks = "" if loopback(settings.host) else f"   (any name; password in {settings.data / 'token'})"
    typer.echo(f"The live page is up: {url}/{asks}   (of the store at {settings.store_address})")
