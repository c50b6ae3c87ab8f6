"""The file of sources: every fault has a place, and secrets are never shown."""

from pathlib import Path

import pytest

from touchline.collector.webhooks.sources_file import SourcesError, open_sources

GOOD = "sources:\n  shop: {kind: shopify, secret: {env: SHOP_SECRET}}\n"


def opened(text: str, folder: Path) -> str:
    with pytest.raises(SourcesError) as caught:
        open_sources(text, folder / "webhooks.yaml")
    return str(caught.value).replace(str(folder), "")


def test_secrets_come_from_the_environment_files_or_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of two secrets has a source of its own; a file is found beside the file of sources."""
    monkeypatch.setenv("NEW_SECRET", "from the environment")
    (tmp_path / "old").write_text("from a file\n")
    shop = "  shop: {kind: shopify, secret: [{env: NEW_SECRET}, {file: old}]}"
    text = f"sources:\n{shop}\n  hook: {{kind: stripe, secret: in the text}}\n"
    sources = open_sources(text, tmp_path / "webhooks.yaml")
    assert sources["shop"].secrets == (b"from the environment", b"from a file")
    assert sources["hook"].secrets == (b"in the text",)


def test_secrets_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of a source has none of its secrets."""
    monkeypatch.setenv("SHOP_SECRET", "hidden one")
    text = f"{GOOD}  hook: {{kind: stripe, secret: hidden two}}\n"
    shown = repr(open_sources(text, tmp_path / "webhooks.yaml"))
    assert "stripe" in shown
    assert "hidden" not in shown


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", ":1:1", "write names and options of sources under 'sources'"),
        ("sources: [a]", ":1:", "write names and options"),
        ("sourcs: {}", ":1:1", "unknown key; write sources"),
        ("sources:\n  Shop: {kind: shopify, secret: a}", ":2:3", "a name has up to 40 lower-case letters"),
        ("sources:\n  shop: shopify", ":2:9", "write its kind and its secret"),
        ("sources:\n  shop: {kind: shopfy, secret: a}", ":2:16", "did you mean 'shopify'?"),
        ("sources:\n  shop: {secret: a}", ":2:9", "there is no kind None; write one of amazon-connect"),
        ("sources:\n  shop: {kind: shopify}", ":2:9", "shop.secret: is missing"),
        ("sources:\n  shop: {kind: shopify, secret: [a, b, c]}", ":2:33", "at most 2"),
        ("sources:\n  shop: {kind: shopify, secret: {en: A}}", ":2:", ""),
        ("sources:\n  shop: {kind: shopify, secret: a, chanel: web}", ":2:36", "did you mean 'channel'?"),
        ("sources:\n  shop: {kind: shopify, secret: a, channel: fax}", ":2:45", "web"),
        ("sources:\n  shop: {kind: shopify, secret: a, tolerance: 5}", ":2:47", "45s"),
        ("sources:\n  phone: {kind: twilio, secret: a}", ":2:10", "phone.url: is missing"),
        ("sources:\n  it: {kind: generic, secret: a, mapping: m}", ":2:7", "both secret and signature"),
        ("sources:\n  it: {kind: generic, mapping: m, challenge: {field: a}}", ":2:7", "needs a secret"),
    ],
)
def test_each_fault_has_a_place_and_says_what_to_write(
    text: str, where: str, what: str, tmp_path: Path
) -> None:
    """A fault names line and column, and what to write instead."""
    message = opened(text, tmp_path)
    assert message.startswith(f"/webhooks.yaml{where}"), message
    assert what in message


def test_a_missing_secret_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source without its secret would refuse everything: the file cannot be used."""
    monkeypatch.delenv("SHOP_SECRET", raising=False)
    assert "shop: the environment has no SHOP_SECRET" in opened(GOOD, tmp_path)
    assert "its secret in gone cannot be read" in opened(
        GOOD.replace("env: SHOP_SECRET", "file: gone"), tmp_path
    )
    monkeypatch.setenv("SHOP_SECRET", "  ")
    assert "its secret is empty" in opened(GOOD, tmp_path)


def test_a_generic_source_needs_a_mapping_of_single_events(tmp_path: Path) -> None:
    """A mapping that is not there, or groups rows, is an error that names the source."""
    text = "sources:\n  it: {kind: generic, secret: a, mapping: m.yaml, signature: {header: X-Sig}}"
    assert "source it: " in opened(text, tmp_path)
    assert "groups rows" in opened(text.replace("m.yaml", "incident_log"), tmp_path)


def test_a_mapping_in_python_runs_once_for_each_change(tmp_path: Path) -> None:
    """The sources are read again and again; a mapping is run again only if its file changed."""
    text = "sources:\n  it: {kind: generic, mapping: m.py}"
    code = """
from pathlib import Path

with (Path(__file__).parent / "runs").open("a") as runs:
    runs.write("x")


def events(row):
    return []
"""
    (tmp_path / "m.py").write_text(code)
    for _ in range(3):
        open_sources(text, tmp_path / "webhooks.yaml")
    assert (tmp_path / "runs").read_text() == "x"
    (tmp_path / "m.py").write_text(f"{code}\n\n")
    open_sources(text, tmp_path / "webhooks.yaml")
    assert (tmp_path / "runs").read_text() == "xx"
