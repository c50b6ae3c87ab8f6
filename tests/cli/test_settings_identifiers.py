"""Settings of identifiers: region, placeholders and terminals."""

from pathlib import Path

import pytest

from touchline.config.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current folder without touchline.toml."""
    monkeypatch.chdir(tmp_path)


def test_settings_become_a_normaliser() -> None:
    """Placeholders are a table by kind, terminals a list of patterns."""
    lines = [
        'region = "DE"',
        'terminals = ["phone:030 123400", "device:till-*"]',
        "[placeholders]",
        'account = ["Test"]',
    ]
    Path("touchline.toml").write_text("\n".join(lines))
    normaliser = load_settings().normaliser
    assert normaliser.identifier("account", "TEST") is None
    assert normaliser.identifier("phone", "+49 30 123400") == "terminal:+4930123400"
    assert normaliser.identifier("device", "till-7") == "terminal:till-7"
    assert normaliser.identifier("device", "TEST") == "device:TEST"


def test_the_environment_gives_lists_and_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminals are separated by commas in the environment, placeholders are a JSON object."""
    monkeypatch.setenv("TOUCHLINE_TERMINALS", "device:till-*, device:kiosk-?")
    monkeypatch.setenv("TOUCHLINE_PLACEHOLDERS", '{"loyalty": ["9999"]}')
    normaliser = load_settings().normaliser
    assert normaliser.identifier("device", "kiosk-1") == "terminal:kiosk-1"
    assert normaliser.identifier("loyalty", "9999") is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('region = "UK"', "region: .*no country 'UK'"),
        ('region = "Germany"', "region: .*no country 'Germany'"),
        ('terminals = ["till-*"]', "'till-\\*' is no pattern: write kind:value"),
        ('terminals = ["device:null"]', "'device:null' matches nothing"),
        ('[placeholders]\nAccount = ["x"]', "placeholders.Account"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(line: str, message: str) -> None:
    """A country without phone numbers, a pattern without a kind and an invalid kind are named."""
    Path("touchline.toml").write_text(line)
    with pytest.raises(SettingsError, match=message):
        load_settings()


@pytest.mark.parametrize("region", ["de", "De", " DE "])
def test_a_region_is_accepted_in_any_letter_case(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A region in lower case reads local phone numbers like one in upper case."""
    monkeypatch.setenv("TOUCHLINE_REGION", region)
    assert load_settings().normaliser.identifier("phone", "030 1234567") == "phone:+49301234567"


def test_an_empty_region_is_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an empty variable for the region, local phone numbers are kept as text."""
    monkeypatch.setenv("TOUCHLINE_REGION", "")
    assert load_settings().normaliser.identifier("phone", "030 1234567") == "phone:030 1234567"
