"""`touchline audit`: the weakest touchpoints, with evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.options import Rules
from touchline.cli.output import print_json
from touchline.cli.report_files import write_report

if TYPE_CHECKING:
    from touchline.reports.audit.audit import Audit

FILE = "FILE"


def audit(
    since: Annotated[str, typer.Option(metavar="30d|TIME", help="How far back, or from when.")] = "30d",
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Up to when; now, or the newest event, if not given.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar=FILE, help="Write it as a page of HTML; - is standard output.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar=FILE, help="Write it as Markdown; - is standard output.")
    ] = None,
    since_audit: Annotated[
        Path | None,
        typer.Option(metavar=FILE, help="An earlier audit, as --json printed it, to compare with."),
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    rules: Rules = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the weakest touchpoints: cost, causes, journeys, and who should fix them.

    What changed is said against the last audit that the server made, or against --since-audit.

    Example: touchline audit
    Example: touchline audit --since 60d --html audit.html
    Example: touchline audit --json > audit-november.json
    Example: touchline audit --since-audit audit-october.json --markdown -
    """
    try:
        from touchline.services.reporting.auditing import Audited, make_audit
        from touchline.services.reporting.insight import computed_costs, terms_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("numpy", "scipy"):
            raise
        raise fail(
            "audit needs SciPy: from a clone, run pip install './touchline[server,analysis]'"
        ) from None
    from touchline.cli.spans import extent, moment, query_function
    from touchline.cli.spans import since as began
    from touchline.config.rule_packs import rules_in_force
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.reports.audit.writing import audit_report

    settings = load_settings(data=data, rules=rules)
    last = None if since_audit is None else _read(since_audit)
    with readable_store(settings) as reader:
        ask = query_function(reader)
        oldest, end = extent(ask)
        last_ms = end if until is None else moment(until, "--until", settings.zone)
        what = Audited(
            since=began(since, last_ms, settings.zone),
            until=last_ms,
            oldest=oldest,
            end=end,
            zone=settings.zone,
            rules=rules_in_force(settings),
            last=last,
        )
        costs = computed_costs(ask, terms_of(settings, what.since, end), what.rules)
        found = make_audit(ask, what, costs)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(found))
        return
    write_report(audit_report(found), html, markdown, settings.public_url)


def _read(path: Path) -> "Audit":
    """An audit from a file."""
    import msgspec

    from touchline.reports.audit.audit import Audit

    try:
        return msgspec.json.decode(path.read_bytes(), type=Audit)
    except OSError as error:
        raise fail(f"--since-audit {path}: {error.strerror}", 2) from None
    except msgspec.DecodeError as error:
        raise fail(f"--since-audit {path}: {error}: write the file with touchline audit --json", 2) from None
