"""Where rules are read from: a file of the user's, or the pack that ships with the product."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from touchline.config.settings import Settings
from touchline.config.text_files import text_of
from touchline.config.tracking_plan import load_plan
from touchline.documents import Document, Fault
from touchline.friction import RuleSet
from touchline.rules import Rule, RulesError
from touchline.rules.examples import Example, read_examples
from touchline.rules.overrides import Entry
from touchline.rules.rules_file import read_rules
from touchline.vocabulary.order import PHASES, Phases, phases_of


class Pack(NamedTuple):
    """Rules as they are in force, as they are written, with the examples of their own file."""

    document: Document
    rules: tuple[Rule, ...]
    entries: Mapping[str, Entry]
    """The rules as written, by id."""
    examples: Mapping[str, tuple[Example, ...]]
    shown: Mapping[str, Any]
    """The examples as written, by rule."""
    faults: tuple[Fault, ...]
    """With any of these the rules cannot be used."""

    @property
    def own(self) -> list[str]:
        """The rules that the file itself writes or changes."""
        return [name for name, entry in self.entries.items() if self.document in entry.documents]


def shipped_rules(name: str) -> Path:
    """The file of a rule pack that ships beside the default one: `completejourney`."""
    return Path(str(files("touchline.rules").joinpath("packs", f"{name}.yaml")))


def rules_in_force(settings: Settings) -> RuleSet:
    """The rules of the settings, with the phases of their tracking plan.

    Raises:
        RulesError, PlanError: a file cannot be used.
    """
    return load_rules(settings.rules, phases_of(load_plan(settings.plan)))


def load_rules(path: Path | None = None, phases: Phases = PHASES) -> RuleSet:
    """The rules of a YAML file; without one, the default pack. `phases` put events in order.

    Raises:
        RulesError: the file cannot be read, or says something that no rule can say.
    """
    file = read_rules(*_source(path))
    if file.faults:
        raise RulesError("\n".join(map(str, file.faults)))
    return RuleSet(file.rules, phases)


def load_pack(path: Path | None = None) -> Pack:
    """All that a rules file says, faults included; without one, the default pack and its examples.

    Raises:
        RulesError: the file cannot be read.
    """
    document, packs = _source(path)
    examples = document if path else _shipped_document("default.examples.yaml", "default pack's examples")
    file = read_rules(document, packs)
    entries = {one.id: one for one in file.entries}
    read, faults = read_examples(examples, set(entries))
    shown = examples.raw.get("examples", {}) if read else {}
    return Pack(document, file.rules, entries, read, shown, (*file.faults, *faults))


def _source(path: Path | None) -> tuple[Document, dict[str, str]]:
    """A rules file, and the packs that it may extend."""
    if path is None:
        return _shipped_document("default.yaml", "default pack"), {}
    return Document(text_of(path, RulesError), str(path)), {"default": _shipped("default.yaml")}


@cache
def _shipped_document(file: str, name: str) -> Document:
    """A shipped file, parsed once: that takes longer than all else that reads it. Nothing changes it."""
    return Document(_shipped(file), name)


def _shipped(name: str) -> str:
    return files("touchline.rules").joinpath("packs", name).read_text(encoding="utf-8")
