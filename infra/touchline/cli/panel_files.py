"""Writes a panel to files: pictures and CSV."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from touchline.cli.errors import fail
from touchline.cli.report_files import write_file

if TYPE_CHECKING:
    from touchline.store.answers import Answer
    from touchline.store.reader import Reader


class _Queried:
    """A reader as the live page queries a store."""

    def __init__(self, reader: "Reader") -> None:
        self._reader = reader

    def query(self, sql: str, parameters: dict[str, Any]) -> "Answer":
        """The answer to a query; lists are parameters of texts without quotation marks."""
        from touchline.store import parse_answer

        texts = {name: _text(value) for name, value in parameters.items()}
        return parse_answer(self._reader.reply(sql, "JSONCompact", texts).body)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "[" + ",".join(f"'{one}'" for one in value) + "]"
    return str(value)


def write_panel(
    name: str,
    files: Mapping[str, Path | None],
    span: str,
    filters: Sequence[str],
    data: Path | None,
) -> None:
    """Write a panel to the files that are given, by format (`svg`, `png`, `csv`).

    Args:
        name: The panel's id.
        files: The file of each format.
        span: The period, as on the live page; '' for the dashboard's.
        filters: `NAME=VALUE` each.
        data: The data folder.
    """
    from touchline.config.rule_packs import load_rules
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.documents import suggestion
    from touchline.live.boards.csv_text import csv_text
    from touchline.live.boards.loading import load_panel
    from touchline.live.boards.page import view_of
    from touchline.live.boards.picture import panel_picture
    from touchline.panels import BY_ID, DASHBOARDS

    if name not in BY_ID:
        raise fail(f"there is no panel '{name}'{suggestion(name, BY_ID)}; see docs/panels.md", 2)
    [dashboard] = (one for one in DASHBOARDS if one.id == BY_ID[name].dashboard)
    chosen = dict(_filter(text, [one.name for one in dashboard.variables]) for text in filters)
    settings = load_settings(data=data)
    view = view_of(dashboard, {**chosen, "span": span}, settings.zone)
    if span and view.period.span != span:
        raise fail(f"--span {span}: write 24h, 7d, 30d, all, or two days such as 2026-11-01..2026-11-08", 2)
    rules = {rule.id: rule for rule in load_rules(settings.rules).rules}
    with readable_store(settings) as reader:
        loaded = load_panel(_Queried(reader), name, view, int(time.time() * 1000), settings.goals, rules)
    if loaded is None:
        raise fail("there are no events: send or import some first")
    picture = panel_picture(loaded, settings.zone)
    for kind, path in files.items():
        if path is not None:
            content = csv_text(loaded) if kind == "csv" else picture
            write_file(path, _png(content) if kind == "png" else content.encode())


def _filter(text: str, known: Sequence[str]) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name not in known:
        raise fail(f"--filter {text}: write NAME=VALUE; the names are {', '.join(known)}", 2)
    return name, value


def _png(svg: str) -> bytes:
    """The picture at twice its size, for screens with many dots."""
    try:
        from resvg_py import svg_to_bytes
    except ModuleNotFoundError:
        raise fail("--png needs resvg: from a clone, run pip install './touchline[server,png]'") from None
    return bytes(svg_to_bytes(svg_string=svg, zoom=2))
