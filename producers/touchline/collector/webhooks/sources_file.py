"""The file of sources: parsed with every fault, and opened with its secrets and mappings."""

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from touchline.collector.webhooks.kinds import KINDS
from touchline.collector.webhooks.source import GenericSource, Opened, Source
from touchline.documents import Document, Fault, Secret, by_place, explained, suggestion
from touchline.imports.errors import MappingError
from touchline.imports.mapping import Mapping as FileMapping
from touchline.imports.mapping import load_mapping
from touchline.vocabulary.errors import ConfigurationError

LONGEST_SECRET: Final = 4_096

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")


class SourcesError(ConfigurationError):
    """A file of sources that cannot be used; the message says where and what to write, a fault a line."""


class SourcesFile(NamedTuple):
    """The sources of a file by name, and its faults. The file cannot be used if there are any."""

    sources: Mapping[str, Source]
    faults: tuple[Fault, ...]


def read_sources(document: Document) -> SourcesFile:
    """The sources of a document, and its faults. No secret is read."""
    faults = list(document.faults)
    raw = document.raw
    given = raw.get("sources") if isinstance(raw, dict) else None
    if isinstance(raw, dict):
        faults += [
            document.fault((name,), f"{name}: unknown key; write sources", key=True)
            for name in raw
            if name != "sources"
        ]
    if not isinstance(given, dict) and not faults:
        faults.append(document.fault((), "write names and options of sources under 'sources'"))
    sources: dict[str, Source] = {}
    for name, options in (given if isinstance(given, dict) else {}).items():
        if not isinstance(name, str) or not _NAME.match(name):
            message = "a name has up to 40 lower-case letters, digits, - or _, and begins with no mark"
            faults.append(document.fault(("sources", name), message, key=True))
            continue
        source = _source(document, name, options, faults)
        if source is not None:
            sources[name] = source
    return SourcesFile(sources, tuple(sorted(faults, key=by_place)))


def open_sources(text: str, path: Path) -> dict[str, Opened[Any]]:
    """The sources of a file's text, with their secrets and mappings; `path` is where it stands.

    Raises:
        SourcesError: the file has faults, or a secret or a mapping cannot be read.
    """
    file = read_sources(Document(text, str(path)))
    if file.faults:
        raise SourcesError("\n".join(map(str, file.faults)))
    return {name: _opened(name, source, path) for name, source in file.sources.items()}


def _source(document: Document, name: str, options: Any, faults: list[Fault]) -> Source | None:
    where = ("sources", name)
    if not isinstance(options, dict):
        faults.append(document.fault(where, f"{name}: write its kind and its secret"))
        return None
    kind = KINDS.get(str(options.get("kind")))
    if kind is None:
        word = options.get("kind")
        known = suggestion(word, KINDS) or f"; write one of {', '.join(KINDS)}"
        faults.append(document.fault((*where, "kind"), f"{name}.kind: there is no kind {word!r}{known}"))
        return None
    try:
        source: Source = kind.source.model_validate(options)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            loc = tuple(detail["loc"])
            by_key = detail["type"] == "extra_forbidden"
            message = explained(detail, kind.source.model_fields, ())
            steps = ".".join(map(str, (name, *loc)))
            faults.append(document.fault((*where, *loc), f"{steps}: {message}", key=by_key))
        return None
    return source


def _opened(name: str, source: Source, path: Path) -> Opened[Any]:
    secrets = tuple(_secret(name, one, path) for one in source.secret)
    mapping = None
    if isinstance(source, GenericSource):
        below = path.parent / source.mapping
        try:
            mapping = _mapping(str(below), _stamp(below)) if below.exists() else _mapping(source.mapping)
        except MappingError as error:
            raise SourcesError(f"{path}: source {name}: {error}") from None
        if mapping.group is not None:
            raise SourcesError(f"{path}: source {name}: its mapping groups rows; a webhook has single events")
    return Opened(name, source, secrets, mapping)


@lru_cache(maxsize=64)
def _mapping(name_or_path: str, stamp: tuple[int, int] | None = None) -> FileMapping:
    """A mapping; the file is read, or run if it is Python, once for each `stamp`."""
    return load_mapping(name_or_path)


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def _secret(name: str, given: Secret, path: Path) -> bytes:
    where = f"{path}: source {name}"
    if given.text is not None:
        found = given.text.get_secret_value()
    elif given.env is not None:
        found = os.environ.get(given.env, "")
        if not found:
            raise SourcesError(f"{where}: the environment has no {given.env}, which should hold its secret")
    else:
        try:
            found = (path.parent / str(given.file)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SourcesError(f"{where}: its secret in {given.file} cannot be read: {error}") from None
    if not found.strip() or len(found) > LONGEST_SECRET:
        raise SourcesError(f"{where}: its secret is empty or longer than {LONGEST_SECRET} characters")
    return found.encode()
