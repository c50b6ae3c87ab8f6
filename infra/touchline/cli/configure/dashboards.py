"""`touchline dashboards`: the panels and alert rules as Grafana's, as files or sent to a Grafana."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json, print_json_line

if TYPE_CHECKING:
    from touchline.config.settings import Settings
    from touchline.grafana import Connection, Contents
    from touchline.segments.definition import Funnel

app = typer.Typer(
    help="Grafana's dashboards and alert rules: written as files, or sent to a Grafana.", no_args_is_help=True
)

Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data folder.")]
ClickHouse = Annotated[
    str | None,
    typer.Option(
        "--clickhouse",
        metavar="URL",
        help="Where Grafana finds the store, such as https://reader@clickhouse:8443. If not given, the store "
        "of the settings, else what touchline up serves at /clickhouse.",
    ),
]
Alerts = Annotated[
    Path | None,
    typer.Option("--alerts-file", metavar="FILE", help="Alert rules; those in force if not given."),
]
WithAlerts = Annotated[
    bool,
    typer.Option(
        "--alerts/--no-alerts",
        help="With the alert rules; use --no-alerts if Touchline itself sends alerts.",
    ),
]
Funnels = Annotated[
    list[Path] | None,
    typer.Option("--funnel", metavar="FILE", help="A funnel of your own, for Journeys; can be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="A JSON object instead of the text.")]


@app.command()
def render(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; created if missing.")],
    clickhouse: ClickHouse = None,
    mounted_at: Annotated[
        str, typer.Option(metavar="PATH", help="Where Grafana itself sees DIR.")
    ] = "/etc/grafana/provisioning",
    alerts_file: Alerts = None,
    alerts: WithAlerts = True,
    funnel: Funnels = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write provisioning files for Grafana: dashboards, data source, alert rules.

    The password of the store is not in them: Grafana takes it from its variable TOUCHLINE_STORE_PASSWORD.
    Other files in DIR are not changed.

    Example: touchline dashboards render grafana --clickhouse http://grafana@store:8123
    """
    from touchline.config.settings import load_settings
    from touchline.grafana import files

    settings = load_settings(data=data)
    contents = replace(_contents(settings, alerts_file or settings.alerts, alerts), funnels=_funnels(funnel))
    texts = files(_connection(settings, clickhouse), contents, mounted_at)
    try:
        for name, text in texts.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise fail(f"{error.filename or directory} cannot be written: {error.strerror}") from None
    if as_json:
        print_json_line({"files": list(texts)})
        return
    for name in texts:
        typer.echo(directory / name)


@app.command()
def publish(
    url: Annotated[
        str, typer.Option(metavar="URL", help="The root of Grafana; https, unless http:// is written.")
    ],
    token: Annotated[
        str,
        typer.Option(
            envvar="TOUCHLINE_GRAFANA_TOKEN",
            show_envvar=True,
            help="A token of a service account of the role Admin; better in the variable than on the line.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; show what would be changed.")
    ] = False,
    clickhouse: ClickHouse = None,
    alerts_file: Alerts = None,
    alerts: WithAlerts = True,
    funnel: Funnels = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send the dashboards, the data source and the alert rules to a Grafana.

    Safe to repeat: unchanged objects stay, and an existing data source named Touchline is used as it is.
    Changes that people made to these dashboards are overwritten.

    Example: touchline dashboards publish --url https://grafana.example.com --dry-run
    """
    from stamina.instrumentation import set_on_retry_hooks

    from touchline.config.settings import load_settings
    from touchline.grafana.client import Grafana
    from touchline.grafana.publishing import publish as send

    set_on_retry_hooks([])  # they would write between the lines of the answer
    done = []
    settings = load_settings(data=data)
    for change in send(
        Grafana(url, token),
        replace(_contents(settings, alerts_file or settings.alerts, alerts), funnels=_funnels(funnel)),
        _connection(settings, clickhouse),
        _password(settings),
        dry_run=dry_run,
    ):
        done.append(change)
        if not as_json:
            action = change.action
            said = f"would be {action}" if dry_run and action != "unchanged" else action
            typer.echo(f"{change.what} {change.name}: {said}")
            if dry_run and change.diff:
                typer.echo(change.diff)
    if as_json:
        rows = [{"what": one.what, "name": one.name, "action": one.action, "diff": one.diff} for one in done]
        print_json({"dry_run": dry_run, "changes": rows})


def _contents(settings: "Settings", alerts_file: Path | None, alerts: bool) -> "Contents":
    from touchline.config.alerts_files import load_alerts
    from touchline.grafana import Contents

    rules = load_alerts(alerts_file).rules if alerts else None
    return Contents(settings.goals, rules, settings.public_url.rstrip("/"))


def _funnels(files: list[Path] | None) -> "list[Funnel]":
    from touchline.segments.definition import DefinitionError, read_funnel

    funnels: dict[str, Funnel] = {}
    for file in files or []:
        try:
            funnel = read_funnel(file.read_text(encoding="utf-8"), str(file))
        except OSError as error:
            raise fail(f"{file} cannot be read: {error.strerror}") from None
        except (DefinitionError, UnicodeDecodeError) as error:
            raise fail(str(error)) from None
        if funnel.id in funnels:
            raise fail(f"{file}: another file has the funnel '{funnel.id}' too: give each its own id")
        funnels[funnel.id] = funnel
    return list(funnels.values())


def _connection(settings: "Settings", url: str | None) -> "Connection":
    from touchline.grafana import Connection

    if url is None and settings.store:
        url = settings.store
    if url is None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{host}:{settings.port}/clickhouse"
    return Connection.at(url, settings.store_user)


def _password(settings: "Settings") -> str:
    """That of the store: of the settings, else the token of the data folder; '' where there is none yet."""
    if settings.store:
        return settings.store_password.get_secret_value()
    try:
        return (settings.data / "token").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
