"""`touchline doctor`: what is wrong with a configuration."""

import typer

app = typer.Typer(help="Say what is wrong with a configuration.", no_args_is_help=True)


@app.command("sdk")
def sdk() -> None:
    """Check the SDK's configuration: the variables TOUCHLINE_…, the collector, the key, the clock, the spool.

    Sends no event. Run it where the application runs, with its environment. With the base install alone:
    python -m touchline.sdk. The exit code is 1 if something is wrong.

    Example: TOUCHLINE_URL=http://127.0.0.1:8080 TOUCHLINE_SOURCE=shop touchline doctor sdk
    """
    from touchline.sdk.doctor import report

    lines, is_ok = report()
    for line in lines:
        typer.echo(line)
    if not is_ok:
        raise typer.Exit(1)
