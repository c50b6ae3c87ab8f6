"""Where alert rules, channels and routes are read from: a file of the user's, or the pack that ships."""

from importlib.resources import files
from pathlib import Path

from touchline.alerts import AlertsError, AlertsFile, Observations, parse_alerts
from touchline.config.text_files import text_of
from touchline.measures.catalogue import MEASURES
from touchline.measures.measure import Measure
from touchline.vocabulary.durations import exact_duration


def load_alerts(path: Path | None = None) -> AlertsFile:
    """What an alerts file says; without one, the rules of the default pack, and no channels.

    Raises:
        AlertsError: the file cannot be read, or says something that cannot be used.
    """
    default = files("touchline.alerts").joinpath("packs", "default.yaml").read_text(encoding="utf-8")
    measures = {measure.name: _observations(measure) for measure in MEASURES}
    if path is None:
        return parse_alerts(default, "default pack", measures=measures)
    return parse_alerts(text_of(path, AlertsError), str(path), {"default": default}, measures)


def _observations(measure: Measure) -> Observations | str:
    """What a rule needs to know of a measure, or why no rule can be on it."""
    if measure.settles:
        return f"{measure.name} is known after {exact_duration(measure.settles)}: too late for an alert"
    if measure.kind != "ratio" or measure.observed not in ("contact", "post"):
        return f"{measure.name} is no mean over contacts or posts"
    rows = (
        f"SELECT at, channel, source, queue, reason, entity, {measure.numerator} AS numerator\n"
        f"FROM ({measure.base})\nWHERE {measure.counted}"
    )
    title = measure.title if measure.title.isupper() else measure.title[0].lower() + measure.title[1:]
    return Observations(title, measure.observed, measure.unit == "share", measure.higher_is_better, rows)
