"""The page `docs/reference/commands.md`, generated from the commands themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

_HEAD = """# Commands

Generated from the code by `uv run touchline dev reference > docs/reference/commands.md`.

Settings come from `touchline.toml`, the environment (`TOUCHLINE_…`) and flags; the later of these wins. Every
command has `--help`. Exit codes: 0 done, 1 not done (standard error says why), 2 wrong usage.
"""


def commands_page(app: typer.Typer, panels: dict[str, Any]) -> str:
    """Return the page in Markdown: each panel of `--help`, with each of its commands.

    Args:
        app: The `touchline` command.
        panels: The names of its commands, by panel.
    """
    group: Any = typer.main.get_command(app)
    parts = [_HEAD]
    for panel, names in panels.items():
        parts.append(f"## {panel}\n")
        for name in names:
            parts.extend(_sections(group.commands[name], f"touchline {name}"))
    return "\n".join(parts)


def _sections(command: Any, path: str) -> Iterator[str]:
    """Each command that does something, itself or below the group."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            if not inner.hidden:
                yield from _sections(inner, f"{path} {name}")
        return
    yield f"### {path}\n"
    yield f"{_text(command.help)}\n"
    yield f"```\n{_usage(command, path)}\n```\n"
    if rows := [_row(parameter) for parameter in command.params if _described(parameter)]:
        yield "\n".join(["| Parameter | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


def _text(help_text: str) -> str:
    """The help with its examples as code."""
    lines: list[str] = []
    for line in help_text.splitlines():
        if line.startswith("Example: "):
            separator = [""] if lines and lines[-1] else []
            lines += [*separator, f"Example: `{line.removeprefix('Example: ')}`"]
        else:
            lines.append(line.replace("<", "\\<"))
    return "\n".join(lines)


def _usage(command: Any, path: str) -> str:
    arguments = [_argument(one) for one in command.params if one.param_type_name == "argument"]
    return " ".join([path, *arguments, "[OPTIONS]"])


def _argument(parameter: Any) -> str:
    name: str = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _described(parameter: Any) -> bool:
    return getattr(parameter, "help", None) is not None and not getattr(parameter, "hidden", False)


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = _argument(parameter)
    else:
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        name = names if parameter.is_flag else f"{names} {_value(parameter)}"
    default = "" if parameter.default in (None, False, "", ()) or parameter.required else parameter.default
    shown = f"`{default}`" if default != "" and not callable(default) and not parameter.is_flag else ""
    meaning = parameter.help.replace("|", "\\|")
    required = " Required." if parameter.required and parameter.param_type_name == "option" else ""
    code = name.replace("|", "\\|")
    return f"| `{code}` | {shown} | {meaning}{required} |"


def _value(parameter: Any) -> str:
    """What to write for an option: its metavar, or the name of its type."""
    if parameter.metavar:
        return str(parameter.metavar)
    return {int: "INTEGER", float: "NUMBER", Path: "PATH"}.get(parameter.type_descriptor.annotation, "TEXT")
