"""`touchline report`: the weekly digest, and pictures of panels."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json, say
from touchline.cli.report_files import write_report

if TYPE_CHECKING:
    from touchline.config.settings import Settings
    from touchline.reports.weekly.digest import Digest

app = typer.Typer(help="The weekly digest, and panels as pictures or tables.", no_args_is_help=True)

_FILE = "FILE"


@app.command()
def weekly(
    week: Annotated[
        str | None, typer.Option(metavar="2026-W48", help="The week; the last that is over, if not given.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="Write it as a page of HTML; - is standard output.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="Write it as Markdown; - is standard output.")
    ] = None,
    send: Annotated[
        list[str] | None,
        typer.Option(metavar="CHANNEL", help="Send it by a channel of the alerts file; may be repeated."),
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the digest of a week: what changed, why, whose it is, what it costs, and what to look at next.

    Weeks begin on Monday, in the zone of the settings. The same store gives the same digest. The server sends
    it every week by itself, to the channels under digest in the alerts file.

    Example: touchline report weekly
    Example: touchline report weekly --week 2026-W48 --html digest.html
    Example: touchline report weekly --send mail
    """
    try:
        from touchline.services.reporting.weekly import digest_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("numpy", "scipy"):
            raise
        raise fail(
            "report weekly needs SciPy: from a clone, run pip install './touchline[server,analysis]'"
        ) from None
    from touchline.cli.spans import extent, query_function
    from touchline.config.rule_packs import rules_in_force
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.reports.weekly.weeks import last_week, week_named
    from touchline.reports.weekly.writing import digest_report

    settings = load_settings(data=data)
    with readable_store(settings) as reader:
        ask = query_function(reader)
        oldest, end = extent(ask)
        try:
            chosen = last_week(end, settings.zone) if week is None else week_named(week, settings.zone)
        except ValueError as error:
            raise fail(f"--week {error}", 2) from None
        found = digest_of(ask, settings, rules_in_force(settings), chosen, oldest, end)
    if send:
        _send(found, send, settings)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(found))
        return
    if html or markdown or not send:
        write_report(digest_report(found), html, markdown, settings.public_url)


@app.command()
def panel(
    name: Annotated[str, typer.Argument(metavar="PANEL", help="The panel's id.")],
    svg: Annotated[Path | None, typer.Option(metavar=_FILE, help="Write it as a picture, SVG.")] = None,
    png: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="Write it as a picture, PNG; needs the extra png.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar=_FILE, help="Write its rows as CSV.")] = None,
    span: Annotated[
        str, typer.Option(metavar="24h|7d|30d|all|A..B", help="The period; the dashboard's, if not given.")
    ] = "",
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="NAME=VALUE", help="A filter of the dashboard; may be repeated."),
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
) -> None:
    """Write a panel as a picture or as a table: what the live page shows of it.

    The file - is standard output. Texts that a spreadsheet would run as formulas begin with an apostrophe.

    Example: touchline report panel frictions_over_time --svg frictions.svg
    Example: touchline report panel friction_by_rule --span 7d --filter channel=web --csv -
    """
    from touchline.cli.panel_files import write_panel

    if svg is None and png is None and csv is None:
        raise fail("give --svg FILE, --png FILE or --csv FILE", 2)
    write_panel(name, {"svg": svg, "png": png, "csv": csv}, span, filters or [], data)


def _send(digest: "Digest", names: list[str], settings: "Settings") -> None:
    """Send a digest by channels of the alerts file."""
    from touchline.alerts.channels import Undelivered, send_bulletin
    from touchline.config.alerts_files import load_alerts
    from touchline.services.reporting.sending import bulletin

    channels = load_alerts(settings.alerts).channels
    if unknown := [name for name in names if name not in channels]:
        known = ", ".join(channels) or "none"
        raise fail(f"--send {unknown[0]}: the alerts file has no such channel; it has {known}", 2)
    what = bulletin(digest, settings.public_url, int(time.time() * 1000))
    for name in names:
        try:
            send_bulletin(channels[name], what)
        except Undelivered as error:
            raise fail(f"{name}: not sent: {error}") from None
        say(f"Sent to {name}", err=True)
