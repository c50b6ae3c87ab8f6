"""Elements of SVG. Every text and every attribute is escaped; numbers are rounded."""

from collections.abc import Iterable
from html import escape

from touchline.vocabulary.wording import plain

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
CHARACTER = 7.2
"""About how wide (px) a character is at `SMALL`."""
SMALL = 12


def element(name: str, *content: str, **attributes: object) -> str:
    """An element; `content` is SVG. Names of attributes have `_` for `-`."""
    written = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(number(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(content)}</{name}>" if content else f"<{name}{written}/>"


def number(value: object) -> str:
    """A number as SVG has it, with at most two decimals; any other value as text."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def label(text: str, x: float, y: float, longest: int = 60, **attributes: object) -> str:
    """A text of at most `longest` characters on one line."""
    given = {"font_size": SMALL, "fill": "currentColor", **attributes}
    return element("text", escape(plain(text, longest)), x=x, y=y, **given)


def drawing(width: float, height: float, title: str, content: Iterable[str]) -> str:
    """A whole picture; `title` is its name for screen readers."""
    return element(
        "svg",
        element("title", escape(plain(title, 300))),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(float(width))} {number(float(height))}",
        width=width,
        height=height,
        role="img",
        font_family=FONT,
        style="max-width: 100%; height: auto",
    )
