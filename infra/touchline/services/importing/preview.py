"""What an import of a sample would do: how it is read, a mapping, its rows as events. Nothing is stored."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from touchline.imports import FileError, FileOptions, Mapping
from touchline.imports.suggestion.document import suggest
from touchline.imports.suggestion.sampling import take_sample
from touchline.imports.yaml_mapping.document import load_yaml
from touchline.services.importing.rehearsal import Rehearsal, rehearse
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.validation import Validator

SAMPLE_BYTES: Final = 256 * 1024
"""The beginning of a file that is looked at."""

MAPPING_CHARACTERS: Final = 64 * 1024

_KINDS: Final = {".csv": ".csv", ".tsv": ".csv", ".txt": ".csv", ".ndjson": ".ndjson", ".jsonl": ".ndjson"}
_CLOSED: Final = (".gz", ".zip", ".parquet", ".xlsx", ".xls", ".bz2", ".xz", ".7z")


class Previewed(NamedTuple):
    """A sample as an import would take it.

    Attributes:
        mapping: The mapping, as YAML: the suggested one, or the given one; empty if rows are native events.
        error: Why there is nothing to show; empty if there is.
        detected: How the text was read: option and value.
        rows: How many rows the sample has.
        refused: How many of them are refused.
        reasons: Why, how many rows, and the first of them.
        shown: The first rows: row, events, and why it is refused.
        cut: Whether the file goes on behind the sample.
    """

    mapping: str
    error: str = ""
    detected: Sequence[tuple[str, str]] = ()
    rows: int = 0
    refused: int = 0
    reasons: Sequence[tuple[str, int, str]] = ()
    shown: Sequence[tuple[int, list[dict[str, Any]], str]] = ()
    cut: bool = False


def preview(name: str, sample: bytes, mapping: str, validator: Validator, *, cut: bool = False) -> Previewed:
    """Read the beginning of a file by a mapping; without one, by a suggested one.

    Args:
        name: The file's name, whose extension says what it is.
        sample: Its beginning, at most `SAMPLE_BYTES`.
        mapping: YAML; empty for a suggestion.
        validator: What the events are validated by.
        cut: Whether the file goes on: the last line may then be incomplete, and is left out.
    """
    name = PurePath(name.replace("\\", "/")).name or "file"
    try:
        kind = _kind(name)
        if len(mapping) > MAPPING_CHARACTERS:
            raise FileError(
                f"the mapping has {len(mapping):,} characters: write at most {MAPPING_CHARACTERS:,}"
            )
        if cut:
            sample = sample[: sample.rfind(b"\n") + 1] or sample
        with TemporaryDirectory(prefix="touchline-preview-") as folder:
            # The name is used for texts alone.
            path = Path(folder) / f"{_stem(name)}{kind}"
            path.write_bytes(sample[:SAMPLE_BYTES])
            return _previewed(path, mapping, validator, cut=cut)
    except TouchlineError as error:
        return Previewed(mapping, _without_folder(str(error)))


def _previewed(path: Path, text: str, validator: Validator, *, cut: bool) -> Previewed:
    mapping: Mapping | None = None
    if not text and path.suffix == ".ndjson":
        native = rehearse(path, None, validator)
        if native.tally.refused < native.tally.rows:
            return _as_previewed("", native, cut=cut)
    if not text:
        text = suggest(take_sample(path, FileOptions()))
    try:
        mapping = load_yaml(path.with_suffix(".yaml"), text)
        return _as_previewed(text, rehearse(path, mapping, validator), cut=cut)
    except TouchlineError as error:
        return Previewed(text, _without_folder(str(error)), cut=cut)


def _as_previewed(text: str, rehearsal: Rehearsal, *, cut: bool) -> Previewed:
    tally = rehearsal.tally
    return Previewed(
        text,
        "",
        [(choice.option, str(choice.value)) for choice in rehearsal.detected],
        tally.rows,
        tally.refused,
        [(reason.why, reason.rows, ", ".join(map(str, reason.at))) for reason in tally.reasons],
        [(shown.row, shown.events, shown.refused) for shown in rehearsal.shown],
        cut,
    )


def _kind(name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    if suffix in _CLOSED:
        raise FileError(
            f"{suffix} files are not previewed: unpack it, or save it as CSV; `touchline import FILE --map "
            "MAPPING --dry-run` takes .gz and .parquet"
        )
    if suffix not in _KINDS:
        raise FileError(f"unknown extension {suffix!r}: choose a .csv, .tsv, .txt, .ndjson or .jsonl file")
    return _KINDS[suffix]


def _stem(name: str) -> str:
    kept = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in PurePath(name).stem)
    return kept[:60].lstrip(".") or "file"


def _without_folder(message: str) -> str:
    return " ".join(
        PurePath(word).name if "touchline-preview-" in word else word for word in message.split(" ")
    )
