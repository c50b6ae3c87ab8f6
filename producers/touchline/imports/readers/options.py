"""Options of reading a file, from a mapping or from a command, and what a reader chose without them."""

import codecs
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from touchline.imports.errors import MappingError

_TAB = ("tab", "\\t")


class Choice(NamedTuple):
    """What a reader chose: the option that would set it, its value, and the reason."""

    option: str
    value: str
    why: str

    def __str__(self) -> str:
        return f"{self.option} {self.value} ({self.why})"


def _encoding(name: str) -> str:
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        raise ValueError(f"no encoding {name!r}: write one such as utf-8, cp1252 or utf-16") from None
    return codecs.lookup(name).name


def _delimiter(mark: str) -> str:
    mark = "\t" if mark in _TAB else mark
    if len(mark) != 1 or mark in '"\r\n':
        raise ValueError(f"a delimiter is one character, such as ';' or tab, not {mark!r}")
    return mark


def _decimal(mark: str) -> str:
    if mark not in (".", ","):
        raise ValueError(f"write '.' or ',', not {mark!r}")
    return mark


def _thousands(mark: str) -> str:
    mark = " " if mark == "space" else mark
    if len(mark) != 1 or mark.isalnum() or mark in "+-":
        raise ValueError(f"write one character, such as '.', ',', ' ' or \"'\", not {mark!r}")
    return mark


class FileOptions(BaseModel):
    """How to read a file. An option that is None is detected, or has its default.

    Args:
        encoding: The encoding of a text file. Default: UTF-8, or as the byte order mark says.
        delimiter: What separates the fields of CSV. Default: detected from the header and the first rows.
        decimal: The decimal mark of numbers in text. Default: a point.
        thousands: The mark between thousands in numbers in text. Default: none.
        skip_rows: How many lines of CSV come before the header. Default: 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    delimiter: Annotated[str, AfterValidator(_delimiter)] | None = None
    decimal: Annotated[str, AfterValidator(_decimal)] | None = None
    thousands: Annotated[str, AfterValidator(_thousands)] | None = None
    skip_rows: int | None = Field(default=None, ge=0, le=10_000)

    @property
    def given(self) -> dict[str, Any]:
        """The options that are set."""
        values = {name: getattr(self, name) for name in FileOptions.model_fields}
        return {name: value for name, value in values.items() if value is not None}

    def check_marks(self) -> None:
        """Check that the decimal mark and the mark between thousands differ.

        Raises:
            ValueError: they are the same.
        """
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            other = "," if self.thousands == "." else "."
            raise ValueError(
                f"decimal and thousands are both {self.thousands!r}: set decimal to {other!r} as well"
            )


def given_options(values: dict[str, Any], where: str) -> FileOptions:
    """Options from outside of YAML: flags of a command, or a dict of a Python mapping.

    Raises:
        MappingError: a value is wrong; the message begins with `where` and names the option.
    """
    try:
        return FileOptions.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = ".".join(map(str, first["loc"][:1]))
        cause = first["ctx"]["error"] if first["type"] == "value_error" else first["msg"]
        raise MappingError(f"{where}{f' {option}' if option else ''}: {cause}") from None
