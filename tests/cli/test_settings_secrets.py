"""Settings from files, as containers are given their passwords."""

from pathlib import Path

import pytest

from touchline.config.settings import SettingsError, load_settings


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of secrets, and a current folder without touchline.toml."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHLINE_SECRETS", str(folder))
    return folder


def test_a_file_gives_a_setting(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password comes from its file, without the line's end; the environment counts for more."""
    (secrets / "touchline_store_password").write_text("from the file\n")
    (secrets / "somebody_elses").write_text("not ours")
    assert load_settings().store_password.get_secret_value() == "from the file"
    monkeypatch.setenv("TOUCHLINE_STORE_PASSWORD", "from the environment")
    assert load_settings().store_password.get_secret_value() == "from the environment"


def test_a_wrong_secret_is_named(secrets: Path) -> None:
    """A file whose content cannot be the setting is a mistake that names the setting."""
    (secrets / "touchline_port").write_text("none")
    with pytest.raises(SettingsError, match="port"):
        load_settings()


def test_an_unknown_setting_is_named_with_a_suggestion(secrets: Path) -> None:
    """The error for a misspelt setting suggests the right name and hides the value."""
    (secrets.parent / "touchline.toml").write_text('prot = 1\nstore_password = ["s3cret"]\n')
    with pytest.raises(SettingsError, match=r"prot: unknown key \(did you mean 'port'\?\)") as refused:
        load_settings()
    assert "s3cret" not in str(refused.value)


def test_without_the_folder_nothing_is_missing(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no secrets, the other sources are enough."""
    monkeypatch.setenv("TOUCHLINE_SECRETS", str(secrets / "none"))
    assert load_settings(port=1).port == 1
