"""Print docs/reference/sdk.md: the public names of `touchline.sdk`, from their signatures and docstrings.

Run: uv run python docs/reference/sdk_page.py > docs/reference/sdk.md
"""

import ast
import re
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

ROOT = Path(__file__).parents[2] / "producers"

SECTIONS = {
    "Client": (
        *("Touchline", "Identifiers", "Identifier", "Channel", "WhenFull", "BeforeSend"),
        *(
            "bind",
            "Binding",
            "Contact",
            "Checkout",
            "Visit",
            "Promise",
            "InvalidEvent",
            "QueueFull",
            "close_on_sigterm",
        ),
    ),
    "Limits and losses": ("Limits", "Stats", "Loss", "OnLoss", "Problem", "OnError"),
    "Transports for tests and one machine": ("Memory", "Embedded"),
    "Your own transport": (
        *("Transport", "Batch", "Account", "Outcome", "Accepted", "Example", "Retry", "TooLarge", "Refused"),
    ),
}
"""The public names, by the section of the page."""

_HEAD = """# SDK reference

Generated from the code by `uv run python docs/reference/sdk_page.py > docs/reference/sdk.md`. The guide is
[Track events from Python](../sdk.md). Import every name from `touchline.sdk`.
"""
_GROUP = re.compile(r"(Args|Returns|Raises):\n((?:    .*\n?|\n)+)", re.MULTILINE)
_ITEM = re.compile(r"^(\w[\w, ]*): (.*)$")


def page() -> str:
    """The page in Markdown."""
    parts = [_HEAD]
    for title, names in SECTIONS.items():
        parts.append(f"## {title}\n")
        for name in names:
            parts.extend(_entry(name))
    return "\n".join(parts)


def _entry(name: str) -> Iterator[str]:
    module, index = _definition("touchline.sdk", name)
    node = module.body[index]
    yield f"### {name}\n"
    if isinstance(node, ast.ClassDef):
        yield f"```\n{_constructor(node)}\n```\n"
        yield _prose(ast.get_docstring(node))
        yield from _members(node)
    elif isinstance(node, ast.FunctionDef):
        yield f"```\n{_call(node.name, node, is_method=False)}\n```\n"
        yield _prose(ast.get_docstring(node))
    else:
        yield f"```\n{ast.unparse(node)}\n```\n"
        yield _prose(_docstring_after(module.body, index))


def _members(node: ast.ClassDef) -> Iterator[str]:
    """The documented attributes and methods of a class; attributes may be set in `__init__`."""
    init = next(
        (part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"), None
    )
    rows = [row for body in (node.body, init.body if init else []) for row in _attributes(body)]
    if rows:
        yield "\n".join(["| Attribute | Default | Meaning |", "|---|---|---|", *rows]) + "\n"
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and not method.name.startswith("_"):
            yield f"#### {node.name}.{method.name}\n"
            if not method.decorator_list:
                yield f"```\n{_call(method.name, method)}\n```\n"
            yield _prose(ast.get_docstring(method))


def _attributes(body: list[ast.stmt]) -> Iterator[str]:
    for index, statement in enumerate(body):
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        doc = " ".join(_docstring_after(body, index).split())
        if not name.startswith("_") and doc:
            default = (
                f"`{ast.unparse(statement.value)}`"
                if isinstance(target, ast.Name) and statement.value
                else ""
            )
            yield f"| `{name}` | {default} | {doc} |"


def _constructor(node: ast.ClassDef) -> str:
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            return _call(node.name, part)
    fields = [ast.unparse(part) for part in node.body if isinstance(part, ast.AnnAssign)]
    fields = [field.replace("field(default_factory=dict)", "{}") for field in fields]
    is_protocol = any(ast.unparse(base) == "Protocol" for base in node.bases)
    return f"class {node.name}(Protocol)" if is_protocol else _lines(node.name, fields, "")


def _call(name: str, function: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool = True) -> str:
    """The signature, of a method without `self`, one parameter per line if it is long."""
    signature = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(signature, ast.FunctionDef | ast.AsyncFunctionDef)  # noqa: S101 - for the type checker
    arguments = signature.args
    if is_method:
        (arguments.posonlyargs or arguments.args).pop(0)
    returns = f" -> {ast.unparse(signature.returns)}" if signature.returns and name != "__init__" else ""
    if returns == " -> None":
        returns = ""
    parameters = re.split(r", (?![^\[(]*[\])])", ast.unparse(arguments)) if ast.unparse(arguments) else []
    return _lines(name, [re.sub(r"(: [^=]+)=", r"\1 = ", parameter) for parameter in parameters], returns)


def _lines(name: str, parameters: list[str], returns: str) -> str:
    text = f"{name}({', '.join(parameters)}){returns}"
    if len(text) <= 100:
        return text
    return "\n".join([f"{name}(", *(f"    {parameter}," for parameter in parameters), f"){returns}"])


def _prose(docstring: str | None) -> str:
    """A docstring in Markdown: its sections become lists."""
    text = cleandoc(docstring or "")
    return re.sub(r"\n{3,}", "\n\n", _GROUP.sub(_list, f"{text}\n")).rstrip("\n") + "\n"


def _list(match: re.Match[str]) -> str:
    title, lines = match[1], cleandoc(match[2]).splitlines()
    items: list[str] = []
    for line in lines:
        if (found := _ITEM.match(line)) and title != "Returns":
            items.append(f"- `{found[1]}`: {found[2]}")
        elif items:
            items[-1] += f" {line.strip()}"
        else:
            items.append(line)
    heading = {"Args": "Arguments", "Returns": "Returns", "Raises": "Raises"}[title]
    return f"{heading}:\n\n" + "\n".join(items) + "\n\n"


def _definition(package: str, name: str) -> tuple[ast.Module, int]:
    """The module that defines a name, and the index of the definition; imports are followed."""
    path = ROOT / package.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    module = ast.parse(file.read_text(encoding="utf-8"))
    for index, statement in enumerate(module.body):
        if isinstance(statement, ast.ImportFrom) and name in {alias.name for alias in statement.names}:
            return _definition(statement.module or "", name)
        if isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.name == name:
            return module, index
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return module, index
    raise LookupError(name)


def _docstring_after(body: list[ast.stmt], index: int) -> str:
    """The string literal after an assignment."""
    following = body[index + 1] if index + 1 < len(body) else None
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        return str(following.value.value)
    return ""


if __name__ == "__main__":
    sys.stdout.write(page())
