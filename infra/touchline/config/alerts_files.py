"""Where alert rules, channels and routes are read from: a file of the user's, or the pack that ships."""

from importlib.resources import files
from pathlib import Path

from touchline.alerts import AlertsError, AlertsFile, parse_alerts
from touchline.config.text_files import text_of


def load_alerts(path: Path | None = None) -> AlertsFile:
    """What an alerts file says; without one, the rules of the default pack, and no channels.

    Raises:
        AlertsError: the file cannot be read, or says something that cannot be used.
    """
    default = files("touchline.alerts").joinpath("packs", "default.yaml").read_text(encoding="utf-8")
    if path is None:
        return parse_alerts(default, "default pack")
    return parse_alerts(text_of(path, AlertsError), str(path), {"default": default})
