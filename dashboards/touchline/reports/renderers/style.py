"""How a report looks on its own: one column, light or dark, black on white on paper."""

import re
from typing import Final

_LIGHT: Final = {
    "page": "#f5f6f8",
    "card": "#fff",
    "ink": "#1b2330",
    "muted": "#5b6675",
    "line": "#dfe3e9",
    "soft": "#eef1f5",
    "link": "#1f5fbf",
    "bar": "#8795a8",
    "good": "#1d7a46",
    "warn": "#8a5a00",
    "bad": "#b3261e",
}
_DARK: Final = {
    "page": "#12161c",
    "card": "#1b212a",
    "ink": "#e6eaf0",
    "muted": "#9ba7b6",
    "line": "#2f3844",
    "soft": "#252d38",
    "link": "#8ab8ff",
    "bar": "#78869a",
    "good": "#6fd39b",
    "warn": "#f0c36a",
    "bad": "#ff8a80",
}
_PAPER: Final = dict.fromkeys(("ink", "muted", "link", "good", "warn", "bad"), "#000") | {
    "page": "#fff",
    "card": "#fff",
    "line": "#999",
    "soft": "#e8e8e8",
    "bar": "#666",
}

REPORT: Final = """
.tr { color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.tr h1 { font-size: 27px; line-height: 1.2; font-weight: 650; margin: 0 0 4px; letter-spacing: -.01em; }
.tr h2 { font-size: 19px; line-height: 1.3; font-weight: 650; margin: 0 0 4px; }
.tr h3 { font-size: 16px; line-height: 1.35; font-weight: 650; margin: 22px 0 6px; padding-top: 16px; border-top: 1px solid var(--line); }
.tr p { margin: 8px 0; } .tr a { color: var(--link); text-decoration: none; } .tr a:hover { text-decoration: underline; }
.tr header { margin: 0 0 18px; } .tr header .tr-lead { font-size: 17px; margin-top: 12px; max-width: 70ch; }
.tr section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px; margin: 0 0 16px; overflow-wrap: anywhere; }
.tr-question, .tr-subtitle, .tr-muted, .tr footer { color: var(--muted); font-size: 14px; }
.tr .tr-question { margin: 0 0 10px; }
.tr ul { margin: 8px 0; padding-left: 20px; } .tr li { margin: 4px 0; }
.tr-good { color: var(--good); font-weight: 600; } .tr-warn { color: var(--warn); font-weight: 600; } .tr-bad { color: var(--bad); font-weight: 600; }
.tr-figures { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 10px 0; } .tr-figures div { min-width: 130px; }
.tr-figures span { display: block; color: var(--muted); font-size: 13px; } .tr-figures b { display: block; font-size: 26px; line-height: 1.2; font-weight: 650; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.tr-scroll { overflow-x: auto; } .tr table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; margin: 8px 0; }
.tr th { text-align: left; font-size: 13px; font-weight: 500; color: var(--muted); padding: 0 14px 6px 0; vertical-align: bottom; }
.tr td { border-top: 1px solid var(--line); padding: 7px 14px 7px 0; vertical-align: baseline; }
.tr th, .tr td { overflow-wrap: break-word; } .tr td:not(.tr-number) { min-width: 6em; max-width: 22em; }
.tr .tr-number { text-align: right; white-space: nowrap; }
.tr-bars { margin: 8px 0; } .tr-bars div { margin: 8px 0; } .tr-bars span { display: flex; justify-content: space-between; gap: 14px; }
.tr-bars b { white-space: nowrap; } .tr-bars i { display: block; height: 8px; border-radius: 4px; background: var(--bar); margin-top: 3px; }
.tr blockquote { margin: 12px 0; padding: 2px 0 2px 16px; border-left: 3px solid var(--bar); } .tr blockquote p { margin: 4px 0; font-size: 16px; }
.tr figure { margin: 12px 0; } .tr figcaption { font-size: 14px; font-weight: 600; margin-bottom: 4px; } .tr svg { display: block; max-width: 100%; height: auto; }
@media (max-width: 560px) { .tr h1 { font-size: 22px; } .tr section { padding: 14px; } .tr-figures b { font-size: 22px; } .tr-figures div { min-width: 42%; }
  .tr .tr-wide, .tr-wide tbody { display: block; } .tr-wide thead { display: none; } .tr-wide tr { display: grid; grid-template-columns: 1fr 1fr; gap: 3px 14px; padding: 9px 0; border-top: 1px solid var(--line); }
  .tr .tr-wide td { border: 0; padding: 0; text-align: left; white-space: normal; min-width: 0; max-width: none; } .tr .tr-wide td:first-child { grid-column: 1 / -1; font-weight: 600; }
  .tr .tr-wide td:last-child:nth-child(even) { grid-column: 1 / -1; } .tr .tr-scroll svg { min-width: 600px; }
  .tr-wide td:not(:first-child)::before { content: attr(data-title) " "; margin-right: 2px; font-size: 13px; font-weight: 400; color: var(--muted); } }
@media print { .tr section { border: 0; border-top: 1px solid #999; border-radius: 0; padding: 12px 0; margin: 0; }
  .tr h1, .tr h2, .tr h3 { break-after: avoid; } .tr tr, .tr li, .tr blockquote, .tr figure, .tr-figures, .tr-bars div { break-inside: avoid; } .tr thead { display: table-header-group; }
  .tr, .tr :is(p, footer) { font-size: 12px; } .tr :is(table, th) { font-size: 11px; } .tr .tr-muted { font-size: inherit; } .tr p:has(+ ul), .tr .tr-question { break-after: avoid; } .tr a { text-decoration: underline; }
  .tr h1 { font-size: 22px; } .tr h2 { font-size: 16px; } .tr h3 { font-size: 13px; } .tr header .tr-lead { font-size: 14px; } .tr-figures { flex-wrap: nowrap; gap: 24px; } .tr-figures div { min-width: 0; } .tr-figures b { font-size: 20px; } }
"""  # noqa: E501
"""The style of a report, by colours that the page around it defines."""


def _colours(names: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in names.items())


PAGE: Final = f"""
:root {{ color-scheme: light dark; {_colours(_LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_colours(_DARK)} }} }}
@media print {{ :root {{ color-scheme: light; {_colours(_PAPER)} }} @page {{ margin: 16mm; }} }}
body {{ margin: 0; background: var(--page); }}
.tr {{ max-width: 900px; margin: 0 auto; padding: 28px 20px 40px; }}
@media (max-width: 560px) {{ .tr {{ padding: 16px 12px; }} }}
@media print {{ .tr {{ max-width: none; padding: 0; }} }}
"""
"""The page around a report."""


def literal(style: str) -> str:
    """The style with the light colours themselves: programs for e-mail know no variables."""
    return re.sub(r"var\(--(\w+)\)", lambda found: _LIGHT[found[1]], style)


MAIL: Final = literal(
    REPORT
    + "body { margin: 0; background: var(--page); } .tr { max-width: 720px; margin: 0 auto; padding: 20px; }"
)
"""The style of a report in an e-mail."""
