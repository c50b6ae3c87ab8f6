"""The page about webhooks agrees with the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from touchline.collector.webhooks.kinds import KINDS
from touchline.collector.webhooks.source import Challenge, GenericSource, Signature, Source
from touchline.collector.webhooks.sources_file import read_sources
from touchline.documents import Document
from touchline.imports.yaml_mapping.document import load_yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/connect/webhooks.md").read_text(encoding="utf-8")
PROVIDERS = sorted((ROOT / "producers/touchline/collector/webhooks/providers").glob("*.py"))


def blocks() -> Iterator[str]:
    for found in re.finditer(r"^( *)```yaml\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE):
        yield re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)


@pytest.mark.parametrize("path", PROVIDERS, ids=lambda path: path.stem)
def test_the_table_of_a_provider_is_on_the_page(path: Path) -> None:
    """What maps to what stands in the module and on the page, in the same lines."""
    lines = path.read_text(encoding="utf-8").split('"""')[1].splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert rows or path.stem in ("__init__", "generic")
    assert "\n".join(rows) in PAGE


def test_each_kind_and_option_is_on_the_page() -> None:
    """A kind is named with its secret, an option in a table."""
    for kind in KINDS:
        assert re.search(rf"Kinds? [^.]*`{kind}`", PAGE), kind
    own = {*GenericSource.model_fields} - {*Source.model_fields}
    names = {*Source.model_fields, *own} - {"signature", "challenge"}
    names |= {f"signature.{name}" for name in Signature.model_fields}
    names |= {f"challenge.{name}" for name in Challenge.model_fields}
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []


def test_the_examples_of_the_page_can_be_used() -> None:
    """Each file of sources is without faults, and the mapping is one."""
    seen = set()
    for text in blocks():
        top = next(iter(yaml.safe_load(text)))
        seen.add(top)
        if top == "sources":
            assert read_sources(Document(text, "webhooks.yaml")).faults == ()
        else:
            assert load_yaml(Path("surveys.yaml"), text).events
    assert seen == {"sources", "events"}
