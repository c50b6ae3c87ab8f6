"""Mappings from the rows of a file to native events; loads YAML, Python and shipped mappings."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from touchline.imports.errors import MappingError
from touchline.imports.python_mapping import load_python
from touchline.imports.readers.options import FileOptions
from touchline.imports.readers.rows import Values
from touchline.imports.yaml_mapping.document import load_yaml
from touchline.imports.yaml_mapping.zones import Clock

SHIPPED = Path(__file__).parent / "mappings"


class Mapping(Protocol):
    """A mapping from the rows of a file to events."""

    @property
    def name(self) -> str:
        """The name, the prefix of the ids of its events."""

    @property
    def group(self) -> str | None:
        """The column that groups neighbouring rows; None if each row is mapped by itself."""

    @property
    def options(self) -> FileOptions:
        """How to read the file."""

    def with_options(self, options: FileOptions) -> Self:
        """The mapping with other options, where they are set.

        Raises:
            MappingError: they do not go with those of the mapping.
        """

    def check(self, file: Path, columns: Sequence[str]) -> None:
        """Raise MappingError if the mapping does not fit a file with these columns."""

    def check_name(self, file: str) -> None:
        """Raise MappingError if the mapping has nothing for a file, or a topic, of this name."""

    def names(self, column: str) -> bool:
        """Whether the mapping reads a column of any file; True if it may read any."""

    def reads(self, file: Path) -> frozenset[str] | None:
        """The columns that the mapping reads from a file; None if it may read any."""

    def produce(self, rows: list[Values], file: Path, clock: Clock) -> Iterable[dict[str, Any]]:
        """The events of one row, or of one group of rows. `clock` knows the times of the rows before."""


def shipped() -> list[str]:
    """The names of the mappings that come with Touchline."""
    return sorted(
        path.stem for path in SHIPPED.iterdir() if path.suffix in (".py", ".yaml") and path.stem[0] != "_"
    )


def load_mapping(name_or_path: str) -> Mapping:
    """A mapping by the path of its .yaml, .yml or .py file, or by the name of a shipped one.

    A .py file is run: load only what you would run yourself.

    Raises:
        MappingError: there is none such, or something in it is wrong; the message names the line.
    """
    path = Path(name_or_path)
    if path.is_dir() and name_or_path not in shipped():
        raise MappingError(f"the mapping {path} is a folder: write the path of a .yaml or .py file")
    if path.suffix.lower() not in (".yaml", ".yml", ".py"):
        if name_or_path not in shipped():
            raise MappingError(
                f"there is no mapping {name_or_path!r}; write the path of a .yaml or .py file, or one of"
                f" {', '.join(shipped())}"
            )
        path = next(SHIPPED.glob(f"{name_or_path}.*"))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MappingError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise MappingError(f"cannot read the mapping {path}: {error.strerror}") from None
    return load_python(path) if path.suffix.lower() == ".py" else load_yaml(path, text)
