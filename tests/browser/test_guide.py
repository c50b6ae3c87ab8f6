"""The guide and the types agree with the script."""

import re
from pathlib import Path

from touchline.vocabulary.registry import EVENT_TYPES

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "browser.md").read_text(encoding="utf-8")
SOURCE = ROOT / "producers" / "browser" / "src"
TYPES = (SOURCE / "touchline.d.mts").read_text(encoding="utf-8")


def _members(interface: str) -> set[str]:
    """The names in an interface of the published types."""
    found = re.search(rf"interface {interface} {{\n(.*?)^}}", TYPES, re.DOTALL | re.MULTILINE)
    assert found is not None
    return set(re.findall(r"^  (\w+)\??[(:]", found[1], re.MULTILINE))


def _reported() -> set[str]:
    """The types of event in the script's source."""
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.ts"))
    return set(re.findall(r'track\("([a-z_.]+)"', sources))


def test_the_guide_has_every_attribute_of_the_script() -> None:
    """Each option but `beforeSend`, which is a function, is an attribute of the script's tag."""
    attributes = re.findall(r"^\| `data-(?!touchline-)([a-z-]+)` \|", GUIDE, re.MULTILINE)
    names = {re.sub(r"-(\w)", lambda found: found[1].upper(), name) for name in attributes}
    assert names == _members("Options") - {"beforeSend"}
    assert "`beforeSend`" in GUIDE


def test_the_guide_shows_every_call() -> None:
    """Each call of the guide exists, and each one but `flush` is in the guide."""
    shown = set(re.findall(r"\btouchline\.([a-z]\w*)\(", GUIDE))
    assert shown | {"flush"} == _members("Touchline")


def test_what_the_script_reports_is_in_the_vocabulary_and_the_guide() -> None:
    """Each type of event in the source has a definition, and the guide says when it is sent."""
    reported = _reported()
    assert len(reported) > 10
    assert reported <= EVENT_TYPES.keys()
    own = {name for name in reported if name.startswith(("page.", "element.", "form.", "error."))}
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", GUIDE, re.MULTILINE)) == own
    assert "`identity.linked`" in GUIDE
